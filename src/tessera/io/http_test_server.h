// SPDX-License-Identifier: GPL-3.0-or-later
// A web server on the loopback for tests, as well or ill behaved as the test wants it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tessera::test {

struct HttpRequest {
  std::string path;
  int64_t range_from = -1;  // of "Range: bytes=N-"; −1 without
};

// One answer: a status and header lines, the body, and what happens after it.
struct HttpAnswer {
  int status = 200;
  std::string body = {};
  int64_t stated_length = -1;       // Content-Length; −1: that of the body, −2: none
  std::string headers = {};         // further ones, each ended by \r\n
  bool stall = false;               // keep the connection open without a word
  std::function<void()> then = {};  // called once the body is sent
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        listen(listener_, 16) != 0 || getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
      throw std::runtime_error("no loopback server");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~HttpServer() {
    ending_ = true;
    acceptor_.join();
    for (std::thread& worker : workers_) worker.join();
    close(listener_);
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  bool readable(int descriptor) const {  // within 20 ms
    pollfd wanted{descriptor, POLLIN, 0};
    return poll(&wanted, 1, 20) > 0;
  }
  void accept_all() {
    while (!ending_) {
      if (!readable(listener_)) continue;
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection >= 0) workers_.emplace_back([this, connection] { serve(connection); });
    }
  }
  void serve(int connection) {
    std::string text;
    char buffer[4096];
    while (!ending_ && text.find("\r\n\r\n") == std::string::npos) {
      if (!readable(connection)) continue;
      const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      text.append(buffer, static_cast<size_t>(got));
    }
    if (text.find("\r\n\r\n") != std::string::npos) answer(connection, parsed(text));
    close(connection);
  }
  void answer(int connection, const HttpRequest& request) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    const HttpAnswer reply = handler_(request);
    std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " Answer\r\nConnection: close\r\n" + reply.headers;
    const auto length = reply.stated_length == -1 ? static_cast<int64_t>(reply.body.size()) : reply.stated_length;
    if (length >= 0) text += "Content-Length: " + std::to_string(length) + "\r\n";
    text += "\r\n" + reply.body;
    for (size_t sent = 0; sent < text.size();) {
      const ssize_t step = send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (step <= 0) return;
      sent += static_cast<size_t>(step);
    }
    if (reply.then) reply.then();
    char byte;
    while (reply.stall && !ending_ && !(readable(connection) && recv(connection, &byte, 1, 0) <= 0)) {
    }
  }
  static HttpRequest parsed(const std::string& text) {
    HttpRequest request;
    const size_t begin = text.find(' ') + 1;
    request.path = text.substr(begin, text.find(' ', begin) - begin);
    const size_t range = text.find("Range: bytes=");
    if (range != std::string::npos) request.range_from = std::stoll(text.substr(range + 13));
    return request;
  }

  Handler handler_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::vector<std::thread> workers_;
  std::thread acceptor_;
};

}  // namespace tessera::test
