// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/pick_scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_map>

#include "tessera/base/point_cells.h"
#include "tessera/pick/matching.h"

namespace tessera {
namespace {

// Which particles of every tomogram a pick may be.
class ParticleCells {
 public:
  ParticleCells(const std::vector<TrueParticle>& particles, double share) : particles_(particles), share_(share) {
    for (const TrueParticle& p : particles) longest_A_ = std::max(longest_A_, share * p.radius_A);
    for (size_t i = 0; i < particles.size(); ++i)
      cells_.try_emplace(particles[i].tomogram, longest_A_)
          .first->second.add(static_cast<int32_t>(i), particles[i].position_A);
  }
  double longest_A() const { return longest_A_; }

  std::vector<PossiblePair> near(const ScoredPick& pick, bool class_aware) const {
    std::vector<PossiblePair> out;
    const auto cells = cells_.find(pick.tomogram);
    if (cells == cells_.end()) return out;
    cells->second.all_near(pick.position_A, longest_A_, [&](int32_t i) {
      const TrueParticle& p = particles_[i];
      if (class_aware && p.class_number != pick.class_number) return true;
      const double distance = (p.position_A - pick.position_A).norm();
      if (distance <= share_ * p.radius_A) out.push_back({i, distance});
      return true;
    });
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.column < b.column; });
    return out;
  }

 private:
  const std::vector<TrueParticle>& particles_;
  double share_, longest_A_ = 1e-3;
  std::unordered_map<int32_t, PointCells> cells_;  // of each tomogram
};

LocalisationError error_of(std::vector<double> distances) {
  LocalisationError out;
  out.pairs = static_cast<int64_t>(distances.size());
  if (distances.empty()) return out;
  std::sort(distances.begin(), distances.end());
  double squares = 0;
  for (const double d : distances) {
    out.mean_A += d;
    squares += d * d;
  }
  const auto n = static_cast<double>(distances.size());
  out.mean_A /= n;
  out.rms_A = std::sqrt(squares / n);
  const size_t half = distances.size() / 2;
  out.median_A = distances.size() % 2 ? distances[half] : (distances[half - 1] + distances[half]) / 2;
  return out;
}

double f_of(double precision, double recall, double beta) {
  const double b = beta * beta, bottom = b * precision + recall;
  return bottom > 0 ? (1 + b) * precision * recall / bottom : 0;
}

// Adds groups with rates and errors; group_of_particle and group_of_pick give indices, −1 none.
struct Grouping {
  std::vector<GroupScore> groups;
  std::vector<int32_t> of_particle, of_pick;
};

void fill_groups(Grouping& g, const std::vector<int32_t>& particle_of, const std::vector<double>& distance,
                 double precision) {
  std::vector<std::vector<double>> distances(g.groups.size());
  for (const int32_t group : g.of_particle)
    if (group >= 0) ++g.groups[group].rates.particles;
  for (size_t k = 0; k < particle_of.size(); ++k) {
    if (!g.of_pick.empty() && g.of_pick[k] >= 0) ++g.groups[g.of_pick[k]].rates.picks;
    if (particle_of[k] < 0) continue;
    const int32_t group = g.of_particle[particle_of[k]];
    if (group < 0) continue;
    ++g.groups[group].rates.hits;
    distances[group].push_back(distance[k]);
  }
  for (size_t i = 0; i < g.groups.size(); ++i) {
    GroupScore& group = g.groups[i];
    group.error = error_of(std::move(distances[i]));
    group.precision = group.own_picks ? group.rates.precision() : precision;
    group.f1 = f_of(group.precision, group.rates.recall(), 1);
    group.f4 = f_of(group.precision, group.rates.recall(), 4);
  }
}

