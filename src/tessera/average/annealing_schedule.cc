// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/annealing_schedule.h"

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

constexpr double cooling = 0.94, last_ridge = 0.06;
// An average that is round remembers nothing, however it was cooled: until something stirs there is nothing to lose.
constexpr double fast_cooling = 0.8, stirring_information = 0.002;
// Posteriors narrower than this have found something: before, the average is round and they hardly differ.
constexpr double least_information = 0.7;
constexpr double own_nats_to_hold = 0.4;
constexpr int iterations_to_hold = 10;

}  // namespace

bool AnnealingSchedule::next(const Expected& said) {
  // What random poses leave of an average melts at first: information that falls is of that.
  if (held_ > 0 || (said.information > least_information && said.information > information_)) ++held_;
  stirs_ = stirs_ || temperature_ == 1 || (said.information > stirring_information && said.information > information_);
  information_ = said.information;
  if (held_ > 0) {
    temperature_ = std::max(1.0, temperature_ * std::clamp(std::sqrt(said.own_nats / own_nats_to_hold), 0.9, 1.5));
    return held_ <= iterations_to_hold;
  }
  if (temperature_ > 1)
    temperature_ = std::max(1.0, temperature_ * (said.information < stirring_information ? fast_cooling : cooling));
  else
    ridge_ *= cooling;
  return ridge_ > last_ridge;
}

}  // namespace tessera
