// SPDX-License-Identifier: GPL-3.0-or-later
// The best shift of a reference at a fixed rotation.
#pragma once

#include "tessera/align/pose_score.h"

namespace tessera {

// cross(t) = Σ ω Re(conj(X) H A(R⁻¹k) e^{−2πi k·t/n}) for every t of a grid by one FFT of a box just large enough for
// the components' band, the largest value within `max_shift` voxels of the origin, refined by a parabola along each
// axis. `peaks` > 1 gives further local maxima, best first. Cost: one sample per component and one FFT of about
// (2·max_shell+2)³.
struct ShiftPeak {
  Vec3 shift_voxels;
  double cross = 0;
};
std::vector<ShiftPeak> search_shift(const WeightedParticle& particle, const PaddedSpectrum& reference,
                                    const Rotation& particle_from_ref, double max_shift_voxels, int peaks = 1);

}  // namespace tessera
