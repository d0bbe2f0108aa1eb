// SPDX-License-Identifier: GPL-3.0-or-later
// One run at a time writes to an output.
#pragma once

#include <filesystem>
#include <memory>

namespace tessera {

// Held from construction to destruction: no other run, of any process that sees the same disk, has the same output. The
// system gives the lock back when a process ends in whatever way, so that no lock outlives its run; what a run that was
// killed left half-written (temporary files and folders) is removed when the next takes its place. The same process may
// lock an output several times. File systems without locks (flock) are written to without one.
// Of a folder the lock is the file .tessera-lock in it, of a file NAME .NAME.tessera-lock beside it.
class RunLock {
 public:
  // `output`: an existing folder, or a file (there or not) in an existing folder. UserError naming process, host and
  // time of the run that has it.
  explicit RunLock(const std::filesystem::path& output);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  struct Held;
  std::shared_ptr<Held> held_;
};

}  // namespace tessera
