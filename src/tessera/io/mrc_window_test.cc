// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mrc_window.h"

#include <gmock/gmock.h>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/io/mrc_test_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::HasSubstr;

class MrcWindowsTest : public test::ScratchFolder {
 protected:
  // Every window of a few places and sizes is what read_mrc has there.
  static void expect_windows_of(const std::filesystem::path& file) {
    const Map map = read_mrc(file);
    const MrcWindows windows(file);
    const Shape3 n = map.voxels.shape();
    ASSERT_EQ(windows.shape(), n);
    Random random(5, "windows", 0);
    for (int trial = 0; trial < 20; ++trial) {
      const auto z = static_cast<int64_t>(random.below(n.z)), y = static_cast<int64_t>(random.below(n.y)),
                 x = static_cast<int64_t>(random.below(n.x));
      const Shape3 shape{1 + static_cast<int64_t>(random.below(n.z - z)),
                         1 + static_cast<int64_t>(random.below(n.y - y)),
                         1 + static_cast<int64_t>(random.below(n.x - x))};
      const Volume<float> window = windows.read(z, y, x, shape);
      ASSERT_EQ(window.shape(), shape);
      for (int64_t k = 0; k < shape.z; ++k)
        for (int64_t j = 0; j < shape.y; ++j)
          for (int64_t i = 0; i < shape.x; ++i) ASSERT_EQ(window(k, j, i), map.voxels(z + k, y + j, x + i));
    }
  }
  Map map_ = [] {
    Map map{Volume<float>({5, 7, 9}), 8.0, {}};
    for (int64_t i = 0; i < map.voxels.size(); ++i) map.voxels[i] = static_cast<float>(i);
    return map;
  }();
};

TEST_F(MrcWindowsTest, AreWhatTheWholeFileHasThere) {
  write_mrc(path("plain.mrc"), map_);
  expect_windows_of(path("plain.mrc"));
  EXPECT_FALSE(MrcWindows(path("plain.mrc")).in_memory());
}

TEST_F(MrcWindowsTest, OfOtherModesByteOrdersAndAxes) {
  for (const int mode : {0, 1, 2, 6, 12})
    for (const bool big_endian : {false, true})
      for (const bool permuted : {false, true}) {
        test::MrcFile file;
        file.mode = mode;
        file.big_endian = big_endian;
        if (big_endian) file.stamp = {0x11, 0x11, 0, 0};
        file.extended_bytes = 160;
        if (permuted) {  // columns along z, rows along x, sections along y
          file.axes = {3, 1, 2};
          file.sampling = {3, 2, 4};
          file.cell_A = {3, 2, 4};
        }
        for (int i = 0; i < 24; ++i) file.voxels.push_back(5 * i);
        SCOPED_TRACE(testing::Message() << "mode " << mode << " big-endian " << big_endian << " permuted " << permuted);
        expect_windows_of(put("in.mrc", file.bytes()));
      }
}

TEST_F(MrcWindowsTest, OfCompressedFiles) {
  test::MrcFile file;
  for (int i = 0; i < 24; ++i) file.voxels.push_back(i);
  test::write_gzip(path("in.mrc.gz"), file.bytes());
  expect_windows_of(path("in.mrc.gz"));
  EXPECT_TRUE(MrcWindows(path("in.mrc.gz")).in_memory());
}

TEST_F(MrcWindowsTest, RefusesStacks) {
  write_mrc(path("stack.mrc"), map_, {.label = "stack", .is_stack = true});
  EXPECT_THAT(test::message_of<IoError>([&] { MrcWindows windows(path("stack.mrc")); }), HasSubstr("stack"));
}

}  // namespace
}  // namespace tessera
