// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/optics/astigmatic_ctf.h"

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {

AstigmaticTransfer::AstigmaticTransfer(const CtfParameters& parameters, const Astigmatism& astigmatism) {
  ContrastTransfer{parameters};  // checks them
  Faults faults;
  if (!(parameters.defocus_um > 0))
    faults.add(
        fmt::format("the defocus must be positive, which is underfocus here; {} µm was given", parameters.defocus_um));
  if (!(astigmatism.difference_um >= 0 && astigmatism.difference_um < 2 * parameters.defocus_um))
    faults.add(fmt::format("the astigmatism must lie between 0 and twice the defocus, {} µm was given",
                           astigmatism.difference_um));
  faults.raise<UserError>("the contrast transfer function cannot be computed");
  wavelength_ = electron_wavelength_A(parameters.voltage_kV);
  defocus_A_ = parameters.defocus_um * micrometre_A;
  half_difference_A_ = 0.5 * astigmatism.difference_um * micrometre_A;
  axis_cosine_ = std::cos(2 * astigmatism.angle);
  axis_sine_ = std::sin(2 * astigmatism.angle);
  quartic_ = -0.5 * pi * parameters.cs_mm * millimetre_A * std::pow(wavelength_, 3);
  offset_ = std::asin(parameters.amplitude_contrast);
}

double AstigmaticTransfer::angle_per_A(double kx, double ky) const {
  return pi * wavelength_ * (kx * kx + ky * ky);
}

double AstigmaticTransfer::angle(double kx, double ky, double height_A) const {
  const double xx = kx * kx, yy = ky * ky, square = xx + yy;
  // k² cos 2(α − α₀) without trigonometry.
  const double turned = (xx - yy) * axis_cosine_ + 2 * kx * ky * axis_sine_;
  const double defocus_term = (defocus_A_ - height_A) * square + half_difference_A_ * turned;
  return pi * wavelength_ * defocus_term + quartic_ * square * square + offset_;
}

double AstigmaticTransfer::operator()(double kx, double ky, double height_A) const {
  return std::sin(angle(kx, ky, height_A));
}

}  // namespace tessera
