// SPDX-License-Identifier: GPL-3.0-or-later
// The picture of `evaluate picks`: true and picked centres over a slab of the tomogram.
#pragma once

#include <filesystem>
#include <vector>

#include "tessera/pick/pick_scores.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Two panels, the mean of the middle planes (the slab holds the middle 60 Å, at least one plane) in grey, x to the
// right, y up: true centres within the slab as blue discs with their circles where the slab's middle cuts the sphere,
// filled where found; picks as green (hits) and red (others) discs, of the first tomogram. particle_of as in
// PickScores.
void write_pick_figure(const std::filesystem::path& path, const Volume<float>& tomogram, double voxel_size_A,
                       const std::vector<TrueParticle>& particles, const std::vector<ScoredPick>& picks,
                       const std::vector<int32_t>& particle_of);

}  // namespace tessera
