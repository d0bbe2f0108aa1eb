// SPDX-License-Identifier: GPL-3.0-or-later
// Real-space masks, filters and voxel statistics.
#pragma once

#include "tessera/fft/half_spectrum.h"
#include "tessera/volume/volume.h"

namespace tessera {

// 1 below `start`, 0 above `end`, raised cosine between.
double cosine_edge(double value, double start, double end);

// 1 inside `radius` voxels of the centre voxel, a raised-cosine edge of `edge` voxels outside it, then 0.
Volume<float> soft_sphere(Shape3 shape, double radius, double edge);

// The map times the mask, voxel by voxel; of the same shape.
Volume<float> masked(Volume<float> map, const Volume<float>& mask);

// A number that differs, but for one chance in 2⁶⁴, between volumes that differ in any bit of any voxel. 0.3 ms at 64³.
uint64_t digest(const Volume<float>& volume);

struct Statistics {
  double mean = 0, variance = 0;
  float minimum = 0, maximum = 0;
  int64_t not_finite = 0;  // NaN and infinite voxels, left out of the rest
};
Statistics statistics(const Volume<float>& volume);

// Multiplies by a low-pass that is 1 up to `shell` − width/2 and falls as a raised cosine to 0 at `shell` + width/2.
// Cubic boxes only.
void low_pass(HalfSpectrum& spectrum, double shell, double width = 2);

// Pearson correlation of two volumes of the same shape, each voxel counted with weight mask(voxel) ≥ 0. 0 where either
// volume is flat under the mask.
double masked_correlation(const Volume<float>& a, const Volume<float>& b, const Volume<float>& mask);
// The same over the whole box.
double correlation(const Volume<float>& a, const Volume<float>& b);

// out(y) = in(Aᵀ(y − c − shift) + c) with trilinear interpolation, c the centre voxel, A a rotation: the volume turned
// by A about its centre, then moved by `shift` voxels. Zero outside. 90° rotations are exact on odd boxes and on even
// boxes but for the planes that leave the box.
Volume<float> rotate_volume(const Volume<float>& in, const Mat3& rotation, Vec3 shift_voxels = {});

}  // namespace tessera