std::vector<GroupScore> by_class(const std::vector<ScoredPick>& picks, const std::vector<TrueParticle>& particles,
                                 bool class_aware, const PickScores& scores, const std::vector<double>& distance) {
  Grouping g;
  std::map<int32_t, int32_t> index;
  for (const TrueParticle& p : particles) index.emplace(p.class_number, 0);
  for (auto& [number, at] : index) {
    at = static_cast<int32_t>(g.groups.size());
    GroupScore& group = g.groups.emplace_back();
    group.class_number = number;
    group.own_picks = class_aware;
  }
  for (const TrueParticle& p : particles) g.of_particle.push_back(index[p.class_number]);
  if (class_aware)
    for (const ScoredPick& pick : picks) {
      const auto at = index.find(pick.class_number);
      g.of_pick.push_back(at == index.end() ? -1 : at->second);
    }
  fill_groups(g, scores.particle_of, distance, scores.all.precision());
  return g.groups;
}

std::vector<GroupScore> by_size(const std::vector<TrueParticle>& particles, std::vector<double> edges,
                                const PickScores& scores, const std::vector<double>& distance) {
  Grouping g;
  std::sort(edges.begin(), edges.end());
  for (size_t i = 0; i <= edges.size(); ++i) {
    GroupScore& group = g.groups.emplace_back();
    group.from_radius_A = i == 0 ? 0 : edges[i - 1];
    group.to_radius_A = i == edges.size() ? std::numeric_limits<double>::infinity() : edges[i];
  }
  for (const TrueParticle& p : particles)
    g.of_particle.push_back(
        static_cast<int32_t>(std::upper_bound(edges.begin(), edges.end(), p.radius_A) - edges.begin()));
  fill_groups(g, scores.particle_of, distance, scores.all.precision());
  std::erase_if(g.groups, [](const GroupScore& group) { return group.rates.particles == 0; });
  return g.groups;
}

}  // namespace

double PickRates::f_score(double beta) const {
  return f_of(precision(), recall(), beta);
}

PickScores score_picks(const std::vector<ScoredPick>& picks, const std::vector<TrueParticle>& particles,
                       const PickScoreOptions& options) {
  PickScores out;
  std::vector<int32_t> order(picks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return picks[a].score > picks[b].score; });
  const ParticleCells cells(particles, options.radius_share);
  const auto n = static_cast<int64_t>(particles.size());
  SparseMatching matching(static_cast<int64_t>(picks.size()), n, cells.longest_A());
  double recall = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    const ScoredPick& pick = picks[order[k]];
    matching.add(cells.near(pick, options.class_aware));
    const CurvePoint point{pick.score, {static_cast<int64_t>(k) + 1, n, matching.pairs()}};
    if (static_cast<int64_t>(k) < n) out.fixed_number = point;
    if (k + 1 < order.size() && picks[order[k + 1]].score == pick.score) continue;
    out.average_precision += (point.rates.recall() - recall) * point.rates.precision();
    recall = point.rates.recall();
    out.curve.push_back(point);
    if (out.curve.size() == 1 || point.rates.f_score(1) > out.best_f1.rates.f_score(1)) out.best_f1 = point;
    if (out.curve.size() == 1 || point.rates.f_score(4) > out.best_f4.rates.f_score(4)) out.best_f4 = point;
  }
  out.all = {static_cast<int64_t>(picks.size()), n, matching.pairs()};
  if (picks.empty()) out.best_f1.rates = out.best_f4.rates = out.fixed_number.rates = out.all;
  out.particle_of.assign(picks.size(), -1);
  std::vector<double> distance(picks.size()), matched;
  for (size_t k = 0; k < order.size(); ++k) {
    const int32_t particle = matching.column_of(static_cast<int64_t>(k));
    if (particle < 0) continue;
    out.particle_of[order[k]] = particle;
    distance[order[k]] = (picks[order[k]].position_A - particles[particle].position_A).norm();
    matched.push_back(distance[order[k]]);
  }
  out.error = error_of(std::move(matched));
  out.classes = by_class(picks, particles, options.class_aware, out, distance);
  out.sizes = by_size(particles, options.size_edges_A, out, distance);
  return out;
}

}  // namespace tessera
