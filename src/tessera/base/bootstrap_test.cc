// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"

namespace tessera {
namespace {

// Of 400 tosses with share 0.7 the mean has standard deviation √(0.21/400); the bootstrap of 2000 draws knows its own
// quantiles to about 5 %.
TEST(Bootstrap, IsTheNormalIntervalForManyTosses) {
  std::vector<double> values(400);
  for (int i = 0; i < 280; ++i) values[i] = 1;
  const Interval interval = bootstrap_mean(values, 3);
  const double sd = std::sqrt(0.21 / 400);
  EXPECT_NEAR(interval.low, 0.7 - 1.96 * sd, 0.2 * sd);
  EXPECT_NEAR(interval.high, 0.7 + 1.96 * sd, 0.2 * sd);
}

TEST(Bootstrap, CoversTheTruthAsOftenAsItSays) {
  int covered = 0;
  for (int trial = 0; trial < 200; ++trial) {
    Random random(9, "tosses", trial);
    std::vector<double> values(100);
    for (double& v : values) v = random.uniform() < 0.6;
    const Interval interval = bootstrap_mean(values, trial, 300);
    covered += interval.low <= 0.6 && 0.6 <= interval.high;
  }
  EXPECT_GE(covered, 178) << "190 expected, four standard deviations of √(200·0.95·0.05)";
}

TEST(Bootstrap, OfOneValueIsThatValue) {
  const Interval same = bootstrap_mean({2, 2, 2}, 1);
  EXPECT_EQ(same.low, 2);
  EXPECT_EQ(same.high, 2);
  EXPECT_EQ(bootstrap_mean({}, 1).high, 0);
}

}  // namespace
}  // namespace tessera
