// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/sample_weights.h"

#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

constexpr int iterations = 60;

struct Sample {
  double x, z;
  int32_t unknown;  // tilt · count + |u|
};

// Samples sorted into square cells of edge 1, so that the neighbours within distance 1 lie in 3 × 3 cells.
struct Cells {
  int64_t half;
  std::vector<std::vector<Sample>> cells;

  explicit Cells(double radius)
      : half(static_cast<int64_t>(radius) + 2), cells(static_cast<size_t>((2 * half + 1) * (2 * half + 1))) {}
  std::vector<Sample>& at(int64_t x, int64_t z) { return cells[(z + half) * (2 * half + 1) + x + half]; }
  std::vector<Sample>& of(double x, double z) {
    return at(static_cast<int64_t>(std::floor(x)), static_cast<int64_t>(std::floor(z)));
  }
};

// (3/π)(1 − r²)², r < 1.
double bump(double square) {
  return square >= 1 ? 0 : 3 / pi * (1 - square) * (1 - square);
}

// A sparse row of the symmetric matrix C(r_i − r_j), mirrored samples folded onto their unknown.
struct Matrix {
  std::vector<size_t> start{0};
  std::vector<int32_t> column;
  std::vector<float> value;
};

Matrix overlaps(const std::vector<double>& tilts, int64_t count) {
  Cells cells(0.5 * static_cast<double>(count));
  for (size_t j = 0; j < tilts.size(); ++j)
    for (int64_t u = 1 - count; u < count; ++u) {
      const double r = 0.5 * static_cast<double>(u), x = r * std::cos(tilts[j]), z = r * std::sin(tilts[j]);
      cells.of(x, z).push_back({x, z, static_cast<int32_t>(static_cast<int64_t>(j) * count + std::abs(u))});
    }
  Matrix matrix;
  for (size_t j = 0; j < tilts.size(); ++j)
    for (int64_t u = 0; u < count; ++u) {
      const double r = 0.5 * static_cast<double>(u), x = r * std::cos(tilts[j]), z = r * std::sin(tilts[j]);
      const auto cx = static_cast<int64_t>(std::floor(x)), cz = static_cast<int64_t>(std::floor(z));
      for (int64_t dz = -1; dz <= 1; ++dz)
        for (int64_t dx = -1; dx <= 1; ++dx)
          for (const Sample& sample : cells.at(cx + dx, cz + dz)) {
            const double c = bump((sample.x - x) * (sample.x - x) + (sample.z - z) * (sample.z - z));
            if (c <= 0) continue;
            matrix.column.push_back(sample.unknown);
            matrix.value.push_back(static_cast<float>(c));
          }
      matrix.start.push_back(matrix.column.size());
    }
  return matrix;
}

}  // namespace

std::vector<std::vector<double>> tilt_sample_weights(const std::vector<double>& tilts, int64_t count) {
  const Matrix matrix = overlaps(tilts, count);
  std::vector<double> weight(tilts.size() * static_cast<size_t>(count), 1.0), next(weight.size());
  for (int iteration = 0; iteration < iterations; ++iteration) {
    for (size_t i = 0; i < weight.size(); ++i) {
      double sum = 0;
      for (size_t k = matrix.start[i]; k < matrix.start[i + 1]; ++k) sum += matrix.value[k] * weight[matrix.column[k]];
      next[i] = weight[i] / sum;  // sum ≥ C(0) · own weight > 0
    }
    weight.swap(next);
  }
  std::vector<std::vector<double>> out;
  for (size_t j = 0; j < tilts.size(); ++j)
    out.emplace_back(weight.begin() + static_cast<int64_t>(j) * count,
                     weight.begin() + static_cast<int64_t>(j + 1) * count);
  return out;
}

}  // namespace tessera
