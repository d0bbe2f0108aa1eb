// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/shells.h"

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

template <typename Visit>
void for_each_shell_component(const HalfSpectrum& spectrum, Visit&& visit) {
  if (!spectrum.real_shape().is_cube()) throw InternalError("shells of a non-cubic volume");
  const int64_t shells = shell_count(spectrum.real_shape().x);
  for_each_frequency(spectrum, [&](int64_t index, int64_t z, int64_t y, int64_t x) {
    const int64_t shell = std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x)));
    if (shell < shells) visit(index, shell, spectrum.multiplicity(x));
  });
}

}  // namespace

std::vector<double> shell_power(const HalfSpectrum& spectrum) {
  std::vector<double> sum(shell_count(spectrum.real_shape().x)), count(sum.size());
  for_each_shell_component(spectrum, [&](int64_t i, int64_t shell, int times) {
    sum[shell] += times * static_cast<double>(std::norm(spectrum.data()[i]));
    count[shell] += times;
  });
  for (size_t s = 0; s < sum.size(); ++s) sum[s] /= count[s];
  return sum;
}

std::vector<double> fourier_shell_correlation(const HalfSpectrum& a, const HalfSpectrum& b) {
  if (a.real_shape() != b.real_shape()) throw InternalError("FSC of volumes of different shape");
  std::vector<double> ab(shell_count(a.real_shape().x)), aa(ab.size()), bb(ab.size());
  for_each_shell_component(a, [&](int64_t i, int64_t shell, int times) {
    const std::complex<double> p(a.data()[i]), q(b.data()[i]);
    ab[shell] += times * (p * std::conj(q)).real();
    aa[shell] += times * std::norm(p);
    bb[shell] += times * std::norm(q);
  });
  for (size_t s = 0; s < ab.size(); ++s) {
    const double power = std::sqrt(aa[s] * bb[s]);
    ab[s] = power > 0 ? ab[s] / power : 0;
  }
  return ab;
}

double fsc_crossing_shell(const std::vector<double>& fsc, double threshold) {
  for (size_t s = 1; s < fsc.size(); ++s) {
    if (fsc[s] >= threshold) continue;
    if (s == 1) return 1;
    return static_cast<double>(s - 1) + (fsc[s - 1] - threshold) / (fsc[s - 1] - fsc[s]);
  }
  return static_cast<double>(fsc.size()) - 1;
}

double fsc_resolution_A(const std::vector<double>& fsc, double threshold, int64_t box, double voxel_size_A) {
  return static_cast<double>(box) * voxel_size_A / fsc_crossing_shell(fsc, threshold);
}

}  // namespace tessera
