// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/pick_scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/assignment.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

struct Case {
  std::vector<ScoredPick> picks;
  std::vector<TrueParticle> particles;
};

Case random_case(int picks, int particles, int tomograms, uint64_t seed) {
  Random random(seed, "case");
  const auto place = [&] { return Vec3{random.uniform(-50, 350), random.uniform(0, 300), random.uniform(0, 200)}; };
  Case out;
  for (int i = 0; i < particles; ++i)
    out.particles.push_back({place(), random.uniform(20, 90), static_cast<int32_t>(random.below(tomograms)),
                             1 + static_cast<int32_t>(random.below(3))});
  for (int i = 0; i < picks; ++i)
    out.picks.push_back({place(), static_cast<double>(random.below(12)), static_cast<int32_t>(random.below(tomograms)),
                         1 + static_cast<int32_t>(random.below(3))});
  return out;
}

struct Best {
  int64_t hits = 0;
  double distance = 0;
};

// The Hungarian method on the full table of the picks of at least this score.
Best by_full_table(const Case& c, double threshold, const PickScoreOptions& options) {
  std::vector<ScoredPick> picks;
  for (const ScoredPick& pick : c.picks)
    if (pick.score >= threshold) picks.push_back(pick);
  const size_t columns = c.particles.size();
  std::vector<double> value(picks.size() * columns), distance(picks.size() * columns, -1);
  for (size_t r = 0; r < picks.size(); ++r)
    for (size_t k = 0; k < columns; ++k) {
      const TrueParticle& p = c.particles[k];
      const double d = (p.position_A - picks[r].position_A).norm();
      if (p.tomogram != picks[r].tomogram || d > options.radius_share * p.radius_A) continue;
      if (options.class_aware && p.class_number != picks[r].class_number) continue;
      value[r * columns + k] = 1e5 - d;
      distance[r * columns + k] = d;
    }
  const auto column_of = best_assignment(static_cast<int64_t>(picks.size()), static_cast<int64_t>(columns), value);
  Best best;
  for (size_t r = 0; r < picks.size(); ++r)
    if (column_of[r] >= 0 && distance[r * columns + column_of[r]] >= 0) {
      ++best.hits;
      best.distance += distance[r * columns + column_of[r]];
    }
  return best;
}

TEST(PickScores, AgreeWithTheHungarianMethodAtEveryThreshold) {
  for (uint64_t seed = 1; seed <= 8; ++seed)
    for (const bool class_aware : {false, true}) {
      const Case c = random_case(40, 25, seed % 2 ? 1 : 2, seed);
      const PickScoreOptions options{.class_aware = class_aware, .radius_share = seed < 5 ? 1.0 : 0.6};
      const PickScores scores = score_picks(c.picks, c.particles, options);
      double area = 0, recall = 0, best_f1 = 0, best_f4 = 0;
      for (const CurvePoint& point : scores.curve) {
        const Best exact = by_full_table(c, point.threshold, options);
        ASSERT_EQ(point.rates.hits, exact.hits) << "seed " << seed << " threshold " << point.threshold;
        const double p = double(exact.hits) / double(point.rates.picks), r = exact.hits / 25.0;
        area += (r - recall) * p;
        recall = r;
        if (exact.hits > 0) {
          best_f1 = std::max(best_f1, 2 * p * r / (p + r));
          best_f4 = std::max(best_f4, 17 * p * r / (16 * p + r));
        }
      }
      EXPECT_NEAR(scores.average_precision, area, 1e-12);
      EXPECT_NEAR(scores.best_f1.rates.f_score(1), best_f1, 1e-12);
      EXPECT_NEAR(scores.best_f4.rates.f_score(4), best_f4, 1e-12);
      const Best all = by_full_table(c, -1, options);
      EXPECT_NEAR(scores.error.mean_A * static_cast<double>(scores.error.pairs), all.distance, 1e-6);
      // The pairs are what they say, and one-to-one.
      std::vector<int> taken(c.particles.size());
      for (size_t i = 0; i < c.picks.size(); ++i) {
        if (scores.particle_of[i] < 0) continue;
        const TrueParticle& p = c.particles[scores.particle_of[i]];
        EXPECT_EQ(++taken[scores.particle_of[i]], 1);
        EXPECT_EQ(p.tomogram, c.picks[i].tomogram);
        EXPECT_LE((p.position_A - c.picks[i].position_A).norm(), options.radius_share * p.radius_A);
      }
    }
}

