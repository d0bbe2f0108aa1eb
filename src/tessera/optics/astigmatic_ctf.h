// SPDX-License-Identifier: GPL-3.0-or-later
// Contrast transfer with astigmatism, at any height of the specimen.
#pragma once

#include "tessera/optics/ctf.h"

namespace tessera {

struct Astigmatism {
  double difference_um = 0;  // largest less smallest defocus, ≥ 0
  double angle = 0;          // radians from x to the direction of the largest defocus
};

// CTF(k) = √(1−A²) sin χ + A cos χ with χ of optics/ctf.h at the defocus of the direction α of k,
//   Δf(α) = Δf + ½ (Δf_max − Δf_min) cos 2(α − α₀)                                 (Rohou & Grigorieff 2015, Eq. 2)
// less the height of the scatterer: the gun is at +z, so what lies higher is nearer to the plane an underfocused lens
// looks at. Written as sin(χ + φ) with sin φ = A. Immutable, thread-safe. Without astigmatism and height it is
// ContrastTransfer (tested).
class AstigmaticTransfer {
 public:
  // UserError naming every parameter out of range, and a defocus that is not positive: underfocus is positive here.
  AstigmaticTransfer(const CtfParameters& parameters, const Astigmatism& astigmatism);

  // χ + φ at frequency (kx, ky) in 1/Å of a scatterer `height_A` above the middle of the specimen.
  double angle(double kx, double ky, double height_A = 0) const;
  double operator()(double kx, double ky, double height_A = 0) const;
  // What angle() loses per Å of height: π λ k².
  double angle_per_A(double kx, double ky) const;

 private:
  double wavelength_, defocus_A_, half_difference_A_, axis_cosine_, axis_sine_, quartic_, offset_;
};

}  // namespace tessera
