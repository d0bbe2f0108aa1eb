// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/file_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tessera/base/errors.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int port = 8080;

class FileServerTest : public test::ScratchFolder {
 protected:
  void SetUp() override {
    ScratchFolder::SetUp();
    std::filesystem::create_directories(path("root/below"));
    put("root/index.html", "<p>page");
    put("root/below/a b.png", "picture");
    put("root/.hidden", "secret");
    put("outside", "secret");
    std::filesystem::create_symlink(path("outside"), path("root/link"));
    std::filesystem::create_directory_symlink(path("."), path("root/folder"));
  }
  HttpAnswer ask(const std::string& first, const std::string& host = "localhost:8080") const {
    return answer(first + "\r\nHost: " + host + "\r\nAccept: */*", path("root"), port);
  }
};

TEST_F(FileServerTest, AnswersFilesBelowItsFolder) {
  HttpAnswer page = ask("GET / HTTP/1.1");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.file.filename(), "index.html");
  EXPECT_EQ(page.size, 7);
  EXPECT_THAT(page.type, StartsWith("text/html"));
  page = ask("HEAD /below/a%20b.png?x=1 HTTP/1.1");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.type, "image/png");
  EXPECT_TRUE(page.head_only);
  EXPECT_EQ(ask("GET /absent HTTP/1.1").status, 404);
  EXPECT_EQ(ask("GET /below HTTP/1.1").status, 404) << "no lists of folders";
}

TEST_F(FileServerTest, NothingOutsideItsFolder) {
  for (const char* target : {"/../outside", "/%2e%2e/outside", "/below/../../outside", "/..%2foutside", "/.hidden",
                             "/link", "/folder/outside", "/a%00b", "/..\\outside", "//../outside"}) {
    const HttpAnswer got = ask(std::string("GET ") + target + " HTTP/1.1");
    EXPECT_EQ(got.status, 403) << target;
    EXPECT_TRUE(got.file.empty()) << target;
  }
  const HttpAnswer doubled = ask("GET //etc/passwd HTTP/1.1");
  EXPECT_EQ(doubled.status, 404);
}

TEST_F(FileServerTest, OnlyThisMachineByItsOwnName) {
  for (const char* host : {"127.0.0.1:8080", "[::1]:8080", "LOCALHOST:8080"})
    EXPECT_EQ(ask("GET / HTTP/1.1", host).status, 200) << host;
  for (const char* host : {"evil.example:8080", "localhost.evil.example:8080", "localhost:8081", "localhost",
                           "127.0.0.2:8080", "", "localhost:8080\r\nHost: localhost:8080"})
    EXPECT_EQ(ask("GET / HTTP/1.1", host).status, 421) << host;
  EXPECT_EQ(answer("GET / HTTP/1.1", path("root"), port).status, 421) << "no Host at all";
}

TEST_F(FileServerTest, ReadsOnly) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"}) {
    const HttpAnswer got = ask(std::string(method) + " /index.html HTTP/1.1");
    EXPECT_EQ(got.status, 405) << method;
    EXPECT_THAT(got.extra, HasSubstr("Allow: GET, HEAD"));
  }
  EXPECT_EQ(ask("GET / HTTP/2.0").status, 505);
  for (const char* line : {"GET", "GET http://localhost:8080/ HTTP/1.1", "GET / HTTP/1.1 more", "", "GET /%zz HTTP/1.1",
                           "GET /%2 HTTP/1.1", "\x16\x03\x01"})
    EXPECT_EQ(ask(line).status, 400) << line;
}

// One request over a socket; what comes back.
std::string over_a_socket(int to, const std::string& request) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(to));
  EXPECT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(send(connection, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
  std::string out;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = recv(connection, buffer, sizeof buffer, 0)) > 0) out.append(buffer, static_cast<size_t>(got));
  close(connection);
  return out;
}

TEST_F(FileServerTest, ServesOverLoopbackUntilStopped) {
  FileServer server(path("root"), 0);
  ASSERT_GT(server.port(), 0);
  EXPECT_THROW(FileServer(path("root"), server.port()), UserError);
  std::atomic<bool> stop{false};
  std::thread thread([&] { server.serve([&] { return stop.load(); }); });
  const std::string host = "\r\nHost: localhost:" + std::to_string(server.port()) + "\r\n\r\n";
  const std::string got = over_a_socket(server.port(), "GET /below/a%20b.png HTTP/1.1" + host);
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(got, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(got, EndsWith("\r\n\r\npicture"));
  EXPECT_THAT(over_a_socket(server.port(), "HEAD / HTTP/1.1" + host), EndsWith("\r\n\r\n"));
  EXPECT_THAT(over_a_socket(server.port(), "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), Not(HasSubstr("page")));
  EXPECT_THAT(over_a_socket(server.port(), std::string(20000, 'x')), Not(HasSubstr("200 OK")));
  stop = true;
  thread.join();
  EXPECT_THROW(FileServer(path("absent"), 0), UserError);
}

}  // namespace
}  // namespace tessera
