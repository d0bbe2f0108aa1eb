// SPDX-License-Identifier: GPL-3.0-or-later
// Broken MRC files, each refused with the file, the place and a remedy; and failing writes.
#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tessera/base/errors.h"
#include "tessera/io/mrc.h"
#include "tessera/io/mrc_test_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using test::MrcFile;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class MrcFaults : public test::ScratchFolder {
 protected:
  // The message of both readers, which must agree; `voxels_only` faults are seen by read_mrc alone.
  std::string refusal(const std::string& bytes, bool voxels_only = false) const {
    const auto file = put("bad.mrc", bytes);
    const std::string whole = test::message_of<IoError>([&] { read_mrc(file); });
    if (!voxels_only) {
      EXPECT_EQ(test::message_of<IoError>([&] { read_mrc_info(file); }), whole);
    }
    EXPECT_THAT(whole, HasSubstr(file.string()));
    return whole;
  }
  static MrcFile sound() {
    MrcFile file;
    for (int i = 0; i < 24; ++i) file.voxels.push_back(i);
    return file;
  }
};

TEST_F(MrcFaults, NoFileFolderEmptyShort) {
  EXPECT_THAT(test::message_of<IoError>([&] { read_mrc(path("none.mrc")); }),
              AllOf(HasSubstr("none.mrc"), HasSubstr("check the path")));
  EXPECT_THAT(test::message_of<IoError>([&] { read_mrc(folder_); }), HasSubstr("folder"));
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal(sound().bytes().substr(0, 1023)), AllOf(HasSubstr("1023"), HasSubstr("1024")));
}

TEST_F(MrcFaults, TruncatedAnywhere) {
  const std::string whole = sound().bytes();
  for (const size_t bytes : {whole.size() - 1, whole.size() - 50, size_t{1025}, size_t{1024}})
    EXPECT_THAT(refusal(whole.substr(0, bytes)), AllOf(HasSubstr("truncated"), HasSubstr(std::to_string(whole.size())),
                                                       HasSubstr(std::to_string(bytes)), HasSubstr("copy it again")));
  MrcFile extended = sound();
  extended.extended_bytes = 4096;
  EXPECT_THAT(refusal(extended.bytes().substr(0, 3000)), HasSubstr("truncated"));
}

TEST_F(MrcFaults, TruncatedGzip) {
  MrcFile file{.nx = 32, .ny = 32, .nz = 32, .sampling = {32, 32, 32}, .cell_A = {32, 32, 32}};
  for (int i = 0; i < 32 * 32 * 32; ++i) file.voxels.push_back(std::sin(i * 1.7));
  test::write_gzip(path("whole.gz"), file.bytes());
  const std::string whole = bytes_of(path("whole.gz"));
  EXPECT_THAT(refusal(whole.substr(0, whole.size() / 2), true), HasSubstr("truncated"));
  // All voxels arrive, but not the checksum: the last of them cannot be trusted.
  EXPECT_THAT(refusal(whole.substr(0, whole.size() - 4), true), HasSubstr("again"));
  std::string flipped = whole;
  flipped[flipped.size() - 6] ^= 1;
  EXPECT_THAT(refusal(flipped, true), HasSubstr("broken gzip"));
  // The compressed data are whole, the map in it is not.
  test::write_gzip(path("short.gz"), file.bytes().substr(0, 60000));
  EXPECT_THAT(refusal(bytes_of(path("short.gz")), true), AllOf(HasSubstr("truncated"), HasSubstr("32768")));
}

TEST_F(MrcFaults, DimensionsNoMapHas) {
  for (const int32_t bad : {0, -1, -2147483647, 65537, 2147483647})
    for (const int axis : {0, 1, 2}) {
      MrcFile file = sound();
      (axis == 0 ? file.nx : axis == 1 ? file.ny : file.nz) = bad;
      EXPECT_THAT(refusal(file.bytes()), AllOf(HasSubstr(std::to_string(bad)), HasSubstr("damaged")));
    }
  MrcFile huge = sound();
  huge.nx = huge.ny = huge.nz = 60000;  // each possible, 2·10¹⁴ voxels are not
  EXPECT_THAT(refusal(huge.bytes()), HasSubstr("60000"));
}

TEST_F(MrcFaults, OversizedHeaderIsRefusedBeforeAllocation) {
  MrcFile large = sound();
  large.nx = large.ny = 10000, large.nz = 10000;  // 4 TB: an allocation would fail with std::bad_alloc
  EXPECT_THAT(refusal(large.bytes()), AllOf(HasSubstr("truncated"), HasSubstr("4000000001024")));
  test::write_gzip(path("bomb.gz"), large.bytes());
  EXPECT_THAT(refusal(bytes_of(path("bomb.gz"))), AllOf(HasSubstr("truncated"), HasSubstr("compressed")));
  MrcFile extended = sound();
  std::string bytes = extended.bytes();
  const int32_t symmetry = std::numeric_limits<int32_t>::max();
  std::memcpy(bytes.data() + 92, &symmetry, 4);
  EXPECT_THAT(refusal(bytes), HasSubstr("truncated"));
}

