// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_balance.h"

#include <algorithm>

namespace tessera {
namespace {

// Moves the worst half of the members of `from` to the class `to`.
void split(std::vector<Assignment>& assignments, int from, int to) {
  std::vector<size_t> members;
  for (size_t i = 0; i < assignments.size(); ++i)
    if (assignments[i].poses.front().class_index == from) members.push_back(i);
  std::stable_sort(members.begin(), members.end(),
                   [&](size_t a, size_t b) { return assignments[a].correlation < assignments[b].correlation; });
  members.resize(members.size() / 2);
  for (const size_t i : members) {
    auto& poses = assignments[i].poses;
    std::erase_if(poses, [&](const WeightedPose& p) { return p.class_index != from; });
    double sum = 0;
    for (const WeightedPose& p : poses) sum += p.probability;
    for (WeightedPose& p : poses) {
      p.class_index = to;
      p.probability /= sum;
    }
  }
}

}  // namespace

std::vector<int> reseed_dead_classes(std::vector<Assignment>& assignments, int classes) {
  std::vector<int> out;
  for (int k = 0; k < classes; ++k) {
    const std::vector<double> share = occupancies(assignments, classes);
    const auto count = static_cast<double>(assignments.size());
    if (share[k] * count >= least_particles) continue;
    const auto largest = std::max_element(share.begin(), share.end());
    if (*largest * count < 4 * least_particles) continue;
    split(assignments, static_cast<int>(largest - share.begin()), k);
    out.push_back(k);
  }
  return out;
}

}  // namespace tessera
