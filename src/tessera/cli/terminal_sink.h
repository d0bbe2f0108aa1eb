// SPDX-License-Identifier: GPL-3.0-or-later
// Messages and progress on standard error.
#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "tessera/base/sink.h"

namespace tessera {

// On a terminal: a bar with rate and time left, rewritten in place. Elsewhere: plain lines, at most one in
// `line_interval_s` seconds, and one at the end of a task that took longer than that. Thread-safe.
class TerminalSink : public Sink {
 public:
  TerminalSink(std::FILE* stream, bool is_terminal, double line_interval_s = 5);
  ~TerminalSink() override;
  void message(Severity severity, const std::string& text) override;
  void progress(const std::string& title, int64_t done, int64_t total, double seconds) override;

 private:
  using Clock = std::chrono::steady_clock;
  void clear_bar();

  std::mutex mutex_;
  std::FILE* stream_;
  bool is_terminal_;
  double line_interval_s_;
  bool bar_shown_ = false;
  Clock::time_point last_line_ = Clock::now();
};

// "45/100, 12.3/s, 0:04 left"; without a rate before anything is done.
std::string progress_text(int64_t done, int64_t total, double seconds);
// "[####......]" with `width` cells.
std::string progress_bar(int64_t done, int64_t total, int width);

}  // namespace tessera
