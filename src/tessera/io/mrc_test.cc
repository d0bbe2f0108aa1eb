// SPDX-License-Identifier: GPL-3.0-or-later
// Reading and writing of sound MRC files: modes, byte orders, axes, extended headers, voxel sizes, labels.
#include "tessera/io/mrc.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "tessera/base/random.h"
#include "tessera/io/mrc_test_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using test::MrcFile;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class MrcTest : public test::ScratchFolder {
 protected:
  std::vector<float> voxels_of(const MrcFile& file, MrcInfo* info = nullptr) const {
    const Map map = read_mrc(put("in.mrc", file.bytes()), {NotFinite::keep, true}, info);
    return {map.voxels.begin(), map.voxels.end()};
  }
};

Map random_map(Shape3 shape, double voxel_size_A, Vec3 origin_A) {
  Map map{Volume<float>(shape), voxel_size_A, origin_A};
  Random random(3, "mrc test", 0);
  for (float& value : map.voxels) value = static_cast<float>(std::exp(8 * random.normal()));
  return map;
}

std::vector<double> counted(size_t count, double first = 1) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

TEST_F(MrcTest, RoundTripKeepsEveryBit) {
  for (const Shape3 shape : {Shape3{1, 1, 1}, Shape3{2, 3, 5}, Shape3{7, 1, 4}, Shape3{70, 61, 65}}) {
    const Map map = random_map(shape, 3.25, {1.5, -20, 1e4});
    write_mrc(path("a.mrc"), map);
    MrcInfo info;
    const Map back = read_mrc(path("a.mrc"), {}, &info);
    ASSERT_EQ(back.voxels.shape(), shape);
    EXPECT_TRUE(std::equal(map.voxels.begin(), map.voxels.end(), back.voxels.begin()));
    EXPECT_EQ(back.voxel_size_A, 3.25) << "exact: 3.25 n is a float for these n";
    EXPECT_EQ(back.origin_A, map.origin_A);
    EXPECT_FALSE(info.swapped || info.is_stack);
    EXPECT_EQ(info.note, "");
    EXPECT_EQ(std::filesystem::file_size(path("a.mrc")), 1024 + 4 * static_cast<uint64_t>(shape.count()));
  }
  EXPECT_THAT(entries(), ElementsAre("a.mrc"));
}

TEST_F(MrcTest, SpecialValuesKeepTheirBits) {
  using Limits = std::numeric_limits<float>;
  Map map{Volume<float>({1, 1, 6}), 1, {}};
  const float values[] = {-0.0f,
                          Limits::denorm_min(),
                          Limits::max(),
                          Limits::infinity(),
                          -Limits::infinity(),
                          std::bit_cast<float>(0x7fc12345u)};
  std::copy(std::begin(values), std::end(values), map.voxels.begin());
  write_mrc(path("a.mrc"), map);
  const Map back = read_mrc(path("a.mrc"), {NotFinite::keep, false});
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(std::bit_cast<uint32_t>(back.voxels[i]), std::bit_cast<uint32_t>(values[i])) << i;
}

