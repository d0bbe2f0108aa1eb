// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/annealing_schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tessera {
namespace {

Expected said(double information, double own_nats) {
  Expected out;
  out.information = information;
  out.own_nats = own_nats;
  return out;
}

TEST(AnnealingSchedule, CoolsToItsEndWhereNothingCondenses) {
  AnnealingSchedule schedule;
  double temperature = schedule.temperature(), ridge = schedule.ridge();
  int iterations = 1;
  for (; schedule.next(said(0.01, 0.001)); ++iterations) {
    EXPECT_LE(schedule.temperature(), temperature);
    EXPECT_GE(schedule.temperature(), 1);
    EXPECT_LE(schedule.ridge(), ridge);
    EXPECT_TRUE(schedule.ridge() == ridge || schedule.temperature() == 1) << "the ridge falls after the temperature";
    temperature = schedule.temperature();
    ridge = schedule.ridge();
  }
  EXPECT_FALSE(schedule.condensed());
  EXPECT_LT(iterations, 60);
}

TEST(AnnealingSchedule, RandomPosesThatMeltAreNoCondensate) {
  AnnealingSchedule schedule;
  for (double information = 3; information > 0.8; information *= 0.9) schedule.next(said(information, 0.6));
  EXPECT_FALSE(schedule.condensed());
  schedule.next(said(1.2, 0.1));
  EXPECT_TRUE(schedule.condensed());
}

TEST(AnnealingSchedule, StirsWhenInformationRisesOrAllIsCold) {
  AnnealingSchedule schedule;
  for (const double melting : {0.5, 0.1, 0.01, 0.001, 0.0015}) {
    schedule.next(said(melting, 0.1));
    EXPECT_FALSE(schedule.stirs()) << melting;
  }
  schedule.next(said(0.003, 0.1));
  EXPECT_TRUE(schedule.stirs());
  const double temperature = schedule.temperature();
  schedule.reheat();
  EXPECT_DOUBLE_EQ(schedule.temperature(), 1.25 * temperature);
  for (int i = 0; i < 9; ++i) schedule.reheat();
  EXPECT_EQ(schedule.temperature(), AnnealingSchedule().temperature());
  AnnealingSchedule cold;
  while (!cold.stirs()) ASSERT_TRUE(cold.next(said(0, 0)));
  EXPECT_EQ(cold.temperature(), 1);
}

// A condensate whose own share falls as the square of the temperature, from far above and far below what is held.
TEST(AnnealingSchedule, HoldsTheOwnShare) {
  for (const double at_one : {20.0, 1.0}) {
    AnnealingSchedule schedule;
    schedule.next(said(1, 0.1));
    double own = 0;
    while (schedule.next(said(2, own = at_one / std::pow(schedule.temperature(), 2)))) {
    }
    EXPECT_NEAR(own, 0.4, 0.02) << at_one;
  }
}

TEST(AnnealingSchedule, NeverGoesBelowTheTemperatureOfTheData) {
  AnnealingSchedule schedule;
  while (schedule.temperature() > 1) schedule.next(said(0.1, 0.001));
  while (schedule.next(said(2, 0.001))) EXPECT_EQ(schedule.temperature(), 1);
  EXPECT_TRUE(schedule.condensed());
}

}  // namespace
}  // namespace tessera
