// SPDX-License-Identifier: GPL-3.0-or-later
// Electron scattering factors of neutral atoms.
#pragma once

#include <array>

namespace tessera {

// f_e(s) = Σ_i a_i exp(−b_i s²) in Å, s = sin θ/λ = k/2 in 1/Å, for s up to 2 (Peng, Ren, Dudarev & Whelan 1996;
// International Tables for Crystallography C, table 4.3.2.2). f_e(0) is the integral of the atom's potential, up to
// potential_scale.
struct ScatteringFactor {
  std::array<double, 5> a, b_A2;
  double operator()(double s_per_A) const;
};

// h²/2πme in V·Å²: ∫ potential dV = potential_scale · f_e(0).
inline constexpr double potential_scale = 47.87801;

// Atomic numbers 1 … 98; others are given the factor of the nearest of these.
const ScatteringFactor& scattering_factor(int atomic_number);

// Volume in Å³ that an atom displaces in water: H, C, N, O (Fraser, MacRae & Suzuki 1978), P, S (Svergun, Barberato &
// Koch 1995). Other elements, rare in biological molecules, are given carbon's.
double displaced_volume_A3(int atomic_number);

}  // namespace tessera
