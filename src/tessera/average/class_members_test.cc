// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/class_members.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tessera/base/random.h"

namespace tessera {
namespace {

double total(const Assignment& assignment) {
  double out = 0;
  for (const WeightedPose& pose : assignment.poses) out += pose.probability;
  return out;
}

// Twenty particles with up to five poses in three classes, the likeliest first; the last has none.
std::vector<Assignment> some_assignments() {
  Random random(1, "class members");
  std::vector<Assignment> out(20);
  for (size_t i = 0; i + 1 < out.size(); ++i) {
    for (int count = 1 + static_cast<int>(random.below(5)), p = 0; p < count; ++p)
      out[i].poses.push_back({{Rotation::random(random), {}}, 1.0 / count, static_cast<int>(random.below(3))});
    out[i].log_likelihood = static_cast<double>(i);
  }
  return out;
}

TEST(ClassMembers, EveryParticleWithPosesBelongsToOneClass) {
  const auto all = some_assignments();
  std::vector<int> found(all.size());
  for (int k = 0; k < 3; ++k)
    for (const int64_t i : members_of(all, k)) {
      EXPECT_EQ(all[i].poses.front().class_index, k);
      ++found[i];
    }
  EXPECT_EQ(found.back(), 0);
  found.pop_back();
  for (const int count : found) EXPECT_EQ(count, 1);
}

TEST(ClassMembers, AloneTheyHaveThePosesOfTheirClassInTheSameProportions) {
  const auto all = some_assignments();
  const auto members = members_of(all, 1);
  const auto alone = class_alone(all, members, 1);
  ASSERT_EQ(alone.size(), all.size());
  size_t with_poses = 0;
  for (const Assignment& one : alone) with_poses += !one.poses.empty();
  EXPECT_EQ(with_poses, members.size());
  for (const int64_t i : members) {
    EXPECT_NEAR(total(alone[i]), 1, 1e-12);
    EXPECT_EQ(alone[i].log_likelihood, all[i].log_likelihood);
    size_t next = 0;
    for (const WeightedPose& pose : all[i].poses) {
      if (pose.class_index != 1) continue;
      ASSERT_LT(next, alone[i].poses.size());
      const WeightedPose& same = alone[i].poses[next++];
      EXPECT_EQ(same.class_index, 0);
      EXPECT_EQ(same.pose.particle_from_ref.w(), pose.pose.particle_from_ref.w());
      EXPECT_NEAR(same.probability / alone[i].poses[0].probability, 1, 1e-12) << "all were alike";
    }
    EXPECT_EQ(next, alone[i].poses.size());
  }
}

TEST(ClassMembers, ReplacedTheyKeepTheirClassAndOthersLeaveIt) {
  const auto before = some_assignments();
  auto all = before;
  const auto members = members_of(all, 2);
  std::vector<Assignment> alone(all.size());
  for (const int64_t i : members) alone[i].poses = {{{{}, {1, 2, 3}}, 0.75, 0}, {{}, 0.25, 0}};
  replace_class(all, 2, members, alone);
  EXPECT_EQ(members_of(all, 2), members);
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    EXPECT_NEAR(total(all[i]), 1, 1e-12);
    EXPECT_EQ(all[i].poses.front().class_index, before[i].poses.front().class_index);
    const bool member = all[i].poses.front().class_index == 2;
    for (const WeightedPose& pose : all[i].poses) EXPECT_EQ(pose.class_index == 2, member);
    if (member) {
      EXPECT_EQ(all[i].poses.front().pose.shift_voxels.z, 3);
    }
  }
  EXPECT_TRUE(all.back().poses.empty());
}

TEST(ClassMembers, DividedTheyAreInEitherClassAndOthersInNeitherIfTheyHaveAnother) {
  const auto before = some_assignments();
  auto all = before;
  const auto members = members_of(all, 2);
  std::vector<Assignment> two(all.size());
  for (const int64_t i : members) two[i].poses = {{{}, 1, static_cast<int>(i % 2)}};
  divide_class(all, 2, 0, members, two);
  std::vector<char> is_member(all.size());
  for (const int64_t i : members) {
    is_member[i] = 1;
    EXPECT_EQ(all[i].poses.front().class_index, i % 2 == 0 ? 2 : 0);
  }
  for (size_t i = 0; i + 1 < all.size(); ++i) {
    EXPECT_NEAR(total(all[i]), 1, 1e-12);
    if (is_member[i]) continue;
    const bool has_another = std::any_of(before[i].poses.begin(), before[i].poses.end(),
                                         [](const WeightedPose& pose) { return pose.class_index == 1; });
    EXPECT_EQ(has_another, all[i].poses.front().class_index == 1);
    if (!has_another) {
      EXPECT_EQ(all[i].poses.size(), before[i].poses.size());
    }
  }
}

}  // namespace
}  // namespace tessera
