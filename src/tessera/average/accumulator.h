// SPDX-License-Identifier: GPL-3.0-or-later
// Sums of particles turned back into the frame of the reference, and the maps solved from them.
#pragma once

#include <vector>

#include "tessera/align/fourier_weight.h"
#include "tessera/align/padded_spectrum.h"
#include "tessera/align/pose_score.h"
#include "tessera/fft/half_spectrum.h"

namespace tessera {

// numerator(k) = Σ g H X(Rk) e^{+2πi (Rk)·t}, weight(k) = Σ g H²(Rk), over the half spectrum of the unpadded box: the
// normal equations of A for X = H·(RA shifted) + noise ([F] Eq. 10 without the imputed term). Gathered, not scattered:
// each component of A is read from the particle's padded spectrum, so that planes of A can be summed by different
// threads, every one over the particles in the same order, and the bits do not depend on their number.
struct Accumulator {
  Accumulator() = default;
  explicit Accumulator(int64_t box) : numerator(Shape3::cube(box)), weight(numerator.size()) {}

  // Adds to the planes kz of stored index [begin, end).
  void add(const PaddedSpectrum& particle, const FourierWeight& weight, const Pose& pose, double probability,
           int64_t begin, int64_t end);
  void add(const Accumulator& other);

  HalfSpectrum numerator;
  AlignedVector<float> weight;
};

// Σ numerator / (weight + ridge), ridge per shell; shells beyond `max_shell` and unobserved components are 0. With a
// mean: (Σ numerator + ridge · mean) / (weight + ridge).
HalfSpectrum solve(const Accumulator& sums, const std::vector<double>& ridge, int64_t max_shell,
                   const HalfSpectrum* mean = nullptr);

// Mean of the weight in each shell.
std::vector<double> mean_weight(const Accumulator& sums);

// The same sums made symmetric: the mean over the operations of the group (rotations about the centre).
Accumulator symmetrised(const Accumulator& sums, const std::vector<Rotation>& operations);

}  // namespace tessera
