// SPDX-License-Identifier: GPL-3.0-or-later
// Local maxima of a score over a tomogram, and the removal of those too near to better ones.
//
// Positions are voxels of the volume, (x, y, z) order, counted from 0: Peak::position_voxels of a maximum exactly at
// voxel (z, y, x) is {x, y, z}, as rlnCoordinateX/Y/Z of `simulate tomogram`. For minima negate the score.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "tessera/parallel/threads.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct Peak {
  Vec3 position_voxels;     // to a fraction of a voxel: the vertices of parabolas along the three axes
  float score = 0;          // at the voxel
  float radius_voxels = 0;  // of the thing found; 0: not known
  int32_t label = 0;        // the finder's own: a scale, a template
  int64_t voxel = 0;        // (z · shape.y + y) · shape.x + x
};

// Best first: higher scores, then lower voxels, then lower labels. Total unless two peaks agree in all three.
bool better_peak(const Peak& a, const Peak& b);

struct PeakOptions {
  int neighbours = 26;  // 6 (faces), 18 (and edges) or 26 (and corners) must be lower
  int64_t border = 1;   // voxels along each face of the volume where no peak is taken; at least 1
  float threshold = -std::numeric_limits<float>::infinity();  // peaks must reach it
  int64_t keep = 0;                                           // the best so many; 0: all
};

// The peaks of a scan: those kept and what all of them were.
struct PeakList {
  std::vector<Peak> peaks;  // best first
  int64_t found = 0;        // peaks that reached the threshold, kept or not
  // Over all peaks off the border and inside the mask, whatever the threshold; 0 if there is none. [P] 4.1: m, M.
  float lowest = 0, highest = 0;
  int64_t all = 0;
};

// Collects the best `keep` of peaks added one by one in at most twice the memory; the result does not depend on the
// order of adding.
class BestPeaks {
 public:
  explicit BestPeaks(int64_t keep = 0) : keep_(keep) {}
  void add(const Peak& peak);
  int64_t added() const { return added_; }
  // Best first; empties the collection.
  std::vector<Peak> take();

 private:
  void prune();
  int64_t keep_, added_ = 0;
  std::vector<Peak> peaks_;
};

// Scans a volume plane by plane, so that it need not exist as a whole: finds the maxima of planes whose two neighbours
// are at hand.
class PeakScan {
 public:
  // `shape` of the whole volume; `allowed` (may be empty) is of that shape, 0 where no peak may lie. It must outlive
  // the scan. InternalError on other shapes and neighbours; a border below 1 is 1.
  PeakScan(Shape3 shape, const PeakOptions& options, std::span<const uint8_t> allowed = {});

  // planes[0 … count + 1] are the planes first_z − 1 … first_z + count; those first_z … first_z + count − 1 are
  // searched (the border skips itself). Not-finite voxels are never peaks and never higher. Cost about 2 ns per voxel
  // and thread; the same for any number of threads.
  void add_planes(std::span<const float* const> planes, int64_t first_z, Threads& threads);
  PeakList take();

 private:
  struct PlanePeaks;
  PlanePeaks search(const float* below, const float* here, const float* above, int64_t z) const;
  Shape3 shape_;
  PeakOptions options_;
  std::span<const uint8_t> allowed_;
  BestPeaks best_;
  PeakList totals_;
};

// All of a volume at once. A flat top counts once or, where two of its voxels do not touch, a few times; a flat volume
// has no peak.
PeakList find_peaks(const Volume<float>& score, const PeakOptions& options, Threads& threads,
                    std::span<const uint8_t> allowed = {});

// How near two peaks may lie: distance_voxels + radius_share · (sum of their radii).
struct SuppressionOptions {
  double distance_voxels = 0;
  double radius_share = 0;
};

// Greedy: takes the peaks from the best down and drops those nearer than allowed to one already taken. Returns the
// taken, best first. Cells of the largest distance: cost n log n for peaks that are spread out. Oracle: all pairs
// (peaks_test.cc).
std::vector<Peak> suppress_neighbours(std::vector<Peak> peaks, const SuppressionOptions& options);

}  // namespace tessera
