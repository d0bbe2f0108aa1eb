// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/file_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>
#include <vector>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_head_bytes = 16384;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

HttpAnswer refusal(int status, const std::string& text, const std::string& extra = "") {
  return {status, "text/plain; charset=utf-8", extra, text + "\n", {}, static_cast<int64_t>(text.size()) + 1, false};
}

const char* reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 421:
      return "Misdirected Request";
    default:
      return "HTTP Version Not Supported";
  }
}

std::string type_of(const fs::path& file) {
  static const std::map<std::string, std::string> types = {{".html", "text/html; charset=utf-8"},
                                                           {".css", "text/css; charset=utf-8"},
                                                           {".js", "text/javascript; charset=utf-8"},
                                                           {".json", "application/json"},
                                                           {".png", "image/png"},
                                                           {".svg", "image/svg+xml"},
                                                           {".star", "text/plain; charset=utf-8"},
                                                           {".pdb", "text/plain; charset=utf-8"},
                                                           {".toml", "text/plain; charset=utf-8"}};
  const auto found = types.find(lower(file.extension().string()));
  return found == types.end() ? "application/octet-stream" : found->second;
}

// "%20" → " "; nothing for a broken escape.
std::optional<std::string> unescaped(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || std::isxdigit(static_cast<unsigned char>(text[i + 1])) == 0 ||
        std::isxdigit(static_cast<unsigned char>(text[i + 2])) == 0)
      return std::nullopt;
    out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
    i += 2;
  }
  return out;
}

// Names that begin with a dot cover "..", and what its owner hid.
bool forbidden(const std::string& path) {
  if (path.find('\0') != std::string::npos || path.find('\\') != std::string::npos) return true;
  for (const fs::path& part : fs::path(path).relative_path())
    if (part.string().starts_with('.')) return true;
  return false;
}

// Values of the header lines of that name, in small letters.
std::vector<std::string> header_values(std::istringstream& lines, const std::string& name) {
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || lower(line.substr(0, colon)) != name) continue;
    std::string value = lower(line.substr(colon + 1));
    value.erase(0, value.find_first_not_of(" \t"));
    value.erase(value.find_last_not_of(" \t\r") + 1);
    out.push_back(value);
  }
  return out;
}

bool is_this_machine(const std::string& host, int port) {
  const std::string end = ":" + std::to_string(port);
  for (const char* name : {"localhost", "127.0.0.1", "[::1]"})
    if (host == name + end || (port == 80 && host == name)) return true;
  return false;
}

HttpAnswer file_answer(const std::string& path, const fs::path& root) {
  std::error_code error;
  fs::path file = fs::weakly_canonical(root / fs::path(path).relative_path(), error);
  if (!error && fs::is_directory(file, error)) file = fs::weakly_canonical(file / "index.html", error);
  const fs::path relative = file.lexically_relative(fs::canonical(root, error));
  if (relative.empty() || *relative.begin() == "..") return refusal(403, "not in this folder");
  if (!fs::is_regular_file(file, error)) return refusal(404, "no such file");
  HttpAnswer out;
  out.file = file;
  out.type = type_of(file);
  out.size = static_cast<int64_t>(fs::file_size(file, error));
  return error ? refusal(404, "no such file") : out;
}

bool send_all(int connection, const char* data, size_t bytes) {
  while (bytes > 0) {
    const ssize_t sent = send(connection, data, bytes, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    bytes -= static_cast<size_t>(sent);
  }
  return true;
}

// At most the promised size, in case the file has grown.
void send_file(int connection, const HttpAnswer& answer) {
  const int file = open(answer.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  std::vector<char> buffer(size_t{1} << 16);
  for (int64_t left = answer.size; left > 0;) {
    const ssize_t got = read(file, buffer.data(), static_cast<size_t>(std::min<int64_t>(left, 1 << 16)));
    if (got <= 0 || !send_all(connection, buffer.data(), static_cast<size_t>(got))) break;
    left -= got;
  }
  close(file);
}

}  // namespace

HttpAnswer answer(const std::string& head, const fs::path& root, int port) {
  std::istringstream lines(head);
  std::string first, method, target, version, rest;
  std::getline(lines, first);
  std::istringstream(first) >> method >> target >> version >> rest;
  if (target.empty() || target[0] != '/' || !rest.empty() || !version.starts_with("HTTP/"))
    return refusal(400, "not a request");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refusal(505, "HTTP/1.1, please");
  const std::vector<std::string> hosts = header_values(lines, "host");
  if (hosts.size() != 1 || !is_this_machine(hosts[0], port)) return refusal(421, "this server answers localhost alone");
  if (method != "GET" && method != "HEAD") return refusal(405, "GET and HEAD alone", "Allow: GET, HEAD\r\n");
  const auto path = unescaped(target.substr(0, target.find_first_of("?#")));
  if (!path) return refusal(400, "a broken escape");
  HttpAnswer out = forbidden(*path) ? refusal(403, "not in this folder") : file_answer(*path, root);
  out.head_only = method == "HEAD";
  return out;
}

FileServer::FileServer(const fs::path& root, int port) : root_(root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) throw UserError(fmt::format("{}: no such folder", root.string()));
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const int yes = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t length = sizeof address;
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, where, length) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, where, &length) != 0) {
    const int cause = errno;
    if (listener_ >= 0) close(listener_);
    throw UserError(fmt::format("port {} cannot be had ({}); choose another --port, or 0 for a free one", port,
                                std::generic_category().message(cause)));
  }
  port_ = ntohs(address.sin_port);
}

FileServer::~FileServer() {
  close(listener_);
}

void FileServer::answer_one(int connection) const {
  const timeval patience{5, 0};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::string head;
  std::array<char, 4096> buffer{};
  while (head.find("\r\n\r\n") == std::string::npos && head.size() < most_head_bytes) {
    const ssize_t got = recv(connection, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    head.append(buffer.data(), static_cast<size_t>(got));
  }
  const size_t end = head.find("\r\n\r\n");
  const HttpAnswer out =
      end == std::string::npos ? refusal(400, "the head is too long") : answer(head.substr(0, end), root_, port_);
  const std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-cache\r\n"
      "X-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n{}\r\n",
      out.status, reason(out.status), out.type, out.size, out.extra);
  if (!send_all(connection, text.data(), text.size()) || out.head_only) return;
  if (out.file.empty())
    send_all(connection, out.body.data(), out.body.size());
  else
    send_file(connection, out);
}

void FileServer::serve(const std::function<bool()>& stop) {
  while (!stop()) {
    pollfd waiting{listener_, POLLIN, 0};
    if (poll(&waiting, 1, 200) <= 0) continue;
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    answer_one(connection);
    shutdown(connection, SHUT_WR);
    close(connection);
  }
}

}  // namespace tessera
