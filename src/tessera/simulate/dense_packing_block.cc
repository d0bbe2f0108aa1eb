// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/dense_packing_block.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tessera {
namespace {

constexpr size_t scored_positions = 64;     // per orientation, those with the most blocked neighbours
constexpr size_t kept_positions = 3;        // per orientation, those with the best score
constexpr double near_best = 0.97;          // of the best score: placed in the same round
constexpr uint8_t sealed_voxel = 255;       // of the occupancy: empty, and closed to every body
constexpr double offset_unit = 1.0 / 1024;  // of sub-voxel offsets, so that voxel + offset is exact

struct Candidate {
  double score = 0;
  uint64_t tie = 0;  // random, so that equal scores do not favour a corner
  size_t mask = 0;
  Voxel voxel;
};

bool better(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.tie > b.tie;
}

BodyMask random_mask(const MolecularSurface& surface, double voxel_size_A, double gap_A, Random& random) {
  const Rotation rotation = Rotation::random(random);
  const auto offset = [&] { return static_cast<double>(static_cast<int64_t>(random.below(1024)) - 512) * offset_unit; };
  const double x = offset(), y = offset(), z = offset();
  return make_body_mask(surface, rotation, {x, y, z}, voxel_size_A, gap_A);
}

// Up to `count` members of a set of positions, drawn at random.
void draw_positions(const std::vector<uint64_t>& set, size_t count, Random& random, std::vector<Voxel>& out) {
  constexpr int64_t n = PackingWindow::edge;
  uint64_t members = 0;
  for (const uint64_t word : set) members += static_cast<uint64_t>(std::popcount(word));
  // Floyd's choice of `count` different ranks, then one walk over the set.
  std::vector<uint64_t> ranks;
  if (members <= count) {
    for (uint64_t i = 0; i < members; ++i) ranks.push_back(i);
  } else {
    for (uint64_t j = members - count; j < members; ++j) {
      const uint64_t rank = random.below(j + 1);
      ranks.push_back(std::find(ranks.begin(), ranks.end(), rank) == ranks.end() ? rank : j);
    }
    std::sort(ranks.begin(), ranks.end());
  }
  uint64_t seen = 0;
  size_t next = 0;
  for (size_t word = 0; word < set.size() && next < ranks.size(); ++word) {
    const auto here = static_cast<uint64_t>(std::popcount(set[word]));
    for (uint64_t bits = set[word]; next < ranks.size() && ranks[next] < seen + here; ++next) {
      for (uint64_t skip = ranks[next] - (seen + here - static_cast<uint64_t>(std::popcount(bits))); skip > 0; --skip)
        bits &= bits - 1;
      const auto at = static_cast<int64_t>(word);
      out.push_back({at / n, at % n, std::countr_zero(bits)});
    }
    seen += here;
  }
}

// The best free positions of one orientation.
void add_candidates(const PackingWindow& window, const BodyMask& mask, size_t index, Voxel first,
                    const std::vector<uint64_t>& free, Random& random, std::vector<Candidate>& out) {
  const auto sets = by_blocked_neighbours(free);
  std::vector<Voxel> positions;
  for (int k = 6; k >= 0 && positions.size() < scored_positions; --k)
    draw_positions(sets[k], scored_positions - positions.size(), random, positions);
  std::vector<Candidate> mine;
  for (const Voxel& p : positions) {
    const Voxel voxel{first.z + p.z, first.y + p.y, first.x + p.x};
    const double score =
        static_cast<double>(window.contacts(mask, voxel)) / static_cast<double>(std::max<int64_t>(1, mask.shell_count));
    mine.push_back({score, static_cast<uint64_t>(random.bits()), index, voxel});
  }
  std::sort(mine.begin(), mine.end(), better);
  mine.resize(std::min(mine.size(), kept_positions));
  out.insert(out.end(), mine.begin(), mine.end());
}

void mark(Volume<uint8_t>& occupancy, const BodyMask& mask, Voxel at) {
  for (const MaskRun& run : mask.voxels)
    std::fill_n(&occupancy(at.z + run.z, at.y + run.y, at.x + run.x), run.length, uint8_t{1});
  for (const MaskRun& run : mask.sealed)
    for (int64_t x = at.x + run.x; x < at.x + run.x + run.length; ++x)
      if (uint8_t& value = occupancy(at.z + run.z, at.y + run.y, x); value == 0) value = sealed_voxel;
}

// One orientation after the other until one fits; its position is any of the free ones.
bool place_anywhere(PackingWindow& window, const MolecularSurface& surface, double voxel_size_A, const BlockTask& task,
                    const DensePackingOptions& options, Random& random, std::vector<BlockBody>& out) {
  std::vector<uint64_t> free;
  for (int i = 0; i < options.rotations; ++i) {
    BodyMask mask = random_mask(surface, voxel_size_A, options.gap_A, random);
    if (mask.voxel_count == 0 || !window.find_free(mask, free)) continue;
    std::vector<Voxel> position;
    draw_positions(free, 1, random, position);
    const Voxel at{task.first.z + position[0].z, task.first.y + position[0].y, task.first.x + position[0].x};
    window.add(mask, at);
    out.push_back({at, std::move(mask)});
    return true;
  }
  return false;
}

// The best of all orientations, and those of the others that come near it.
bool place_best(PackingWindow& window, const MolecularSurface& surface, double voxel_size_A, const BlockTask& task,
                const DensePackingOptions& options, size_t most, Random& random, std::vector<BlockBody>& out) {
  std::vector<BodyMask> masks;
  std::vector<Candidate> candidates;
  std::vector<uint64_t> free;
  for (int i = 0; i < options.rotations; ++i) {
    BodyMask mask = random_mask(surface, voxel_size_A, options.gap_A, random);
    if (mask.voxel_count == 0 || !window.find_free(mask, free)) continue;
    add_candidates(window, mask, masks.size(), task.first, free, random, candidates);
    masks.push_back(std::move(mask));
  }
  if (candidates.empty()) return false;
  std::sort(candidates.begin(), candidates.end(), better);
  const double enough = near_best * candidates.front().score;
  std::vector<bool> used(masks.size(), false);
  size_t placed = 0;
  for (const Candidate& candidate : candidates) {
    if (candidate.score < enough || placed == most) break;
    // One body an orientation, so that no two bodies of the scene share one.
    if (used[candidate.mask] || !window.fits(masks[candidate.mask], candidate.voxel)) continue;
    used[candidate.mask] = true;
    window.add(masks[candidate.mask], candidate.voxel);
    out.push_back({candidate.voxel, std::move(masks[candidate.mask])});
    ++placed;
  }
  return true;
}

}  // namespace

std::vector<BlockBody> fill_block(Volume<uint8_t>& occupancy, const MolecularSurface& surface, double voxel_size_A,
                                  const BlockTask& task, const DensePackingOptions& options, uint64_t seed,
                                  const std::function<bool()>& halt) {
  Random random(seed, "dense packing", task.stream);
  PackingWindow window(occupancy, task.first, mask_reach(surface, voxel_size_A, options.gap_A));
  std::vector<BlockBody> out;
  while (static_cast<int64_t>(out.size()) < task.wanted && !halt()) {
    const size_t before = out.size(), most = static_cast<size_t>(task.wanted) - before;
    const bool placed = task.touching ? place_best(window, surface, voxel_size_A, task, options, most, random, out)
                                      : place_anywhere(window, surface, voxel_size_A, task, options, random, out);
    if (!placed) break;
    for (size_t i = before; i < out.size(); ++i) mark(occupancy, out[i].mask, out[i].voxel);
  }
  return out;
}

}  // namespace tessera
