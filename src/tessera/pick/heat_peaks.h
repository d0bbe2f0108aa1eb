// SPDX-License-Identifier: GPL-3.0-or-later
// From the heat maps of a network to picks.
#pragma once

#include <vector>

#include "tessera/pick/peaks.h"

namespace tessera {

// Peaks below are left out: a network answers a hundredth or so everywhere.
inline constexpr double least_heat = 0.02;

// Two peaks may not lie nearer than this share of both radii together: particles that touch along their short axes are
// kept, two answers to one particle are not.
inline constexpr double heat_peak_share = 0.5;

// Collects the peaks of the map of all particles plane by plane, so that the maps need not exist as a whole, and the
// kind of each: that whose own map is highest there.
class HeatPeaks {
 public:
  // The radius of each kind's particles. Memory: a byte for each voxel.
  HeatPeaks(Shape3 shape, std::vector<double> radii_voxels);
  // Plane z of all maps, that of all particles first, map × y × x; planes come in order. Memory: three of the first.
  void take(int64_t z, const std::vector<float>& plane, Threads& threads);
  // Those of at least least_heat, without those too near to higher ones; best first. The label is the kind, from 0.
  // Oracle: find_peaks on a whole map (heat_peaks_test.cc).
  std::vector<Peak> peaks();

 private:
  Shape3 shape_;
  std::vector<double> radii_voxels_;
  PeakScan scan_;
  std::vector<std::vector<float>> planes_;  // the last three
  std::vector<uint8_t> kinds_;              // of each voxel
};

}  // namespace tessera
