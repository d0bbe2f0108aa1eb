// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/optics/envelope.h"

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/optics/ctf.h"

namespace tessera {

double interaction_constant(double voltage_kV) {
  constexpr double rest_energy_keV = 510.99895;
  const double relativistic = (rest_energy_keV + voltage_kV) / (2 * rest_energy_keV + voltage_kV);
  return 2 * pi / (electron_wavelength_A(voltage_kV) * voltage_kV * 1e3) * relativistic;
}

double envelope(const EnvelopeParameters& p, double frequency_per_A) {
  const double k = frequency_per_A, square = k * k, wavelength = electron_wavelength_A(p.voltage_kV);
  const double focus_spread = p.cc_mm * millimetre_A * p.energy_spread_eV / (p.voltage_kV * 1e3);
  const double temporal = pi * wavelength * focus_spread * square;
  const double slope =
      p.cs_mm * millimetre_A * std::pow(wavelength, 3) * square * k - p.defocus_um * micrometre_A * wavelength * k;
  const double spatial = pi * p.convergence_mrad * 1e-3 / wavelength * slope;
  return std::exp(-0.25 * p.b_factor_A2 * square - 0.5 * temporal * temporal - spatial * spatial);
}

double drift_amplitude(double along_per_A, double displacement_A) {
  const double argument = pi * along_per_A * displacement_A;
  return std::abs(argument) < 1e-6 ? 1 - argument * argument / 6 : std::sin(argument) / argument;
}

}  // namespace tessera
