// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/subdivide/points.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "tessera/base/random.h"

namespace tessera {

void standardise(Points& points) {
  for (int64_t d = 0; d < points.dimensions; ++d) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < points.count; ++i) sum += points.row(i)[d];
    const double mean = sum / static_cast<double>(points.count);
    for (int64_t i = 0; i < points.count; ++i) square += std::pow(points.row(i)[d] - mean, 2);
    const double deviation = std::sqrt(square / static_cast<double>(points.count));
    const double scale = deviation > 1e-9 * (1 + std::abs(mean)) ? 1 / deviation : 0;
    for (int64_t i = 0; i < points.count; ++i) points.row(i)[d] = static_cast<float>((points.row(i)[d] - mean) * scale);
  }
}

Points principal_components(const Points& points, int components, uint64_t seed) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Matrix x = Eigen::Map<const Matrix>(points.values.data(), points.count, points.dimensions);
  x.rowwise() -= x.colwise().mean().eval();
  const auto wanted =
      static_cast<Eigen::Index>(std::min<int64_t>({static_cast<int64_t>(components), points.count, points.dimensions}));
  const auto probes = std::min<Eigen::Index>({wanted + 10, points.count, points.dimensions});
  Random random(seed, "principal components");
  Matrix basis(points.dimensions, probes);
  for (Eigen::Index i = 0; i < basis.size(); ++i) basis.data()[i] = static_cast<float>(random.normal());
  Matrix image;
  for (int iteration = 0; iteration < 8; ++iteration) {  // subspace iteration (Halko et al. 2011, Algorithm 4.4)
    image = x * basis;
    basis = x.transpose() * image;
    Eigen::HouseholderQR<Eigen::MatrixXf> qr(basis);
    basis = qr.householderQ() * Eigen::MatrixXf::Identity(points.dimensions, probes);
  }
  image = x * basis;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(image.transpose() * image);
  const Eigen::MatrixXf leading = solver.eigenvectors().rowwise().reverse().leftCols(wanted);
  const Matrix out = image * leading;
  Points made{points.count, wanted, {}};
  made.values.assign(out.data(), out.data() + out.size());
  return made;
}

}  // namespace tessera
