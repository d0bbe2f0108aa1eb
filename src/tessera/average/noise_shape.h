// SPDX-License-Identifier: GPL-3.0-or-later
// How the noise of tomograms is spread within a shell.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/align/fourier_weight.h"
#include "tessera/fft/half_spectrum.h"

namespace tessera {

// A tomogram is put together from slices that crowd near the tilt axis y and are weighed by their distance r from it:
// within a shell |k| the noise grows with u = r/|k|, after a ramp filter in proportion. ν(|k|, u) is the power of the
// observed components over the mean of their shell, of all particles together, in six intervals of u and with two
// shells on either side taken in; linear between. Divided by √ν, noise is white in each shell again, and H/√ν takes the
// place of H: every sum over components then weighs them by what they say. Particles are weak; where they are not, ν is
// that of signal and noise.
class NoiseShape {
 public:
  static constexpr int intervals = 6;
  // By [shell][interval]: Σ|X|², and what white noise of unit variance would give.
  struct Sums {
    std::vector<double> power, components;
    void add(const Sums& other);
  };
  // Of one particle; seen: the components of its tilt group up to the same shell for all particles.
  static Sums sums(const HalfSpectrum& spectrum, const ObservedComponents& seen);
  explicit NoiseShape(const Sums& of_all);

  // 1/√ν of every component of the half spectrum of a cubic box, in its order.
  std::vector<float> gains(int64_t box) const;

 private:
  double value(double shell, double u) const;
  int64_t shells_;
  std::vector<double> shape_;  // [shell][interval]
};

// H · gain, component by component.
FourierWeight scaled(const FourierWeight& weight, const std::vector<float>& gains);

}  // namespace tessera
