// SPDX-License-Identifier: GPL-3.0-or-later
// A folder over HTTP/1.1, for this machine alone.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

namespace tessera {

struct HttpAnswer {
  int status = 200;
  std::string type;
  std::string extra;  // further header lines, each with its line end
  std::string body;   // of refusals; of files it is empty and `file` is sent
  std::filesystem::path file;
  int64_t size = 0;  // of the body or the file
  bool head_only = false;
};

// What the server answers to the head of a request (its lines up to the empty one). GET and HEAD of regular files below
// `root`, links that lead out of it not followed; a folder is its index.html. 400 what is no request; 403 paths with
// "..", NUL or a leading dot, and places outside; 404; 405 any other method; 421 a Host that is not localhost,
// 127.0.0.1 or [::1] at `port`: pages elsewhere, whose name was made to point here, are refused; 505 other versions.
HttpAnswer answer(const std::string& head, const std::filesystem::path& root, int port);

class FileServer {
 public:
  // Listens on 127.0.0.1; port 0 takes a free one. UserError when there is no such folder or the port is taken.
  FileServer(const std::filesystem::path& root, int port);
  ~FileServer();
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  int port() const { return port_; }
  // Answers one request after the other, each connection closed after its answer, until `stop` says so (looked at five
  // times a second). A client that sends or takes nothing for five seconds is let go.
  void serve(const std::function<bool()>& stop);

 private:
  void answer_one(int connection) const;

  std::filesystem::path root_;
  int listener_ = -1, port_ = 0;
};

}  // namespace tessera
