// SPDX-License-Identifier: GPL-3.0-or-later
// Assignments that each rank made for its particles, brought to all.
#pragma once

#include <vector>

#include "tessera/average/expectation.h"
#include "tessera/parallel/comm.h"

namespace tessera {

// `all`: one for each particle, those of `mine` filled. Afterwards every rank holds those of all ranks, bit for bit.
// Collective. Bytes sent: about 120 a pose and 8 a shell, for each particle.
void share_assignments(std::vector<Assignment>& all, const std::vector<int64_t>& mine, Comm& comm);

}  // namespace tessera
