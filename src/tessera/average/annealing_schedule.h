// SPDX-License-Identifier: GPL-3.0-or-later
// How the marginal start cools, and what holds it once an average has condensed.
#pragma once

#include <algorithm>
#include <limits>

namespace tessera {

// What an iteration over all poses says: means over the particles; of the effective poses the geometric one.
struct Expected {
  double log_evidence = 0, information = 0, effective_poses = 0;
  double own_nats = 0;  // the log-likelihood that its own share of the average would give to a particle's poses
};

// Log-likelihoods are divided by the temperature T, averages are solved with the ridge κ (in units of the mean weight).
//
// Cooling: T falls to 1, fast while the average is round, then κ falls, until the information on the rotations exceeds
// what a round average gives and rises: an average has condensed. If it never does, the schedule ends there. Until
// something stirs, a grid of few degrees does: a round average has one.
//
// Holding: from then on T follows the particles' own share. Their echo is taken out of the averages to first order
// (average/cavity.h), which serves while a particle's own share of the average is worth a fraction of a nat to its
// poses; beyond, particles recognise their own noise, and the average drifts away from the structure even when it
// starts there. T ← max(1, T √(own share / share to hold)), within limits, keeps it there while the average improves.
class AnnealingSchedule {
 public:
  double temperature() const { return temperature_; }
  double ridge() const { return ridge_; }
  bool stirs() const { return stirs_; }  // or cooling has come to T = 1
  bool condensed() const { return held_ > 0; }
  // Sets temperature and ridge for the next iteration; false when there is none.
  bool next(const Expected& said);
  // Before the first iteration with more degrees, which may have stirred earlier.
  void reheat() { temperature_ = std::min(1.25 * temperature_, hottest); }

 private:
  static constexpr double hottest = 4;
  double temperature_ = hottest, ridge_ = 0.25;
  double information_ = std::numeric_limits<double>::infinity();  // of the iteration before
  int held_ = 0;
  bool stirs_ = false;
};

}  // namespace tessera
