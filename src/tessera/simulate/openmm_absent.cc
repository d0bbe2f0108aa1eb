// SPDX-License-Identifier: GPL-3.0-or-later
// Takes the place of openmm_engine.cc where OpenMM was not found.
#include "tessera/simulate/ball_engine.h"

namespace tessera {

std::unique_ptr<BallEngine> make_ball_engine(const BallSystem&, const PackingOptions&, int, uint64_t) {
  throw UserError(
      "packing by molecular dynamics needs OpenMM, which this program was built without; install it (Debian: apt-get "
      "install libopenmm-dev libopenmm-plugins), then configure and build Tessera again");
}

}  // namespace tessera
