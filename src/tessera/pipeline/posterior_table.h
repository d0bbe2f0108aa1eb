// SPDX-License-Identifier: GPL-3.0-or-later
// The whole posterior of a run as a table.
#pragma once

#include <filesystem>

#include "tessera/average/expectation.h"
#include "tessera/io/particles.h"

namespace tessera {

// One row for every pose that the last E-step kept, particles in the order of `set`, of each the most probable class
// first. A STAR table data_posterior of
//   tesseraParticleNumber          row of the particle in particles.star, from 1
//   rlnImageName, rlnClassNumber   as there
//   rlnAngleRot/Tilt/Psi, rlnOrigin*Angst   the pose, in RELION's convention (degrees, Å)
//   tesseraProbability             sums to 1 over a particle's rows
//   tesseraLogLikelihood           of this pose, relative to an empty reference: cross − ½ power
//   tesseraLogVolume               of its peak, by Laplace's method but for a constant: −½ log det of the curvature
// IoError as write_star.
void write_posterior(const std::filesystem::path& path, const ParticleSet& set,
                     const std::vector<Assignment>& assignments, double voxel_size_A);

}  // namespace tessera
