// SPDX-License-Identifier: GPL-3.0-or-later
// The average that particles would have made without some of them.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "tessera/average/marginal.h"

namespace tessera {

// Leaving a particle's share E = Σ g R⁻¹(HX) out of the sums does not undo its part in an average: the others have
// turned towards it, and bring its noise back. To first order a change δA of the average changes the sums by
// Σ_j Cov_j δA/σ², the posterior covariance of the turned particle j; for white noise that is the part of its power
// which averaging over its poses removes, Cov/σ² = H²(1 − Q) with Q what they retain. With A = Σ E/(W(1+κ)) the echo
// sums up to
//   A_without = A − (1+κ)(Q+κ)⁻¹ (A − A_left),
// A_left being the average with the shares left out. Sharp posteriors, Q = 1: A_left itself. Wide ones, Q = 0: the
// change counts (1+κ)/κ times. This is the cavity of belief propagation, or the reaction term of Thouless, Anderson and
// Palmer (1977), for averaging over rotations. Q acts on the orders n of each degree l (MarginalSums::retained), so
// that the poses of a symmetric average are not taken for uncertainty; its trace follows, per shell and degree, the
// power that the shares kept. Collective modes near an instability answer more strongly than white noise: of
// these the correction takes out a part (average/cavity_test.cc, against averages iterated without the particle).
class CavityResponse {
 public:
  // total: of all particles. own_power, particle_power: summed over them, of their shares and of the particles
  // themselves, [shell][l] (degree_powers).
  CavityResponse(const MarginalSums& total, int bandwidth, const std::vector<double>& own_power,
                 const std::vector<double>& particle_power);

  // all, left: averages with the ridge κ, in units of the mean weight, before any mask. Replaces `left` by A_without.
  void leave_out(const ShellHarmonics& all, double ridge, ShellHarmonics& left) const;

 private:
  struct Degree {
    Eigen::MatrixXcf vectors;
    Eigen::MatrixXf retained;  // [eigenvalue][shell], 0 … 1
  };
  std::vector<Degree> degrees_;
};

// Σ_n |a_ln(s)|², [shell][l].
std::vector<double> degree_powers(const ShellHarmonics& map);

}  // namespace tessera
