// SPDX-License-Identifier: GPL-3.0-or-later
// How much of Fourier space each component of a tilt image stands for: the filter of weighted back-projection and the
// weight of direct Fourier inversion.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera {

// Names of the weightings of view_filters().
const std::vector<std::string>& weighting_names();

// Filters [tilt][u], u = 0 … length/2, of images with rows of `length` pixels, so that
//   V(x, z) = Σ_j ∫ w_j(u) F_j(u) exp(2πi u (x cos θ_j + z sin θ_j)) du,  |u| < ½ cycles per pixel
//   ramp   w = |u| Δθ_j, Δθ_j half the angle between the neighbours (at the ends: the angle to the one neighbour): the
//          area of a sample in polar coordinates. Objects come back at full contrast.
//   capped min(ramp, 1/D), D the thickness of the specimen in pixels: no slice stands for more than its own thickness
//   D⁻¹,
//          so that noise is not raised where slices lie apart
//   exact  w = 1 / (D Σ_i max(0, 1 − D |u sin(θ_i − θ_j)|)): slices D⁻¹ thick that share what they have in common
//   (Harauz &
//          van Heel 1986)
//   none   w = 1/(D n): the mean of the n smeared images
// tilts ascend. At u = 0 the ramp has the mean over its cell, Δθ/4·length. One tilt alone has w = 1/D.
using ViewFilters = std::vector<std::vector<float>>;  // [tilt][u]
ViewFilters view_filters(const std::vector<double>& tilts, const std::string& weighting, int64_t thickness,
                         int64_t length);

}  // namespace tessera