TEST_F(MrcTest, WrittenHeaderFollowsTheStandard) {
  Map map{Volume<float>({2, 3, 4}), 2.5, {7, 8, 9}};
  std::iota(map.voxels.begin(), map.voxels.end(), -3.0f);
  write_mrc(path("a.mrc"), map, {.label = "average", .is_stack = false});
  const std::string bytes = bytes_of(path("a.mrc"));
  const auto word = [&](int number, auto kind) {
    std::memcpy(&kind, bytes.data() + 4 * (number - 1), 4);
    return kind;
  };
  const int32_t integer = 0;
  const float real = 0;
  const int32_t expected[10] = {4, 3, 2, 2, 0, 0, 0, 4, 3, 2};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(word(1 + i, integer), expected[i]) << "word " << i + 1;
  const float cell[6] = {10, 7.5, 5, 90, 90, 90};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(word(11 + i, real), cell[i]) << "word " << i + 11;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(word(17 + i, integer), i + 1);
  EXPECT_EQ(word(20, real), -3);          // DMIN
  EXPECT_EQ(word(21, real), 20);          // DMAX
  EXPECT_FLOAT_EQ(word(22, real), 8.5f);  // DMEAN
  EXPECT_EQ(word(23, integer), 1);        // ISPG
  EXPECT_EQ(word(24, integer), 0);        // NSYMBT
  EXPECT_EQ(word(28, integer), 20140);
  EXPECT_EQ(word(50, real), 7);
  EXPECT_EQ(word(52, real), 9);
  EXPECT_EQ(bytes.substr(208, 4), "MAP ");
  EXPECT_EQ(bytes.substr(212, 2), "\x44\x44");
  EXPECT_FLOAT_EQ(word(55, real), static_cast<float>(std::sqrt((24 * 24 - 1) / 12.0)));  // of 24 consecutive integers
  EXPECT_EQ(word(56, integer), 1);
  EXPECT_THAT(bytes.substr(224, 80), StartsWith("Tessera average  "));
}

TEST_F(MrcTest, EveryModeInBothByteOrders) {
  struct Case {
    int mode;
    std::vector<double> voxels;
    std::vector<float> expected;
  };
  const Case cases[] = {
      {0, {-128, -1, 0, 127}, {-128, -1, 0, 127}},
      {1, {-32768, -2, 258, 32767}, {-32768, -2, 258, 32767}},
      {2, {-1.5, 3e38, 1e-40, 0}, {-1.5f, 3e38f, 1e-40f, 0}},
      {6, {0, 258, 32768, 65535}, {0, 258, 32768, 65535}},
      // Halves: 1, −2, the largest (65504), the smallest (2⁻²⁴).
      {12, {0x3c00, 0xc000, 0x7bff, 0x0001}, {1, -2, 65504, 0x1p-24f}},
  };
  for (const Case& c : cases)
    for (const bool big_endian : {false, true}) {
      MrcFile file{.nx = 2, .ny = 2, .nz = 1, .mode = c.mode, .sampling = {2, 2, 1}, .cell_A = {2, 2, 1}};
      file.voxels = c.voxels;
      file.big_endian = big_endian;
      if (big_endian) file.stamp = {0x11, 0x11, 0, 0};
      MrcInfo info;
      EXPECT_EQ(voxels_of(file, &info), c.expected) << "mode " << c.mode;
      EXPECT_EQ(info.mode, c.mode);
      EXPECT_EQ(info.swapped, big_endian);
    }
}

TEST_F(MrcTest, EveryHalfFloat) {
  MrcFile file{.nx = 256, .ny = 256, .nz = 1, .mode = 12, .sampling = {1, 1, 1}, .cell_A = {1, 1, 1}};
  file.voxels = counted(65536, 0);
  const std::vector<float> values = voxels_of(file);
  for (uint32_t half = 0; half < 65536; ++half) {
    const double sign = half & 0x8000 ? -1 : 1;
    const int exponent = (half >> 10) & 31, fraction = half & 1023;
    if (exponent == 31 && fraction != 0) {
      EXPECT_TRUE(std::isnan(values[half]));
    } else {  // the definition of IEEE 754 binary16
      const double expected = exponent == 31  ? sign * std::numeric_limits<double>::infinity()
                              : exponent == 0 ? sign * std::ldexp(fraction, -24)
                                              : sign * std::ldexp(1024 + fraction, exponent - 25);
      ASSERT_EQ(values[half], expected) << half;
    }
  }
}

TEST_F(MrcTest, ImodBytesAreUnsigned) {
  MrcFile file{.nx = 3, .ny = 1, .nz = 1, .mode = 0, .sampling = {3, 1, 1}, .cell_A = {3, 1, 1}};
  file.imod_unsigned = true;
  file.voxels = {0, 127, 255};
  MrcInfo info;
  EXPECT_THAT(voxels_of(file, &info), ElementsAre(0, 127, 255));
  EXPECT_TRUE(info.unsigned_bytes);
}

