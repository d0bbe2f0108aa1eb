// SPDX-License-Identifier: GPL-3.0-or-later
// Errors that say what went wrong, where, and what to do next; each type has its own exit code.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace tessera {

class Error : public std::runtime_error {
 public:
  Error(const std::string& message, int exit_code) : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

// The request cannot be carried out as given (bad option, unfit input).
struct UserError : Error {
  explicit UserError(const std::string& message) : Error(message, 2) {}
};

// A file cannot be read, understood or written.
struct IoError : Error {
  explicit IoError(const std::string& message) : Error(message, 3) {}
};

// The computation broke down (non-finite values, no convergence where it is required).
struct NumericalError : Error {
  explicit NumericalError(const std::string& message) : Error(message, 4) {}
};

// A broken promise inside Tessera itself: always a bug.
struct InternalError : Error {
  explicit InternalError(const std::string& message) : Error("internal error (please report): " + message, 70) {}
};

// The run was asked to stop (Ctrl-C); state was saved as far as the message says.
struct Interrupted : Error {
  explicit Interrupted(const std::string& message) : Error(message, 130) {}
};

// Collects every fault of one validation, so that all are reported at once.
class Faults {
 public:
  void add(std::string fault) { faults_.push_back(std::move(fault)); }
  bool empty() const { return faults_.empty(); }
  size_t size() const { return faults_.size(); }
  // One fault a line under `heading`; at most `limit` lines, then a count of the rest.
  std::string text(const std::string& heading, size_t limit = 20) const;
  // Throws `ErrorType` when any fault was added.
  template <typename ErrorType>
  void raise(const std::string& heading) const {
    if (!faults_.empty()) throw ErrorType(text(heading));
  }

 private:
  std::vector<std::string> faults_;
};

// A fault unless `value` of --option is among those allowed.
void require_one_of(const char* option, const std::string& value, const std::vector<std::string>& allowed,
                    Faults& faults);

}  // namespace tessera
