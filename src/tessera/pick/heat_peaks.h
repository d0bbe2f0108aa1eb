// SPDX-License-Identifier: GPL-3.0-or-later
// From the heat maps of a network to picks.
#pragma once

#include <vector>

#include "tessera/pick/peaks.h"

namespace tessera {

// Peaks below are left out: a network answers a hundredth or so everywhere.
inline constexpr double least_heat = 0.02;

// Two peaks, of whatever classes, may not lie nearer than this share of both radii together: particles that touch along
// their short axes are kept, two answers to one particle are not.
inline constexpr double heat_peak_share = 0.5;

// Collects the peaks of several maps of one shape plane by plane, so that the maps need not exist as a whole.
class HeatPeaks {
 public:
  // The radius of each map's particles.
  HeatPeaks(Shape3 shape, std::vector<double> radii_voxels);
  // Plane z of all maps, class × y × x; planes come in order. Memory: three of them.
  void take(int64_t z, const std::vector<float>& plane, Threads& threads);
  // Those of at least least_heat, without those too near to higher ones; best first. The label is the
  // class, from 0. Oracle: find_peaks on whole maps (heat_peaks_test.cc).
  std::vector<Peak> peaks();

 private:
  Shape3 shape_;
  std::vector<double> radii_voxels_;
  std::vector<PeakScan> scans_;
  std::vector<std::vector<float>> planes_;  // the last three
};

}  // namespace tessera
