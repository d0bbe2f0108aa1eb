// SPDX-License-Identifier: GPL-3.0-or-later
// Contrast transfer of the microscope and modulation transfer of the detector.
#pragma once

namespace tessera {

struct CtfParameters {
  double voltage_kV = 300;
  double cs_mm = 2.7;               // spherical aberration
  double defocus_um = 6;            // positive is underfocus
  double amplitude_contrast = 0.1;  // fraction, 0 … 1
};

// Relativistic wavelength of the electron, λ = h/√(2 m e V (1 + eV/2mc²)); 0.019687 Å at 300 kV.
double electron_wavelength_A(double voltage_kV);

// CTF of a weak phase object at spatial frequency k (1/Å):
//   CTF(k) = √(1−A²) sin χ + A cos χ,   χ = π λ Δf k² − (π/2) Cs λ³ k⁴
// (Wade 1992, with Δf > 0 underfocus). The sign is chosen so that an underfocused image shows protein bright: the CTF
// is positive from k = 0, where it is A, to its first zero. Micrographs of RELION and others carry the opposite sign.
// Tested at the zeros found by hand from χ.
class ContrastTransfer {
 public:
  // UserError naming every parameter out of range.
  explicit ContrastTransfer(const CtfParameters& parameters);

  double operator()(double frequency_per_A) const;
  double phase(double frequency_per_A) const;  // χ in radians

 private:
  double quadratic_, quartic_, phase_weight_, amplitude_weight_;
};

// Modulation transfer sin(πω/2)/(πω/2) of a detector, ω the fraction of the Nyquist frequency ([F] 3.1; McMullan et al.
// 2009): 1 at 0, 2/π at Nyquist.
double detector_mtf(double nyquist_fraction);

}  // namespace tessera
