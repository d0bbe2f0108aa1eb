// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/wigner.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tessera/base/log_gamma.h"

namespace tessera {
namespace {

// d^j_{m,n} where one of |m|, |n| equals j: a single term, sqrt(binomial) cos^a sin^b with a sign.
double edge_value(int m, int n, double beta) {
  const int j = std::max(std::abs(m), std::abs(n));
  double sign = 1;
  // Bring the index of magnitude j into first place with a plus sign: d_{mn} = (−1)^{m−n} d_{nm} = d_{−n,−m}.
  if (std::abs(m) < j) {
    sign = (m - n) % 2 == 0 ? 1 : -1;
    std::swap(m, n);
  }
  if (m < 0) {  // d_{−j,n} = (−1)^{j+n} d_{j,−n}  (from d_{mn} = (−1)^{m−n} d_{−m,−n})
    if ((j + n) % 2 != 0) sign = -sign;
    n = -n;
  }
  // d^j_{j,n} = √C(2j, j+n) cos^{j+n}(β/2) (−sin(β/2))^{j−n}
  const double c = std::cos(beta / 2), s = std::sin(beta / 2);
  if ((j - n) % 2 != 0) sign = -sign;
  if ((c <= 0 && j + n > 0) || (s <= 0 && j - n > 0)) return 0;
  const double log_binomial = log_gamma(2.0 * j + 1) - log_gamma(j + n + 1.0) - log_gamma(j - n + 1.0);
  const double log_value =
      0.5 * log_binomial + (j + n > 0 ? (j + n) * std::log(c) : 0) + (j - n > 0 ? (j - n) * std::log(s) : 0);
  return sign * std::exp(log_value);
}

}  // namespace

std::vector<double> wigner_d_column(int l_max, int m, int n, double beta) {
  const int first = std::max(std::abs(m), std::abs(n));
  std::vector<double> d;
  if (first > l_max) return d;
  d.reserve(l_max - first + 1);
  d.push_back(edge_value(m, n, beta));
  double previous = 0;
  const double x = std::cos(beta), mm = static_cast<double>(m) * m, nn = static_cast<double>(n) * n;
  for (int l = first; l < l_max; ++l) {
    const double j = l, next = j + 1;
    const double scale = std::sqrt((next * next - mm) * (next * next - nn));
    const double slope = l == 0 ? x : x - m * n / (j * next);
    double value = next * (2 * j + 1) / scale * slope * d.back();
    if (l > 0) value -= next * std::sqrt((j * j - mm) * (j * j - nn)) / (j * scale) * previous;
    previous = d.back();
    d.push_back(value);
  }
  return d;
}

}  // namespace tessera
