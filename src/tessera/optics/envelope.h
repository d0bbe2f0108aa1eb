// SPDX-License-Identifier: GPL-3.0-or-later
// How strongly a specimen acts on the beam, and what damps the contrast of fine detail.
#pragma once

namespace tessera {

// Phase in radians that 1 V·Å of projected potential gives the electron wave:
//   σ = (2π/λV) (mc² + eV)/(2mc² + eV)          (Kirkland 2010, Eq. 5.6), 6.526e-4 rad/(V·Å) at 300 kV.
double interaction_constant(double voltage_kV);

struct EnvelopeParameters {
  double b_factor_A2 = 0;  // all that is not named below: exp(−B k²/4)
  double voltage_kV = 300;
  double cs_mm = 2.7;
  double defocus_um = 3;
  double cc_mm = 2.7;           // chromatic aberration
  double energy_spread_eV = 0;  // standard deviation
  double convergence_mrad = 0;  // semi-angle of the illumination (standard deviation times √2)
};

// The product of exp(−B k²/4), of the temporal envelope exp(−½ (π λ Δ k²)²) with Δ = Cc ΔE/E, and of the spatial one
// exp(−(π α/λ)² (Cs λ³ k³ − Δf λ k)²) (Frank 1973; Wade & Frank 1977). 1 at k = 0, in (0, 1].
double envelope(const EnvelopeParameters& parameters, double frequency_per_A);

// What a uniform drift by `displacement_A` within one exposure leaves of frequency `along` (1/Å, its component along
// the drift): sin(πkd)/(πkd), which may be negative.
double drift_amplitude(double along_per_A, double displacement_A);

}  // namespace tessera
