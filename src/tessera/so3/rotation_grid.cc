// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/rotation_grid.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/so3/point_group.h"

namespace tessera {
namespace {

// γ in [0, 2π/fold), β in (0, π) or (0, π/2).
std::vector<Rotation> euler_rows(double step, int64_t fold, bool half) {
  std::vector<Rotation> out;
  const auto pieces = [step](double length) { return std::max<int64_t>(1, std::llround(length / step)); };
  const double beta_range = half ? pi / 2 : pi, gamma_range = 2 * pi / static_cast<double>(fold);
  const int64_t rows = pieces(beta_range), turns = pieces(gamma_range);
  for (int64_t i = 0; i < rows; ++i) {
    const double beta = beta_range * (static_cast<double>(i) + 0.5) / static_cast<double>(rows);
    const int64_t columns = pieces(2 * pi * std::sin(beta));
    for (int64_t j = 0; j < columns; ++j) {
      const double alpha =
          2 * pi * (static_cast<double>(j) + 0.5 * static_cast<double>(i % 2)) / static_cast<double>(columns);
      for (int64_t k = 0; k < turns; ++k)
        out.push_back(
            Rotation::from_euler({alpha, beta, gamma_range * static_cast<double>(k) / static_cast<double>(turns)}));
    }
  }
  return out;
}

}  // namespace

std::vector<Rotation> rotation_grid(double step, const std::string& symmetry) {
  if (!(step > 0 && step <= pi)) throw InternalError("a grid of rotations without a step");
  const std::vector<Rotation> group = point_group(symmetry);
  const auto order = static_cast<int64_t>(group.size());
  const char kind = static_cast<char>(std::toupper(static_cast<unsigned char>(symmetry.front())));
  if (kind == 'C') return euler_rows(step, order, false);
  if (kind == 'D') return euler_rows(step, order / 2, true);
  std::vector<Rotation> out;
  for (const Rotation& rotation : euler_rows(step, 1, false)) {
    const double here = angle_between(rotation, {}) - 0.25 * step;
    if (std::all_of(group.begin(), group.end(),
                    [&](const Rotation& g) { return here <= angle_between(rotation * g, {}); }))
      out.push_back(rotation);
  }
  return out;
}

}  // namespace tessera
