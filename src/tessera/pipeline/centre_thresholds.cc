// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/centre_thresholds.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "tessera/base/quantile.h"
#include "tessera/pick/pick_scores.h"
#include "tessera/pipeline/pick_network.h"

namespace tessera {
namespace {

constexpr double least_considered = 0.05;
constexpr int64_t seen_around = 40;  // voxels; more than any answer depends on

bool holds(const Region& r, Vec3 at) {
  const auto in = [](double v, int64_t from, int64_t to) {
    return v >= static_cast<double>(from) - 0.5 && v < static_cast<double>(to) - 0.5;
  };
  return in(at.x, r.x0, r.x1) && in(at.y, r.y0, r.y1) && in(at.z, r.z0, r.z1);
}

Region widened(const Region& r, Shape3 shape) {
  return {std::max<int64_t>(0, r.z0 - seen_around), std::min(shape.z, r.z1 + seen_around),
          std::max<int64_t>(0, r.y0 - seen_around), std::min(shape.y, r.y1 + seen_around),
          std::max<int64_t>(0, r.x0 - seen_around), std::min(shape.x, r.x1 + seen_around)};
}

struct Found {
  std::vector<ScoredPick> picks;
  std::vector<TrueParticle> particles;

  Found of_class(int32_t number) const {
    Found out;
    for (const ScoredPick& pick : picks)
      if (pick.class_number == number) out.picks.push_back(pick);
    for (const TrueParticle& particle : particles)
      if (particle.class_number == number) out.particles.push_back(particle);
    return out;
  }
};

void add_part(Network& network, const LabelledTomograms& data, const TomogramPart& part,
              const std::vector<ModelClass>& classes, int32_t index, ExecContext& context, Found& found) {
  const LabelledTomogram& of = data.tomograms[part.tomogram];
  const Region seen = widened(part.region, of.labels.shape());
  const Vec3 corner{double(seen.x0), double(seen.y0), double(seen.z0)};
  for (const Peak& peak :
       find_centres(network, classes, part_of(of.tomogram, seen), NetworkPickRequest().block, context)) {
    const Vec3 at = peak.position_voxels + corner;
    if (holds(part.region, at))
      found.picks.push_back({at * data.voxel_size_A, peak.score, index, classes[peak.label].number});
  }
  for (const Centre& centre : of.centres)
    if (holds(part.region, centre.voxel))
      found.particles.push_back(
          {centre.voxel * data.voxel_size_A, classes[centre.map].radius_A, index, classes[centre.map].number});
}

std::optional<double> best_threshold(const Found& found) {
  if (found.picks.empty() || found.particles.empty()) return std::nullopt;
  const PickScores scores = score_picks(found.picks, found.particles, {});
  if (scores.best_f1.rates.hits == 0) return std::nullopt;
  return scores.best_f1.threshold;
}

}  // namespace

ChosenThresholds choose_thresholds(Network& network, const LabelledTomograms& data,
                                   const std::vector<TomogramPart>& parts, ExecContext& context) {
  ChosenThresholds out{data.classes, 0};
  for (ModelClass& c : out.classes) c.threshold = least_considered;
  Found found;
  for (size_t i = 0; i < parts.size(); ++i)
    add_part(network, data, parts[i], out.classes, static_cast<int32_t>(i), context, found);
  std::vector<float> chosen;
  for (ModelClass& c : out.classes) {
    const auto best = best_threshold(found.of_class(c.number));
    c.threshold = best.value_or(-1);
    if (best) chosen.push_back(static_cast<float>(*best));
  }
  const double usual = chosen.empty() ? 0.5 : quantile(chosen, 0.5);
  for (ModelClass& c : out.classes) {
    if (c.threshold >= 0) continue;
    context.sink.message(
        Severity::warning,
        fmt::format("no {} was found in validation; its threshold is that of the others, {:.3f}", c.name, usual));
    c.threshold = usual;
  }
  std::erase_if(found.picks, [&](const ScoredPick& pick) {
    const auto of_pick = std::find_if(out.classes.begin(), out.classes.end(),
                                      [&](const ModelClass& c) { return c.number == pick.class_number; });
    return pick.score < of_pick->threshold;
  });
  out.f1 = score_picks(found.picks, found.particles, {.class_aware = true}).all.f_score(1);
  return out;
}

}  // namespace tessera