// The dimensions and the mode decide; stamps are wrong in many files.
TEST_F(MrcTest, MachineStampsSeenInTheWild) {
  const std::array<unsigned char, 4> stamps[] = {{0x44, 0x44, 0, 0}, {0x44, 0x41, 0, 0},      {0x41, 0x44, 0, 0},
                                                 {0x11, 0x11, 0, 0}, {0x22, 0x21, 0, 0},      {0, 0, 0, 0},
                                                 {0, 0, 0x41, 0x44}, {0xff, 0xff, 0xff, 0xff}};
  for (const auto& stamp : stamps)
    for (const bool big_endian : {false, true})
      for (const int mode : {0, 2}) {
        MrcFile file{.mode = mode};
        file.stamp = stamp;
        file.big_endian = big_endian;
        file.voxels = counted(24);
        MrcInfo info;
        EXPECT_EQ(voxels_of(file, &info).back(), 24) << int{stamp[0]} << " " << big_endian << " mode " << mode;
        EXPECT_EQ(info.swapped, big_endian);
      }
  // 256³ reads as 65536³ in the other order, and mode 0 is its own mirror: only the number of voxels tells.
  MrcFile cube{.nx = 256, .ny = 256, .nz = 256, .mode = 0, .sampling = {256, 256, 256}, .cell_A = {256, 256, 256}};
  cube.stamp = {0x11, 0x11, 0, 0};
  cube.voxels.assign(size_t{1} << 24, 5);
  EXPECT_EQ(read_mrc_info(put("cube.mrc", cube.bytes())).shape, Shape3::cube(256));
}

TEST_F(MrcTest, EveryOrderOfAxes) {
  std::array<int, 3> order = {1, 2, 3};
  do {
    // Voxel (x, y, z) of a 2 × 3 × 4 volume holds 100 z + 10 y + x; the file runs columns, rows, sections.
    const int extent[4] = {0, 2, 3, 4};
    MrcFile file{.nx = extent[order[0]], .ny = extent[order[1]], .nz = extent[order[2]]};
    file.axes = order;
    file.sampling = {2, 3, 4};
    file.cell_A = {5, 7.5, 10};
    for (int i = 0; i < 3; ++i) file.start[i] = -order[i];  // so that x starts at −1, y at −2, z at −3
    int at[4] = {};
    for (int s = 0; s < file.nz; ++s)
      for (int r = 0; r < file.ny; ++r)
        for (int c = 0; c < file.nx; ++c) {
          at[order[0]] = c, at[order[1]] = r, at[order[2]] = s;
          file.voxels.push_back(100 * at[3] + 10 * at[2] + at[1]);
        }
    MrcInfo info;
    const Map map = read_mrc(put("in.mrc", file.bytes()), {}, &info);
    ASSERT_EQ(map.voxels.shape(), (Shape3{4, 3, 2}));
    for (int z = 0; z < 4; ++z)
      for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 2; ++x) EXPECT_EQ(map.voxels(z, y, x), 100 * z + 10 * y + x);
    EXPECT_EQ(map.voxel_size_A, 2.5);
    EXPECT_EQ(map.origin_A, (Vec3{-2.5, -5, -7.5}));
    EXPECT_EQ(info.axes, order);
  } while (std::next_permutation(order.begin(), order.end()));
  MrcFile old;
  old.axes = {0, 0, 0};
  old.voxels = counted(24);
  EXPECT_EQ(voxels_of(old).back(), 24) << "some old programs leave MAPC, MAPR, MAPS empty";
}

