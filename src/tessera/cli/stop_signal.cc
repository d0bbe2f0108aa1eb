// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/cli/stop_signal.h"

#include <unistd.h>

#include <csignal>

namespace tessera {
namespace {

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

extern "C" void tessera_on_stop_signal(int) {
  stop.store(true, std::memory_order_relaxed);
  static constexpr char text[] = "\ntessera: stopping after the work in hand; once more to end at once\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, sizeof text - 1);
}

}  // namespace

const std::atomic<bool>& stop_on_signals() {
  struct sigaction action = {};
  action.sa_handler = tessera_on_stop_signal;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);  // mpirun passes it on to all ranks; to SIGTERM it answers by killing them
  return stop;
}

}  // namespace tessera
