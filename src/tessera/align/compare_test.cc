// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/compare.h"

#include <gtest/gtest.h>

#include "tests/support/synthetic_particles.h"

namespace tessera {
namespace {

struct Context {
  Threads threads{2};
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink};
};

TEST(Compare, FindsARotatedShiftedCopyAndItsHand) {
  Context c;
  const auto phantom = synthetic::make_phantom(8, 50, 21);
  const Pose pose = synthetic::random_pose(9, 2, 4);
  const Map map{synthetic::render(phantom, 32, pose), 10}, reference{synthetic::render(phantom, 32, {}), 10};
  const Comparison found = compare_maps(map, reference, {}, c.context);
  EXPECT_FALSE(found.mirrored_fits_better());
  EXPECT_GT(found.same_hand.correlation_masked, 0.98);
  EXPECT_GT(found.same_hand.correlation_masked, found.mirrored.correlation_masked + 0.1);
  EXPECT_LT(angle_between(found.same_hand.map_from_reference.particle_from_ref, pose.particle_from_ref), 1 * degree);
  EXPECT_LT((found.same_hand.map_from_reference.shift_voxels - pose.shift_voxels).norm(), 0.1);
}

TEST(Compare, AMapWithItselfIsPerfect) {
  Context c;
  const Map map{synthetic::render(synthetic::make_phantom(8, 50, 22), 32, {}), 10};
  CompareOptions options;
  options.fit = false;
  const Comparison found = compare_maps(map, map, options, c.context);
  EXPECT_NEAR(found.same_hand.correlation_masked, 1, 1e-6);
  EXPECT_NEAR(found.same_hand.correlation_box, 1, 1e-6);
  for (const double f : found.same_hand.fsc) EXPECT_NEAR(f, 1, 1e-6);
  EXPECT_EQ(found.same_hand.fsc_half_A, 20);
}

TEST(Compare, OtherVoxelSizesAreResampled) {
  const auto phantom = synthetic::make_phantom(8, 50, 23, 2.0);
  auto half = phantom;  // the same particle on voxels of half the size
  for (Vec3& p : half.centres) p = p * 2;
  half.sigma = 4;
  const Map fine{synthetic::render(half, 64, {}), 5};
  const Volume<float> coarse = resample_map(fine, 32, 10);
  EXPECT_GT(correlation(coarse, synthetic::render(phantom, 32, {})), 0.999);
}

}  // namespace
}  // namespace tessera
