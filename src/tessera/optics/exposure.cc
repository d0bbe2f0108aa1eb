// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/optics/exposure.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// v²/c² of an electron of kinetic energy eV, mc² = 511 keV.
double squared_speed(double voltage_kV) {
  const double gamma = 1 + voltage_kV / 510.99895;
  return 1 - 1 / (gamma * gamma);
}

}  // namespace

double critical_exposure(double frequency_per_A, double voltage_kV) {
  if (frequency_per_A <= 0) return std::numeric_limits<double>::infinity();
  const double at_300_kV = 0.24499 * std::pow(frequency_per_A, -1.6649) + 2.8141;
  return at_300_kV * squared_speed(voltage_kV) / squared_speed(300);
}

double exposure_amplitude(double frequency_per_A, double exposure, double voltage_kV) {
  return std::exp(-0.5 * exposure / critical_exposure(frequency_per_A, voltage_kV));
}

double mean_exposure_amplitude(double frequency_per_A, double before, double after, double voltage_kV) {
  const double decay = 0.5 / critical_exposure(frequency_per_A, voltage_kV), growth = (after - before) * decay;
  const double mean = growth < 1e-6 ? 1 - 0.5 * growth : -std::expm1(-growth) / growth;
  return std::exp(-before * decay) * mean;
}

const std::vector<std::string>& exposure_schemes() {
  static const std::vector<std::string> names = {"dose-symmetric", "bidirectional", "unidirectional"};
  return names;
}

std::vector<int> acquisition_order(const std::vector<double>& tilts, const std::string& scheme) {
  const auto count = static_cast<int>(tilts.size());
  std::vector<int> rising(count);
  std::iota(rising.begin(), rising.end(), 0);
  std::stable_sort(rising.begin(), rising.end(), [&](int a, int b) { return tilts[a] < tilts[b]; });
  int start = 0;  // place in `rising` of the tilt nearest to 0
  for (int i = 1; i < count; ++i)
    if (std::abs(tilts[rising[i]]) < std::abs(tilts[rising[start]])) start = i;
  std::vector<int> sequence;  // places in `rising`, in order of time
  if (scheme == "unidirectional") {
    for (int i = 0; i < count; ++i) sequence.push_back(i);
  } else if (scheme == "bidirectional") {
    for (int i = start; i < count; ++i) sequence.push_back(i);
    for (int i = start - 1; i >= 0; --i) sequence.push_back(i);
  } else if (scheme == "dose-symmetric") {
    const auto take = [&](int place) {
      if (place >= 0 && place < count) sequence.push_back(place);
    };
    take(start);
    for (int step = 1; step < count; ++step) {
      const int side = step % 2 == 1 ? 1 : -1;
      take(start + side * step);
      take(start - side * step);
    }
  } else {
    throw UserError(
        fmt::format("there is no dose scheme '{}'; take one of {}", scheme, fmt::join(exposure_schemes(), ", ")));
  }
  std::vector<int> order(count);
  for (int when = 0; when < count; ++when) order[rising[sequence[when]]] = when;
  return order;
}

}  // namespace tessera