TEST_F(MrcFaults, NegativeExtendedHeader) {
  MrcFile file = sound();
  file.extended_bytes = -80;
  EXPECT_THAT(refusal(file.bytes()), AllOf(HasSubstr("-80"), HasSubstr("NSYMBT")));
}

TEST_F(MrcFaults, OtherKindsOfFile) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "data_particles loop_ _rlnImageName #1\n";
  EXPECT_THAT(refusal(text), HasSubstr("not an MRC file"));
  EXPECT_THAT(refusal(std::string(5000, '\0')), HasSubstr("not an MRC file"));
  EXPECT_THAT(refusal(std::string(5000, '\xff')), HasSubstr("not an MRC file"));
  MrcFile old = sound();
  old.map_word = std::string(4, '\0');  // files of before 2000 have no such word
  EXPECT_EQ(read_mrc(put("old.mrc", old.bytes())).voxels(1, 2, 3), 23);
}

TEST_F(MrcFaults, ModesNotRead) {
  for (const int mode : {3, 4, 5, 16, 101, 7, 17, -1}) {
    MrcFile file = sound();
    file.mode = mode;
    EXPECT_THAT(refusal(file.bytes()), AllOf(HasSubstr(std::to_string(mode)), HasSubstr("convert to mode 2")));
  }
}

TEST_F(MrcFaults, AxesThatAreNone) {
  for (const auto& axes : {std::array<int32_t, 3>{1, 1, 2}, {0, 1, 2}, {1, 2, 4}, {3, 2, 2}}) {
    MrcFile file = sound();
    file.axes = axes;
    EXPECT_THAT(refusal(file.bytes()), HasSubstr("MAPC, MAPR, MAPS"));
  }
}

TEST_F(MrcFaults, VoxelsThatAreNoCubes) {
  MrcFile file = sound();
  file.cell_A = {4, 3.1f, 2};
  EXPECT_THAT(refusal(file.bytes()), AllOf(HasSubstr("1.033"), HasSubstr("resample")));
}

TEST_F(MrcFaults, StackWhereAVolumeIsExpected) {
  MrcFile file = sound();
  file.space_group = 0;
  file.sampling[2] = 1;
  file.cell_A[2] = 1;
  EXPECT_THAT(refusal(file.bytes(), true), AllOf(HasSubstr("stack of 2 images"), HasSubstr("ISPG to 1")));
  EXPECT_TRUE(read_mrc_info(path("bad.mrc")).is_stack);
}

TEST_F(MrcFaults, NotFiniteVoxelsAreNamed) {
  using Limits = std::numeric_limits<float>;
  for (const double value : {double{Limits::quiet_NaN()}, double{Limits::infinity()}, -double{Limits::infinity()}}) {
    MrcFile file = sound();
    file.voxels[4 * 3 * 1 + 4 * 2 + 1] = value;  // (x, y, z) = (1, 2, 1)
    file.voxels[4 * 3 * 1 + 4 * 2 + 3] = value;
    EXPECT_THAT(refusal(file.bytes(), true), AllOf(HasSubstr("2 of 24 voxels"), HasSubstr("(1, 2, 1)")));
    const Map kept = read_mrc(path("bad.mrc"), {NotFinite::keep, false});
    EXPECT_FALSE(std::isfinite(kept.voxels(1, 2, 1)));
  }
  MrcFile half = sound();
  half.mode = 12;
  half.voxels.assign(24, 0x3c00);
  half.voxels[5] = 0x7c00;
  EXPECT_THAT(refusal(half.bytes(), true), HasSubstr("(1, 1, 0)"));
}

TEST_F(MrcFaults, BytesAfterTheLastVoxelAreNoted) {
  MrcInfo info;
  read_mrc(put("long.mrc", sound().bytes() + "spare"), {}, &info);
  EXPECT_THAT(info.note, HasSubstr("5 bytes after the last voxel"));
}

TEST_F(MrcFaults, FailedWritesLeaveTheEarlierMap) {
  const Map small{Volume<float>(Shape3::cube(4), 1.0f), 2, {}}, large{Volume<float>(Shape3::cube(40), 2.0f), 2, {}};
  EXPECT_THAT(test::message_on_full_disk<IoError>(50000, [&] { write_mrc(path("map.mrc"), large); }),
              AllOf(HasSubstr("map.mrc"), HasSubstr("File too large")));
  EXPECT_THAT(entries(), IsEmpty());
  write_mrc(path("map.mrc"), small);
  const std::string before = bytes_of(path("map.mrc"));
  EXPECT_THAT(test::message_on_full_disk<IoError>(50000, [&] { write_mrc(path("map.mrc"), large); }),
              HasSubstr("map.mrc"));
  EXPECT_EQ(bytes_of(path("map.mrc")), before);
  EXPECT_THAT(entries(), testing::ElementsAre("map.mrc"));
  EXPECT_THAT(test::message_of<IoError>([&] { write_mrc("/dev/full", small); }), HasSubstr("free space"));
  EXPECT_THAT(test::message_of<IoError>([&] { write_mrc(path("none/map.mrc"), small); }), HasSubstr("folder"));
  EXPECT_THAT(test::message_of<IoError>([&] { write_mrc(path("empty.mrc"), Map{}); }), HasSubstr("0 × 0 × 0"));
}

}  // namespace
}  // namespace tessera
