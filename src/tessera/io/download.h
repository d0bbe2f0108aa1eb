// SPDX-License-Identifier: GPL-3.0-or-later
// A file from a web server, resumed where it broke off. Used by fetch.cc.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "tessera/base/sink.h"
#include "tessera/io/fetch.h"

namespace tessera {

struct Download {
  bool found = false;    // false: the server said that there is no such file (404, 410)
  bool resumed = false;  // the file holds bytes that were there before its last request
};

// Brings `url` (http, https) to the file `part`; what it holds already is taken for the beginning (Range). Tries again
// after stalls, broken connections and answers 408, 416, 429 and 5xx, with growing pauses. Of what has come nothing is
// lost by an error or a stop.
// IoError naming the url and the trouble; Interrupted when *stop becomes true. `title` heads messages and progress.
Download download(const std::string& url, const std::filesystem::path& part, const std::string& title,
                  const FetchOptions& options, Sink& sink, const std::atomic<bool>* stop);

}  // namespace tessera
