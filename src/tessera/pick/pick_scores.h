// SPDX-License-Identifier: GPL-3.0-or-later
// How well picks find the particles that are there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/base/vec3.h"

namespace tessera {

struct TrueParticle {
  Vec3 position_A;
  double radius_A = 0;
  int32_t tomogram = 0, class_number = 0;
};

struct ScoredPick {
  Vec3 position_A;
  double score = 0;
  int32_t tomogram = 0, class_number = 0;
};

// Precision = hits/picks, recall = hits/particles, F_β = (1 + β²) P R/(β² P + R).
struct PickRates {
  int64_t picks = 0, particles = 0, hits = 0;
  double precision() const { return picks > 0 ? static_cast<double>(hits) / static_cast<double>(picks) : 0; }
  double recall() const { return particles > 0 ? static_cast<double>(hits) / static_cast<double>(particles) : 0; }
  double f_score(double beta) const;
};

struct LocalisationError {
  int64_t pairs = 0;
  double mean_A = 0, rms_A = 0, median_A = 0;
};

// A group of true particles: of one class, or of like radius. Picks count among its precision only where they carry
// classes (`own_picks`); otherwise precision is that of all picks.
struct GroupScore {
  int32_t class_number = 0;
  double from_radius_A = 0, to_radius_A = 0;
  PickRates rates;
  bool own_picks = false;
  double precision = 0, f1 = 0, f4 = 0;
  LocalisationError error;
};

struct CurvePoint {
  double threshold = 0;  // all picks of at least this score
  PickRates rates;
};

struct PickScoreOptions {
  bool class_aware = false;                                   // a hit needs the right class
  double radius_share = 1;                                    // a hit lies within this share of the particle's radius
  std::vector<double> size_edges_A = {40, 60, 80, 100, 130};  // radii that part the groups by size
};

struct PickScores {
  PickRates all;
  LocalisationError error;
  CurvePoint best_f1, best_f4;      // where on the curve F1, F4 are largest
  CurvePoint fixed_number;          // the best N picks, N the number of particles; [P] 4.1.2
  double average_precision = 0;     // area under precision over recall, Σ (R_k − R_{k−1}) P_k, no interpolation
  std::vector<CurvePoint> curve;    // one point for each score
  std::vector<GroupScore> classes;  // ascending class numbers
  std::vector<GroupScore> sizes;
  std::vector<int32_t> particle_of;  // of each pick, in the order given; −1: none
};

// One-to-one (SparseMatching): of all matchings of picks with particles of the same tomogram whose centre is nearer
// than their radius, one with the most pairs and of these one with the least distance in sum; at every threshold anew.
// Picks of equal score enter the curve together. Cost n log n for neighbourhoods of bounded size.
// Oracle: the Hungarian method on the full table at every threshold (pick_scores_test.cc).
PickScores score_picks(const std::vector<ScoredPick>& picks, const std::vector<TrueParticle>& particles,
                       const PickScoreOptions& options);

}  // namespace tessera
