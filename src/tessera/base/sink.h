// SPDX-License-Identifier: GPL-3.0-or-later
// Where the library reports to. The library never prints: the program installs a sink that does.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace tessera {

enum class Severity { debug, info, warning };

// Receives messages and progress. Calls may come from any thread; implementations lock.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void message(Severity severity, const std::string& text) = 0;
  // `done` of `total` units of the task called `title`; `done == total` ends it.
  virtual void progress(const std::string& title, int64_t done, int64_t total, double seconds) = 0;
};

// Drops everything.
class SilentSink : public Sink {
 public:
  void message(Severity, const std::string&) override {}
  void progress(const std::string&, int64_t, int64_t, double) override {}
};

// Passes everything on with a prefix, which says which step of several it belongs to: "[2/8] average: iteration 3".
class PrefixSink : public Sink {
 public:
  explicit PrefixSink(Sink& sink, std::string prefix = "") : sink_(sink), prefix_(std::move(prefix)) {}
  void set_prefix(std::string prefix) { prefix_ = std::move(prefix); }
  void message(Severity severity, const std::string& text) override { sink_.message(severity, prefix_ + text); }
  void progress(const std::string& title, int64_t done, int64_t total, double seconds) override {
    sink_.progress(prefix_ + title, done, total, seconds);
  }

 private:
  Sink& sink_;
  std::string prefix_;
};

// A task of known length; reports at its start, at most ten times a second, and once at its end (a task of nothing:
// never). Going past the end counts as the end. Not thread-safe: advance from one thread, or under the caller's lock.
class Progress {
 public:
  Progress(Sink& sink, std::string title, int64_t total);
  void advance(int64_t count = 1);
  int64_t done() const { return done_; }

 private:
  using Clock = std::chrono::steady_clock;
  Sink& sink_;
  std::string title_;
  int64_t total_;
  int64_t done_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
};

}  // namespace tessera