TEST_F(MrcTest, OriginBeforeStart) {
  MrcFile file;
  file.voxels = counted(24);
  file.start = {10, 20, 30};
  EXPECT_EQ(read_mrc(put("start.mrc", file.bytes())).origin_A, (Vec3{10, 20, 30}));
  file.origin_A = {-1, 0, 2.5};
  EXPECT_EQ(read_mrc(put("origin.mrc", file.bytes())).origin_A, (Vec3{-1, 0, 2.5}));
  file.origin_A = {std::numeric_limits<float>::quiet_NaN(), 0, 0};
  EXPECT_EQ(read_mrc(put("nan.mrc", file.bytes())).origin_A, (Vec3{10, 20, 30})) << "no number, no origin";
}

TEST_F(MrcTest, VoxelSizeMissingOrOfOneAxis) {
  MrcFile file;
  file.voxels = counted(24);
  file.cell_A = {0, 0, 0};
  MrcInfo info;
  EXPECT_EQ(read_mrc(put("none.mrc", file.bytes()), {}, &info).voxel_size_A, 1);
  EXPECT_FALSE(info.has_voxel_size);
  EXPECT_THAT(info.note, HasSubstr("1 Å is taken"));
  file.cell_A = {12, 0, 0};
  EXPECT_EQ(read_mrc(put("x.mrc", file.bytes()), {}, &info).voxel_size_A, 3);
  EXPECT_THAT(info.note, HasSubstr("along x only"));
  file.cell_A = {12, 9.04f, 6};  // rounded by other programs: 0.44 %
  EXPECT_EQ(read_mrc(put("near.mrc", file.bytes()), {}, &info).voxel_size_A, 3);
}

TEST_F(MrcTest, ExtendedHeadersAndLabels) {
  for (const int32_t bytes : {80, 1024, 131072, 7}) {
    MrcFile file{.extended_bytes = bytes};
    file.voxels = counted(24);
    file.labels = {"made by hand   ", "second"};
    MrcInfo info;
    EXPECT_EQ(voxels_of(file, &info).front(), 1);
    EXPECT_EQ(info.data_offset, 1024 + bytes);
    EXPECT_THAT(info.labels, ElementsAre("made by hand", "second"));
    EXPECT_EQ(read_mrc_info(path("in.mrc")).labels, info.labels);
  }
  MrcFile lying{.label_count = 1000000};
  lying.voxels = counted(24);
  EXPECT_EQ(voxels_of(lying).back(), 24);
}

TEST_F(MrcTest, GzipIsReadAsPlain) {
  MrcFile file{.extended_bytes = 300};
  file.voxels = counted(24);
  test::write_gzip(path("a.mrc.gz"), file.bytes());
  const Map map = read_mrc(path("a.mrc.gz"));
  EXPECT_EQ(std::vector<float>(map.voxels.begin(), map.voxels.end()), voxels_of(file));
  EXPECT_EQ(read_mrc_info(path("a.mrc.gz")).shape, (Shape3{2, 3, 4}));
}

TEST_F(MrcTest, StacksAreKept) {
  Map stack{Volume<float>({5, 3, 4}), 2, {}};
  std::iota(stack.voxels.begin(), stack.voxels.end(), 0.0f);
  write_mrc(path("stack.mrc"), stack, {.label = "", .is_stack = true});
  EXPECT_TRUE(read_mrc_info(path("stack.mrc")).is_stack);
  const Map back = read_mrc(path("stack.mrc"), {NotFinite::refuse, true});
  EXPECT_TRUE(std::equal(stack.voxels.begin(), stack.voxels.end(), back.voxels.begin()));
  EXPECT_EQ(back.voxel_size_A, 2);
  MrcFile volumes{.nx = 2, .ny = 2, .nz = 6, .sampling = {2, 2, 3}, .cell_A = {2, 2, 3}, .space_group = 401};
  volumes.voxels = counted(24);
  EXPECT_TRUE(read_mrc_info(put("volumes.mrc", volumes.bytes())).is_stack) << "two volumes of three sections";
}

}  // namespace
}  // namespace tessera
