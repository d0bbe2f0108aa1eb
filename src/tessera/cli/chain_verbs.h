// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs as steps of a pipeline: the same table, the same options, the same functions as on the command line.
#pragma once

#include "tessera/cli/program.h"
#include "tessera/pipeline/chain.h"

namespace tessera {

// All verbs of the call's program but those that run pipelines themselves.
ChainVerbs chain_verbs(const Invocation& call);

}  // namespace tessera
