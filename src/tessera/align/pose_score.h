// SPDX-License-Identifier: GPL-3.0-or-later
// The agreement of one particle with a reference at a given pose, its derivatives, and the climb to the nearest
// maximum.
#pragma once

#include <array>

#include "tessera/align/fourier_weight.h"
#include "tessera/align/padded_spectrum.h"
#include "tessera/so3/rotation.h"

namespace tessera {

// x_particle = particle_from_ref · x_ref + shift (voxels).
struct Pose {
  Rotation particle_from_ref;
  Vec3 shift_voxels;
};

// Y_k = H_k e^{−2πi k·t/n} A(R⁻¹k): the reference as this particle would show it. With ω_k = 1/σ²_k,
//   cross = Σ ω Re(conj(X) Y), power = Σ ω |Y|²  (sums over the whole spectrum)
// −½ Σ ω |X − aY|² = const + a·cross − ½a²·power: the log-likelihood ([F] Eq. 15) for σ² = E|N_k|², the variance of the
// complex component ([F] Eq. 12); that of the real part alone would double it. correlation = cross/√power ([F] Eq. 1),
// the best over the scale a.
struct PoseScore {
  double cross = 0, power = 0;
  double correlation() const { return power > 0 ? cross / std::sqrt(power) : 0; }
  double log_likelihood_ratio() const { return cross - 0.5 * power; }
};

// One particle's observed components, weighted for the sums above: p = 2·ω·H·X (premultiplied data hold H·X already).
struct WeightedParticle {
  const ObservedComponents* components = nullptr;
  std::vector<float> re, im;                         // 2 ω H X
  const std::vector<float>* power_weight = nullptr;  // 2 ω H², shared by the tilt group
};
// noise_variance: per shell. `spectrum` is the centred spectrum of the particle, unpadded.
WeightedParticle weighted_particle(const ObservedComponents& components, const std::complex<float>* spectrum,
                                   const std::vector<double>& noise_variance, const std::vector<float>& power_weight);
std::vector<float> power_weights(const ObservedComponents& components, const std::vector<double>& noise_variance);

// Cost: one trilinear sample a component, about 5 ns each.
PoseScore score_pose(const WeightedParticle& particle, const PaddedSpectrum& reference, const Pose& pose);

// Adds |X − Y|² of every observed component to its shell of `per_shell`, Y at scale 1 and, for premultiplied data,
// multiplied by H as they are.
void add_residual(const ObservedComponents& components, const std::complex<float>* spectrum,
                  const PaddedSpectrum& reference, const Pose& pose, std::vector<double>& per_shell);

struct RefinedPose {
  Pose pose;
  PoseScore score;
  // ½ log det of the curvature of −log-likelihood over (rotation vector, shift): the peak's Laplace volume is
  // (2π)³ e^{−half_log_determinant}.
  double half_log_determinant = 0;
};
struct RefineOptions {
  int max_steps = 8;
  double max_shift_voxels = 5;       // distance the shift may have from the origin
  double rotation_tolerance = 1e-3;  // radians; stop when a step is smaller than this and
  double shift_tolerance = 5e-3;     // voxels
  // Stop where the quadratic model promises no profile log-likelihood ½·correlation² of this, with a generous margin.
  double give_up_below = -1e300;
};
// Levenberg–Marquardt on SO(3)×R³ with analytic derivatives of the interpolated reference, the scale a profiled out
// (variable projection). Never returns a lower correlation than it started from. Oracle: finite differences.
RefinedPose refine_pose(const WeightedParticle& particle, const PaddedSpectrum& reference, const Pose& start,
                        const RefineOptions& options);

// The sums of one Gauss–Newton step; exposed for the test against finite differences. Parameters 0–2: rotation vector
// in the particle frame (left multiplication), 3–5: shift x, y, z in voxels.
struct PoseDerivatives {
  PoseScore score;
  std::array<double, 6> cross_gradient{}, half_power_gradient{};
  std::array<std::array<double, 6>, 6> curvature{};  // Σ ω Re(conj(∂Y_a) ∂Y_b)
};
PoseDerivatives pose_derivatives(const WeightedParticle& particle, const PaddedSpectrum& reference, const Pose& pose);

}  // namespace tessera
