// SPDX-License-Identifier: GPL-3.0-or-later
// Ctrl-C: the first asks the run to stop, the second ends it.
#pragma once

#include <atomic>

namespace tessera {

// Installs handlers for SIGINT, SIGTERM and SIGUSR1. The returned flag becomes true at the first of any; another one of
// the same kind then kills the process as usual.
const std::atomic<bool>& stop_on_signals();

}  // namespace tessera
