// SPDX-License-Identifier: GPL-3.0-or-later
// What a run executes with: threads, ranks, where it reports, whether it was asked to stop.
#pragma once

#include <atomic>
#include <cstdint>

#include "tessera/base/sink.h"
#include "tessera/parallel/comm.h"
#include "tessera/parallel/threads.h"

namespace tessera {

struct ExecContext {
  Threads& threads;
  Comm& comm;
  Sink& sink;
  uint64_t seed = 1;
  const std::atomic<bool>* stop = nullptr;  // set by Ctrl-C; long loops look at it between items

  bool stop_requested() const { return stop && stop->load(std::memory_order_relaxed); }
};

}  // namespace tessera
