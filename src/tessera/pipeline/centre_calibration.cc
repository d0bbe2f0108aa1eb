// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/centre_calibration.h"

#include <algorithm>
#include <cmath>

#include "tessera/pick/pick_scores.h"
#include "tessera/pipeline/pick_network.h"

namespace tessera {
namespace {

constexpr int64_t seen_around = 40;  // voxels; more than any answer depends on

Region widened(const Region& r, Shape3 shape) {
  return {std::max<int64_t>(0, r.z0 - seen_around), std::min(shape.z, r.z1 + seen_around),
          std::max<int64_t>(0, r.y0 - seen_around), std::min(shape.y, r.y1 + seen_around),
          std::max<int64_t>(0, r.x0 - seen_around), std::min(shape.x, r.x1 + seen_around)};
}

struct Found {
  std::vector<ScoredPick> picks;
  std::vector<TrueParticle> particles;
};

void add_part(Network& network, const LabelledTomograms& data, const TomogramPart& part,
              const std::vector<ModelClass>& classes, int32_t index, ExecContext& context, Found& found) {
  const LabelledTomogram& of = data.tomograms[part.tomogram];
  const Region seen = widened(part.region, of.labels.shape());
  const Vec3 corner{double(seen.x0), double(seen.y0), double(seen.z0)};
  for (const Peak& peak :
       find_centres(network, classes, part_of(of.tomogram, seen), NetworkPickRequest().block, context)) {
    const Vec3 at = peak.position_voxels + corner;
    if (part.region.holds(at))
      found.picks.push_back({at * data.voxel_size_A, peak.score, index, classes[peak.label].number});
  }
  for (const Centre& centre : of.centres)
    if (part.region.holds(centre.voxel))
      found.particles.push_back(
          {centre.voxel * data.voxel_size_A, classes[centre.kind].radius_A, index, classes[centre.kind].number});
}

// Of peaks by height, whether each added a hit: of two on one particle the lower did not.
HitChance fitted(const Found& found) {
  std::vector<float> heights;
  std::vector<uint8_t> hits;
  PickRates before;
  for (const CurvePoint& point : score_picks(found.picks, found.particles, {}).curve) {
    for (int64_t i = before.picks; i < point.rates.picks; ++i) {
      heights.push_back(static_cast<float>(point.threshold));
      hits.push_back(i - before.picks < point.rates.hits - before.hits);
    }
    before = point.rates;
  }
  return heights.empty() ? HitChance() : fit_hit_chance(heights, hits);
}

// Each tomogram's picks from its own threshold on.
std::vector<ScoredPick> taken(const std::vector<ScoredPick>& picks, int32_t tomograms, const HitChance& chance) {
  std::vector<ScoredPick> out;
  for (int32_t tomogram = 0; tomogram < tomograms; ++tomogram) {
    std::vector<float> heights;
    for (const ScoredPick& pick : picks)
      if (pick.tomogram == tomogram) heights.push_back(static_cast<float>(pick.score));
    const double threshold = best_expected_f1(heights, chance_among(heights, chance)).threshold;
    for (const ScoredPick& pick : picks)
      if (pick.tomogram == tomogram && pick.score >= threshold) out.push_back(pick);
  }
  return out;
}

}  // namespace

CentreCalibration calibrate_centres(Network& network, const LabelledTomograms& data,
                                    const std::vector<TomogramPart>& parts, ExecContext& context) {
  Found found;
  for (size_t i = 0; i < parts.size(); ++i)
    add_part(network, data, parts[i], data.classes, static_cast<int32_t>(i), context, found);
  CentreCalibration out;
  out.chance = fitted(found);
  const auto picks = taken(found.picks, static_cast<int32_t>(parts.size()), out.chance);
  out.f1 = score_picks(picks, found.particles, {}).all.f_score(1);
  out.f1_classes = score_picks(picks, found.particles, {.class_aware = true}).all.f_score(1);
  return out;
}

}  // namespace tessera
