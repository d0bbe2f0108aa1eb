// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/judged_maps.h"

#include <algorithm>
#include <numeric>

#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {

AverageMaps maps_of(const FoldSums& sums, const FoldSums& completed, const Resolution& resolution,
                    const ParticleStack& stack) {
  AverageMaps out;
  const int64_t n = stack.box();
  out.resolution = resolution;
  out.resolution_A = fsc_resolution_A(resolution.fsc, 0.143, n, stack.voxel_size_A());
  out.map = solved_map(completed.all(), resolution, n / 2);
  for (int h = 0; h < 2; ++h) out.half[h] = unfiltered_map(sums.half(h));
  return out;
}

void judge(AverageMaps& maps, const Volume<float>& mask, const ParticleStack& stack, uint64_t seed) {
  maps.judged = corrected_fsc(maps.half[0], maps.half[1], mask, -1, seed);
  maps.resolution_A = fsc_resolution_A(maps.judged->corrected, 0.143, stack.box(), stack.voxel_size_A());
}

double radius_of(const FoldSums& sums, const Resolution& resolution, double outer_radius, const ParticleStack& stack,
                 const AverageOptions& options) {
  const int64_t n = stack.box();
  return particle_radius(solved_map(sums.half(0), resolution, n / 2), solved_map(sums.half(1), resolution, n / 2),
                         outer_radius,
                         background_profile(n, stack.mask_radius(), 0.77 * options.align.max_shift_voxels));
}

int fold_count(int64_t particles, const AverageOptions& options) {
  return std::max(2, std::min<int>(options.folds, static_cast<int>(particles)));
}

std::vector<int> deal_folds(int64_t count, int folds, uint64_t seed) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, "folds");
  shuffle(order, random);
  std::vector<int> out(count);
  for (int64_t i = 0; i < count; ++i) out[order[i]] = static_cast<int>(i % folds);
  return out;
}

double stack_mask_radius(int64_t box, double voxel_size_A, const AverageOptions& options) {
  const double largest = static_cast<double>(box) / 2 - 4;  // leaves room for the soft edge
  const double shift = options.align.max_shift_voxels;
  if (options.mask_diameter_A) return std::min(*options.mask_diameter_A / 2 / voxel_size_A + shift, largest);
  return largest;
}

}  // namespace tessera
