// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/template_scan.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/so3/rotation_grid.h"
#include "tessera/volume/masks.h"
#include "tests/reference/blobs.h"
#include "tests/reference/matching_loops.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

Volume<float> noise(Shape3 shape, uint64_t seed) {
  Volume<float> out(shape);
  Random random(seed, "scan test", 0);
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

// Three blobs that no rotation leaves alike.
Volume<float> structure(int64_t box) {
  return reference::sampled({{{2, 0, 0}, 1, 1}, {{-1, 2, 1}, 1, 0.8}, {{0, -1, -2}, 1, 0.6}}, Shape3::cube(box));
}

double everything(Vec3) {
  return 1;
}

TEST(TemplateScan, IsTheDirectConstrainedCorrelation) {
  test::Workers workers(2);
  const Volume<float> volume = noise({13, 17, 15}, 1);
  const SearchTemplate pattern(structure(18), 3, everything);
  const auto rotations = rotation_grid(80 * degree);
  const ScanResult scan =
      scan_template(volume, pattern, rotations, plan_blocks(volume.shape(), pattern.box()), workers.context);
  Volume<double> best(volume.shape(), -2.0);
  Volume<int32_t> which(volume.shape());
  double mean_square = 0;
  for (const float v : volume) mean_square += double{v} * v / static_cast<double>(volume.size());
  for (size_t r = 0; r < rotations.size(); ++r) {
    const Volume<float> turned = pattern.turn(rotations[r]);
    Volume<float> unmasked = turned;  // s = M (t − t̄): where M is 0 so is s
    for (int64_t i = 0; i < turned.size(); ++i)
      if (pattern.mask()[i] > 0) unmasked[i] /= pattern.mask()[i];
    const auto direct =
        reference::constrained_correlation(volume, unmasked, pattern.mask(), 1e-4 * mean_square * pattern.mask_sum());
    for (int64_t i = 0; i < best.size(); ++i)
      if (direct[i] > best[i]) best[i] = direct[i], which[i] = static_cast<int32_t>(r);
  }
  int64_t same = 0;
  for (int64_t i = 0; i < best.size(); ++i) {
    ASSERT_NEAR(scan.score[i], best[i], 2e-5);  // single precision; scores up to 1
    same += scan.rotation[i] == which[i];
  }
  EXPECT_GT(same, best.size() * 99 / 100) << "ties in rounding alone may differ";
}

TEST(TemplateScan, BlocksAgreeWithOneWholeBlock) {
  test::Workers workers(2);
  const Volume<float> volume = noise({30, 44, 37}, 2);
  const SearchTemplate pattern(structure(18), 3, everything);
  const auto rotations = rotation_grid(60 * degree);
  const BlockLayout whole = plan_blocks(volume.shape(), pattern.box()),
                    small = plan_blocks(volume.shape(), pattern.box(), 24 * 24 * 24);
  ASSERT_EQ(whole.count.count(), 1);
  ASSERT_GT(small.count.count(), 4);
  const ScanResult a = scan_template(volume, pattern, rotations, whole, workers.context);
  for (const double memory : {1e9, 1.0}) {  // all blocks at once, and one by one
    const ScanResult b = scan_template(volume, pattern, rotations, small, workers.context, memory);
    for (int64_t i = 0; i < a.score.size(); ++i) ASSERT_NEAR(a.score[i], b.score[i], 2e-5);
  }
}

TEST(TemplateScan, TheSameBitsForAnyNumberOfThreads) {
  const Volume<float> volume = noise({20, 24, 22}, 3);
  const SearchTemplate pattern(structure(18), 3, everything);
  const auto rotations = rotation_grid(60 * degree);
  const BlockLayout layout = plan_blocks(volume.shape(), pattern.box(), 24 * 24 * 24);
  test::Workers one(1), three(3);
  const ScanResult a = scan_template(volume, pattern, rotations, layout, one.context);
  const ScanResult b = scan_template(volume, pattern, rotations, layout, three.context);
  for (int64_t i = 0; i < a.score.size(); ++i) {
    ASSERT_EQ(a.score[i], b.score[i]);
    ASSERT_EQ(a.rotation[i], b.rotation[i]);
  }
}

TEST(TemplateScan, AFlatVolumeScoresNothing) {
  test::Workers workers(1);
  const Volume<float> flat(Shape3::cube(16));
  const SearchTemplate pattern(structure(18), 3, everything);
  const ScanResult scan =
      scan_template(flat, pattern, {Rotation()}, plan_blocks(flat.shape(), pattern.box()), workers.context);
  for (const float v : scan.score) ASSERT_EQ(v, 0);
}

TEST(TemplateScan, LayoutsCoverTheVolume) {
  for (const Shape3 volume : {Shape3{50, 100, 100}, Shape3{10, 300, 20}, Shape3{1, 1, 1}})
    for (const int64_t box : {6, 20, 64}) {
      const BlockLayout layout = plan_blocks(volume, box, int64_t{1} << 19);
      EXPECT_GE(layout.core.z * layout.count.z, volume.z);
      EXPECT_GE(layout.core.y * layout.count.y, volume.y);
      EXPECT_GE(layout.core.x * layout.count.x, volume.x);
      EXPECT_EQ(layout.block.x, layout.core.x + box);
      EXPECT_LE(layout.block.count(), std::max(int64_t{1} << 19, 8 * box * box * box));
    }
}

// Cauchy and Schwarz: a template correlates 1 with itself.
TEST(SearchTemplate, IsNormalisedUnderItsMask) {
  const SearchTemplate pattern(structure(18), 3, everything);
  const Volume<float> turned = pattern.turn(Rotation::from_euler({0.3, 1, -2}));
  double sum = 0, square = 0;
  for (int64_t i = 0; i < turned.size(); ++i) {
    sum += turned[i];
    if (pattern.mask()[i] > 0) square += double{turned[i]} * turned[i] / pattern.mask()[i];
  }
  EXPECT_NEAR(sum, 0, 1e-4);
  EXPECT_NEAR(square, 1, 1e-4);
}

}  // namespace
}  // namespace tessera
