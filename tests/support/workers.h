// SPDX-License-Identifier: GPL-3.0-or-later
// An execution context of its own for a test.
#pragma once

#include "tessera/parallel/exec_context.h"

namespace tessera::test {

struct Workers {
  explicit Workers(int threads, uint64_t seed = 1) : pool(threads), context{pool, comm, sink, seed} {}
  Threads pool;
  LocalComm comm;
  SilentSink sink;
  ExecContext context;
};

}  // namespace tessera::test