TEST(PickScores, PerfectPicksScoreOne) {
  Case c = random_case(0, 30, 1, 4);
  for (const TrueParticle& p : c.particles) c.picks.push_back({p.position_A, 1, p.tomogram, p.class_number});
  const PickScores scores = score_picks(c.picks, c.particles, {.class_aware = true});
  EXPECT_EQ(scores.all.f_score(1), 1);
  EXPECT_EQ(scores.average_precision, 1);
  EXPECT_EQ(scores.error.rms_A, 0);
  EXPECT_EQ(scores.curve.size(), 1u);  // picks of one score come together
  for (const GroupScore& g : scores.classes) EXPECT_EQ(g.f1, 1);
}

TEST(PickScores, ADoublePickCountsOnce) {
  const std::vector<TrueParticle> particles = {{{0, 0, 0}, 50, 0, 1}, {{500, 0, 0}, 50, 0, 2}};
  const std::vector<ScoredPick> picks = {{{30, 0, 0}, 3, 0, 0}, {{10, 0, 0}, 2, 0, 0}, {{499, 0, 0}, 1, 0, 0}};
  const PickScores scores = score_picks(picks, particles, {});
  EXPECT_EQ(scores.all.hits, 2);
  EXPECT_EQ(scores.particle_of, (std::vector<int32_t>{-1, 0, 1}));  // the nearer of the two
  EXPECT_NEAR(scores.error.mean_A, 5.5, 1e-12);
  EXPECT_NEAR(scores.error.median_A, 5.5, 1e-12);
  EXPECT_NEAR(scores.error.rms_A, std::sqrt((100 + 1) / 2.0), 1e-12);
  // Fixed number: the best two picks hit one particle.
  EXPECT_EQ(scores.fixed_number.rates.picks, 2);
  EXPECT_EQ(scores.fixed_number.rates.f_score(1), 0.5);
  ASSERT_EQ(scores.classes.size(), 2u);
  EXPECT_EQ(scores.classes[0].rates.hits, 1);
  EXPECT_NEAR(scores.classes[0].f1, 2 * (2.0 / 3) * 1 / (2.0 / 3 + 1), 1e-12);  // precision is that of all picks
  EXPECT_NEAR(scores.classes[0].f4, 17 * (2.0 / 3) * 1 / (16 * (2.0 / 3) + 1), 1e-12);
}

TEST(PickScores, GroupsBySizeAddUp) {
  const Case c = random_case(60, 50, 1, 9);
  const PickScores scores = score_picks(c.picks, c.particles, {.size_edges_A = {60, 30}});
  ASSERT_EQ(scores.sizes.size(), 3u);
  int64_t particles = 0, hits = 0;
  for (const GroupScore& g : scores.sizes) {
    particles += g.rates.particles;
    hits += g.rates.hits;
    EXPECT_EQ(g.rates.hits, g.error.pairs);
  }
  EXPECT_EQ(particles, 50);
  EXPECT_EQ(hits, scores.all.hits);
  EXPECT_EQ(scores.sizes[1].from_radius_A, 30);
  EXPECT_EQ(scores.sizes[1].to_radius_A, 60);
}

TEST(PickScores, NothingPickedOrNothingThere) {
  const Case c = random_case(5, 5, 1, 2);
  const PickScores none = score_picks({}, c.particles, {});
  EXPECT_EQ(none.all.particles, 5);
  EXPECT_EQ(none.all.f_score(1), 0);
  const PickScores nothing = score_picks(c.picks, {}, {});
  EXPECT_EQ(nothing.all.precision(), 0);
  EXPECT_EQ(nothing.all.recall(), 0);
}

}  // namespace
}  // namespace tessera
