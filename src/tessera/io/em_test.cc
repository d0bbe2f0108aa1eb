// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/em.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using test::message_of;
using testing::AllOf;
using testing::HasSubstr;

// An EM file by the letter of the format: machine, 0, 0, type, then edges x, y, z, then 496 bytes, then the values.
template <typename T>
std::string em_bytes(int machine, int type, std::array<int32_t, 3> edges, const std::vector<T>& values, bool big_endian,
                     int32_t object_pixel_size = 0) {
  std::string out(512, '\0');
  const auto bytes = [&](auto value) {
    std::string text(sizeof(value), '\0');
    std::memcpy(text.data(), &value, sizeof(value));
    if (big_endian) std::reverse(text.begin(), text.end());
    return text;
  };
  out[0] = static_cast<char>(machine);
  out[3] = static_cast<char>(type);
  for (size_t i = 0; i < 3; ++i) out.replace(4 + 4 * i, 4, bytes(edges[i]));
  out.replace(96 + 6 * 4, 4, bytes(object_pixel_size));  // the seventh of 40 integers after the comment of 80 bytes
  for (const T& value : values) out += bytes(value);
  return out;
}

class EmTest : public test::ScratchFolder {
 protected:
  std::string refusal(const std::string& bytes) const {
    const auto file = put("bad.em", bytes);
    const std::string message = message_of<IoError>([&] { (void)read_em(file); });
    EXPECT_THAT(message, HasSubstr("bad.em"));
    return message;
  }
};

TEST_F(EmTest, EveryTypeInEitherByteOrder) {
  const auto check = [&](auto sample, int type) {
    using T = decltype(sample);
    const std::vector<T> values = {T(1), T(2), T(3), T(4), T(5), T(-6)};
    for (const auto& [machine, big] : {std::pair(6, false), {1, false}, {5, true}, {3, true}, {0, true}}) {
      EmInfo info;
      const Map map = read_em(put("a.em", em_bytes(machine, type, {3, 2, 1}, values, big, 850)), &info);
      EXPECT_EQ(map.voxels.shape(), (Shape3{1, 2, 3}));
      EXPECT_EQ(map.voxels(0, 0, 1), 2) << "x is fastest";
      EXPECT_EQ(map.voxels(0, 1, 2), -6);
      EXPECT_EQ(map.voxel_size_A, 8.5) << "0.850 nm";
      EXPECT_EQ(info.data_type, type);
    }
  };
  check(int8_t{}, 1);
  check(int16_t{}, 2);
  check(int32_t{}, 4);
  check(float{}, 5);
  check(double{}, 9);
}

TEST_F(EmTest, WrittenMapsComeBackToTheBit) {
  Map map{Volume<float>({3, 4, 5}), 6.25, {}};
  Random random(1, "em test");
  for (float& v : map.voxels) v = static_cast<float>(random.normal());
  write_em(path("a.em"), map);
  EXPECT_EQ(std::filesystem::file_size(path("a.em")), 512U + 60 * 4);
  EmInfo info;
  const Map back = read_em(path("a.em"), &info);
  EXPECT_TRUE(std::equal(map.voxels.begin(), map.voxels.end(), back.voxels.begin()));
  EXPECT_EQ(back.voxels.shape(), map.voxels.shape());
  EXPECT_EQ(info.voxel_size_A, 6.25);
  const std::string bytes = bytes_of(path("a.em"));
  EXPECT_EQ(bytes, em_bytes(6, 5, {5, 4, 3}, std::vector<float>(map.voxels.begin(), map.voxels.end()), false, 625));
  map.voxel_size_A = 0;
  write_em(path("b.em"), map);
  EXPECT_EQ(read_em_info(path("b.em")).voxel_size_A, 0) << "not stated";
}

TEST_F(EmTest, RefusesWhatIsNotSound) {
  const std::vector<float> values(8, 1.0f);
  const std::string sound = em_bytes(6, 5, {2, 2, 2}, values, false);
  EXPECT_THAT(refusal(sound.substr(0, 100)), HasSubstr("too few for the header"));
  EXPECT_THAT(refusal(""), HasSubstr("too few for the header"));
  EXPECT_THAT(refusal(sound.substr(0, sound.size() - 1)), AllOf(HasSubstr("truncated"), HasSubstr("544 bytes")));
  EXPECT_THAT(refusal(em_bytes(6, 8, {2, 2, 2}, values, false)), HasSubstr("type 8"));
  EXPECT_THAT(refusal(em_bytes(7, 5, {2, 2, 2}, values, false)), HasSubstr("not an EM file"));
  EXPECT_THAT(refusal(em_bytes(6, 5, {2, 0, 2}, values, false)), HasSubstr("not an EM file"));
  EXPECT_THAT(refusal(em_bytes(6, 5, {65536, 2147483647, 65536}, values, false)), HasSubstr("not an EM file"));
  EXPECT_THAT(refusal(em_bytes(6, 5, {60000, 60000, 20}, values, false)), HasSubstr("truncated"));
  EXPECT_THAT(refusal(em_bytes(6, 5, {2, 2, 2}, std::vector<float>(8, NAN), false)), HasSubstr("NaN"));
  EXPECT_THAT(message_of<IoError>([&] { (void)read_em(path("gone.em")); }), HasSubstr("gone.em"));
}

TEST_F(EmTest, FullDiskLeavesTheEarlierMap) {
  put("a.em", "earlier");
  const Map map{Volume<float>({20, 20, 20}), 5, {}};
  EXPECT_THAT(test::message_on_full_disk<IoError>(4096, [&] { write_em(path("a.em"), map); }), HasSubstr("a.em"));
  EXPECT_EQ(bytes_of(path("a.em")), "earlier");
}

}  // namespace
}  // namespace tessera
