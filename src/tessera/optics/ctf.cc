// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/optics/ctf.h"

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {

double electron_wavelength_A(double voltage_kV) {
  // CODATA 2018: h/√(2 m e) in Å·√V, and e/(2 m c²) in 1/V.
  constexpr double non_relativistic = 12.264260, relativistic = 0.97847561e-6;
  const double voltage = voltage_kV * 1e3;
  return non_relativistic / std::sqrt(voltage * (1 + relativistic * voltage));
}

ContrastTransfer::ContrastTransfer(const CtfParameters& parameters) {
  Faults faults;
  if (!(parameters.voltage_kV > 0 && std::isfinite(parameters.voltage_kV)))
    faults.add(fmt::format("the voltage must be positive, {} kV was given", parameters.voltage_kV));
  if (!(parameters.cs_mm >= 0 && std::isfinite(parameters.cs_mm)))
    faults.add(fmt::format("the spherical aberration must not be negative, {} mm was given", parameters.cs_mm));
  if (!std::isfinite(parameters.defocus_um))
    faults.add(fmt::format("the defocus must be a number, {} µm was given", parameters.defocus_um));
  if (!(parameters.amplitude_contrast >= 0 && parameters.amplitude_contrast <= 1))
    faults.add(
        fmt::format("the amplitude contrast must lie between 0 and 1, {} was given", parameters.amplitude_contrast));
  faults.raise<UserError>("the contrast transfer function cannot be computed");
  const double wavelength = electron_wavelength_A(parameters.voltage_kV);
  quadratic_ = pi * wavelength * parameters.defocus_um * micrometre_A;
  quartic_ = -0.5 * pi * parameters.cs_mm * millimetre_A * wavelength * wavelength * wavelength;
  amplitude_weight_ = parameters.amplitude_contrast;
  phase_weight_ = std::sqrt(1 - amplitude_weight_ * amplitude_weight_);
}

double ContrastTransfer::phase(double frequency_per_A) const {
  const double square = frequency_per_A * frequency_per_A;
  return square * (quadratic_ + quartic_ * square);
}

double ContrastTransfer::operator()(double frequency_per_A) const {
  const double chi = phase(frequency_per_A);
  return phase_weight_ * std::sin(chi) + amplitude_weight_ * std::cos(chi);
}

double detector_mtf(double nyquist_fraction) {
  const double argument = 0.5 * pi * nyquist_fraction;
  return std::abs(argument) < 1e-6 ? 1 - argument * argument / 6 : std::sin(argument) / argument;
}

}  // namespace tessera
