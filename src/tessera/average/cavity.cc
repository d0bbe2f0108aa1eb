// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/cavity.h"

#include <Eigen/Eigenvalues>
#include <algorithm>

namespace tessera {
namespace {

// All orders of one degree, −l … l, of each shell.
Eigen::MatrixXcf orders_of(const ShellHarmonics& map, int l) {
  Eigen::MatrixXcf out(2 * l + 1, map.shells);
  for (int m = 0; m <= l; ++m)
    for (int s = 0; s < map.shells; ++s) {
      const std::complex<float> value = map.row(l, m)[s];
      out(l - m, s) = (m % 2 == 0 ? 1.0f : -1.0f) * std::conj(value);
      out(l + m, s) = value;
    }
  return out;
}

}  // namespace

std::vector<double> degree_powers(const ShellHarmonics& map) {
  std::vector<double> out(static_cast<size_t>(map.shells) * map.bandwidth);
  for (int l = 0; l < map.bandwidth; ++l)
    for (int m = 0; m <= l; ++m)
      for (int s = 0; s < map.shells; ++s)
        out[static_cast<size_t>(s) * map.bandwidth + l] += (m == 0 ? 1.0 : 2.0) * std::norm(map.row(l, m)[s]);
  return out;
}

CavityResponse::CavityResponse(const MarginalSums& total, int bandwidth, const std::vector<double>& own_power,
                               const std::vector<double>& particle_power) {
  const int shells = total.numerator.shells;
  const std::complex<float>* from = total.retained.data();
  for (int l = 0; l < bandwidth; ++l) {
    const int orders = 2 * l + 1;
    using Matrix = Eigen::Matrix<std::complex<float>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcf> solver(  // which reads what is below the diagonal
        Eigen::MatrixXcf(Eigen::Map<const Matrix>(from, orders, orders)));
    from += static_cast<ptrdiff_t>(orders) * orders;
    Degree& degree = degrees_.emplace_back();
    degree.vectors = solver.eigenvectors();
    degree.retained.resize(orders, shells);
    const double trace = std::max(1e-20, static_cast<double>(solver.eigenvalues().sum()));
    for (int s = 0; s < shells; ++s) {
      const size_t at = static_cast<size_t>(s) * bandwidth + l;
      const double mean = particle_power[at] > 0 ? std::min(1.0, own_power[at] / particle_power[at]) : 1;
      for (int i = 0; i < orders; ++i)
        degree.retained(i, s) =
            static_cast<float>(std::clamp(mean * orders / trace * solver.eigenvalues()(i), 0.0, 1.0));
    }
  }
}

void CavityResponse::leave_out(const ShellHarmonics& all, double ridge, ShellHarmonics& left) const {
  const auto kappa = static_cast<float>(ridge);
  for (int l = 0; l < static_cast<int>(degrees_.size()); ++l) {
    const Degree& degree = degrees_[l];
    const Eigen::MatrixXcf before = orders_of(all, l);
    Eigen::MatrixXcf change = degree.vectors.adjoint() * (before - orders_of(left, l));
    change.array() *= ((1 + kappa) / (degree.retained.array() + kappa)).cast<std::complex<float>>();
    const Eigen::MatrixXcf without = before - degree.vectors * change;
    for (int m = 0; m <= l; ++m)
      for (int s = 0; s < left.shells; ++s) left.row(l, m)[s] = without(l + m, s);
  }
}

}  // namespace tessera
