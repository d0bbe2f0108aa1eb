// SPDX-License-Identifier: GPL-3.0-or-later
// From the heat maps of a network to picks.
#pragma once

#include <vector>

#include "tessera/pick/peaks.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

// Peaks below are left out: a network answers a hundredth or so everywhere.
inline constexpr double least_heat = 0.02;

// Two peaks may not lie nearer than this share of both radii together: particles that touch along their short axes are
// kept, two answers to one particle are not.
inline constexpr double heat_peak_share = 0.5;

// Gathers the heat of all particles block by block, and of each voxel the kind of particle whose own heat is highest;
// the maps of the kinds need not exist as a whole. Memory: 5 bytes for each voxel.
class HeatPeaks {
 public:
  // The radius of each kind's particles.
  HeatPeaks(Shape3 shape, std::vector<double> radii_voxels);
  // Heat in a block of voxels, map × z × y × x, of all particles before that of each kind. What lies in `told` is kept.
  void take(const std::vector<float>& heat, const Region& block, const Region& told);
  // Peaks of at least least_heat of all particles, without those too near to higher ones; best first. The label is the
  // kind, from 0.
  std::vector<Peak> peaks(Threads& threads) const;

 private:
  std::vector<double> radii_voxels_;
  Volume<float> heat_;
  Volume<uint8_t> kinds_;
};

}  // namespace tessera
