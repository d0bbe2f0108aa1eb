// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_members.h"

#include <algorithm>

namespace tessera {
namespace {

// All, if none would be left.
template <typename Keep>
void keep_poses(Assignment& assignment, Keep&& keep) {
  auto& poses = assignment.poses;
  if (std::none_of(poses.begin(), poses.end(), keep)) return;
  std::erase_if(poses, [&](const WeightedPose& pose) { return !keep(pose); });
  double sum = 0;
  for (const WeightedPose& pose : poses) sum += pose.probability;
  for (WeightedPose& pose : poses) pose.probability /= sum;
}

}  // namespace

std::vector<int64_t> members_of(const std::vector<Assignment>& assignments, int k) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < std::ssize(assignments); ++i)
    if (!assignments[i].poses.empty() && assignments[i].poses.front().class_index == k) out.push_back(i);
  return out;
}

std::vector<Assignment> class_alone(const std::vector<Assignment>& assignments, const std::vector<int64_t>& members,
                                    int k) {
  std::vector<Assignment> out(assignments.size());
  for (const int64_t i : members) {
    out[i] = assignments[i];
    keep_poses(out[i], [k](const WeightedPose& pose) { return pose.class_index == k; });
    for (WeightedPose& pose : out[i].poses) pose.class_index = 0;
  }
  return out;
}

void divide_class(std::vector<Assignment>& assignments, int k, int to, const std::vector<int64_t>& members,
                  const std::vector<Assignment>& two) {
  std::vector<char> is_member(assignments.size());
  for (const int64_t i : members) {
    is_member[i] = 1;
    assignments[i] = two[i];
    for (WeightedPose& pose : assignments[i].poses) pose.class_index = pose.class_index == 0 ? k : to;
  }
  for (size_t i = 0; i < assignments.size(); ++i)
    if (!is_member[i])
      keep_poses(assignments[i],
                 [&](const WeightedPose& pose) { return pose.class_index != k && pose.class_index != to; });
}

void replace_class(std::vector<Assignment>& assignments, int k, const std::vector<int64_t>& members,
                   const std::vector<Assignment>& alone) {
  divide_class(assignments, k, k, members, alone);
}

}  // namespace tessera
