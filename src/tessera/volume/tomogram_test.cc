// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/tomogram.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

using testing::HasSubstr;

Volume<float> noise(Shape3 shape) {
  Random random(2, "tomogram test");
  Volume<float> out(shape);
  for (float& value : out) value = static_cast<float>(random.normal());
  return out;
}

// a + b x + c y + d z, about the centre voxel.
Volume<float> slope(Shape3 shape, double voxel_A) {
  Volume<float> out(shape);
  const Grid grid{shape, voxel_A, {}};
  for (int64_t z = 0; z < shape.z; ++z)
    for (int64_t y = 0; y < shape.y; ++y)
      for (int64_t x = 0; x < shape.x; ++x) {
        const Vec3 p = grid.position_A(double(z), double(y), double(x));
        out(z, y, x) = static_cast<float>(3 + 0.02 * p.x - 0.05 * p.y + 0.03 * p.z);
      }
  return out;
}

TEST(Resampled, KeepsASlopeAndTheCentre) {
  const Shape3 shape{20, 24, 31};
  const Volume<float> voxels = slope(shape, 10);
  const Tomogram tomogram = tomogram_of(voxels, 10);
  for (const double size : {5.0, 8.0, 10.0, 13.7, 20.0}) {
    const Tomogram other = resampled(tomogram, size);
    EXPECT_EQ(other.shape.x, std::llround(31 * 10 / size));
    EXPECT_EQ(other.shape.z, std::llround(20 * 10 / size));
    const Volume<float> found = other.read(0, 0, 0, other.shape), expected = slope(other.shape, size);
    const auto edge = static_cast<int64_t>(std::ceil(20 / size)) + 1;  // where the border goes on, the slope does not
    for (int64_t z = edge; z < other.shape.z - edge; ++z)
      for (int64_t y = edge; y < other.shape.y - edge; ++y)
        for (int64_t x = edge; x < other.shape.x - edge; ++x)
          ASSERT_NEAR(found(z, y, x), expected(z, y, x), 2e-5) << size << " at " << z << " " << y << " " << x;
  }
}

TEST(Resampled, IsTheSameInParts) {
  const Volume<float> voxels = noise({13, 17, 19});
  const Tomogram other = resampled(tomogram_of(voxels, 10), 14);
  const Volume<float> whole = other.read(0, 0, 0, other.shape);
  const Volume<float> part = other.read(2, 3, 5, {4, 6, 7});
  for (int64_t z = 0; z < 4; ++z)
    for (int64_t y = 0; y < 6; ++y)
      for (int64_t x = 0; x < 7; ++x) EXPECT_EQ(part(z, y, x), whole(z + 2, y + 3, x + 5));
  const Volume<float> same = resampled(tomogram_of(voxels, 10), 10).read(0, 0, 0, voxels.shape());
  for (int64_t i = 0; i < same.size(); ++i) EXPECT_EQ(same[i], voxels[i]);
  EXPECT_THROW(resampled(tomogram_of(voxels, 10), 1000), UserError);
}

TEST(Region, HoldsTheVoxelsOfItsHalfOpenRanges) {
  const Region region{2, 5, 0, 3, 1, 2};
  int held = 0;
  for (int64_t z = -1; z < 7; ++z)
    for (int64_t y = -1; y < 7; ++y)
      for (int64_t x = -1; x < 7; ++x) {
        held += region.holds(z, y, x);
        for (const double off : {-0.5, -0.2, 0.0, 0.49})
          EXPECT_EQ(region.holds(Vec3{double(x) + off, double(y) - off / 2, double(z) + off}), region.holds(z, y, x));
      }
  EXPECT_EQ(held, region.shape().count());
  EXPECT_FALSE(region.holds(Vec3{1, 1, std::nan("")}));
  EXPECT_TRUE(whole_of({3, 2, 1}).holds(2, 1, 0));
  EXPECT_FALSE(whole_of({3, 2, 1}).holds(Vec3{0.5, 0, 0}));
}

TEST(Spread, LeavesOutGoldAndRefusesWhatIsNotThere) {
  Volume<float> voxels = noise({16, 20, 24});
  for (float& value : voxels) value = 5 + 2 * value;
  voxels(3, 4, 5) = 4000;
  voxels(9, 9, 9) = -4000;
  const VoxelSpread spread = voxel_spread(tomogram_of(voxels, 10), "t.mrc");
  double sum = 0, square = 0;
  for (const float value : voxels)
    if (std::abs(value) < 1000) sum += value, square += (value - 5) * (value - 5);
  EXPECT_NEAR(spread.mean, sum / double(voxels.size() - 2), 1e-3);
  EXPECT_NEAR(spread.deviation, std::sqrt(square / double(voxels.size())), 2e-3);
  const Tomogram normal = scaled(tomogram_of(voxels, 10), spread.mean, -1 / spread.deviation);
  EXPECT_NEAR(normal.read(1, 2, 3, {1, 1, 1})[0], -(voxels(1, 2, 3) - spread.mean) / spread.deviation, 1e-5);

  voxels(7, 1, 1) = std::numeric_limits<float>::quiet_NaN();
  try {
    voxel_spread(tomogram_of(voxels, 10), "t.mrc");
    FAIL() << "accepted";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), testing::AllOf(HasSubstr("t.mrc"), HasSubstr("plane 7")));
  }
  const Volume<float> flat({4, 4, 4}, 3.0f);
  EXPECT_THROW(voxel_spread(tomogram_of(flat, 10), "t.mrc"), IoError);
}

TEST(Part, IsReadFromItsOwnCorner) {
  const Volume<float> voxels = noise({8, 9, 10});
  const Tomogram part = part_of(tomogram_of(voxels, 10), {2, 7, 1, 9, 4, 10});
  EXPECT_EQ(part.shape, (Shape3{5, 8, 6}));
  EXPECT_EQ(part.read(1, 2, 3, {1, 1, 1})[0], voxels(3, 3, 7));
}

}  // namespace
}  // namespace tessera
