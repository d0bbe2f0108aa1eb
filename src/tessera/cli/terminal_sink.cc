// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/terminal_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::ceil(seconds));
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string rate_text(double rate) {
  return fmt::format("{:.{}f}/s", rate, rate >= 100 ? 0 : rate >= 10 ? 1 : 2);
}

}  // namespace

std::string progress_text(int64_t done, int64_t total, double seconds) {
  std::string out = fmt::format("{}/{}", done, total);
  if (done <= 0 || seconds <= 0) return out;
  const double rate = static_cast<double>(done) / seconds;
  out += ", " + rate_text(rate);
  if (done < total) return out + ", " + clock_text(static_cast<double>(total - done) / rate) + " left";
  return out + fmt::format(", took {:.1f} s", seconds);
}

std::string progress_bar(int64_t done, int64_t total, int width) {
  const auto filled = total > 0 ? static_cast<int>(std::clamp<int64_t>(done * width / total, 0, width)) : 0;
  return "[" + std::string(filled, '#') + std::string(width - filled, '.') + "]";
}

TerminalSink::TerminalSink(std::FILE* stream, bool is_terminal, double line_interval_s)
    : stream_(stream), is_terminal_(is_terminal), line_interval_s_(line_interval_s) {}

TerminalSink::~TerminalSink() {
  clear_bar();
}

void TerminalSink::clear_bar() {
  if (bar_shown_) fmt::print(stream_, "\r\x1b[K");
  bar_shown_ = false;
}

void TerminalSink::message(Severity severity, const std::string& text) {
  if (severity == Severity::debug) return;
  const std::lock_guard lock(mutex_);
  clear_bar();
  fmt::print(stream_, "{}{}\n", severity == Severity::warning ? "warning: " : "", text);
  std::fflush(stream_);
}

void TerminalSink::progress(const std::string& title, int64_t done, int64_t total, double seconds) {
  const std::lock_guard lock(mutex_);
  const bool ended = done >= total;
  if (is_terminal_ && !ended) {
    fmt::print(stream_, "\r\x1b[K{} {} {}", title, progress_bar(done, total, 24), progress_text(done, total, seconds));
    bar_shown_ = true;
  } else {
    clear_bar();
    const auto now = Clock::now();
    const bool due = std::chrono::duration<double>(now - last_line_).count() >= line_interval_s_;
    const bool worth_a_line = ended ? seconds >= std::min(line_interval_s_, 1.0) : due && done > 0;
    if (!worth_a_line) return;
    fmt::print(stream_, "{}: {}\n", title, progress_text(done, total, seconds));
    last_line_ = now;
  }
  std::fflush(stream_);
}

}  // namespace tessera
