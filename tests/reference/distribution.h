// SPDX-License-Identifier: GPL-3.0-or-later
// How far samples stray from the distribution they claim: the oracles of random numbers.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

namespace tessera::reference {

// Pearson's statistic in standard deviations of its own law: (Σ (n_i − e_i)²/e_i − dof)/√(2 dof). About N(0, 1) for
// many cells of at least five expected counts each, so 5 is passed by chance once in a few hundred thousand.
inline double chi_square_deviation(const std::vector<double>& counts, const std::vector<double>& expected) {
  double sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) sum += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  const auto freedom = static_cast<double>(counts.size() - 1);
  return (sum - freedom) / std::sqrt(2 * freedom);
}

// Kolmogorov's √n · sup |F_n − F|: exceeds 2.5 once in about 130 000 draws from the true law.
template <typename Cumulative>
double kolmogorov(std::vector<double> samples, Cumulative&& cumulative) {
  std::sort(samples.begin(), samples.end());
  const auto n = static_cast<double>(samples.size());
  double largest = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double law = cumulative(samples[i]), rank = static_cast<double>(i);
    largest = std::max({largest, std::abs(law - rank / n), std::abs(law - (rank + 1) / n)});
  }
  return std::sqrt(n) * largest;
}

inline double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

// Mean of (v − centre)^power.
inline double moment(const std::vector<double>& values, double centre, int power) {
  double sum = 0;
  for (const double v : values) sum += std::pow(v - centre, power);
  return sum / static_cast<double>(values.size());
}

// Sample correlation coefficient; about N(0, 1/n) for independent series.
inline double series_correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean(a), mean_b = mean(b);
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace tessera::reference
