// SPDX-License-Identifier: GPL-3.0-or-later
// How much of Fourier space each sample of a tilt series stands for.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera {

// Weights [tilt][|u|], |u| = 0 … count − 1, of samples at ±(u/2)(cos θ, sin θ) in units of one Fourier component of the
// box (samples of images padded twice). Solves Σ_j w_j C(r_i − r_j) = 1 at every sample i, C a bump of radius 1 and
// integral 1, by w ← w / (C * w) from w = 1 (Pipe & Menon 1999): the area of Fourier space where samples are dense, the
// area of a slice one component thick where they are sparse. Cost O(samples² / radius · iterations), below 0.1 s at 41
// × 64.
std::vector<std::vector<double>> tilt_sample_weights(const std::vector<double>& tilts, int64_t count);

}  // namespace tessera
