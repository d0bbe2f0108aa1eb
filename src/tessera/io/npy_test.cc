// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/npy.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using Npy = test::ScratchFolder;

TEST_F(Npy, ComesBack) {
  const FloatTable table{3, 2, {1, -2.5f, 3e-9f, 4, 5, 6e20f}};
  write_npy(path("t.npy"), table);
  const FloatTable read = read_npy(path("t.npy"));
  EXPECT_EQ(read.rows, 3);
  EXPECT_EQ(read.columns, 2);
  EXPECT_EQ(read.values, table.values);
  const std::string bytes = read_text_file(path("t.npy"));
  EXPECT_EQ((bytes.size() - 24) % 64, 0u) << "numpy aligns the data to 64 bytes";
  EXPECT_EQ(bytes.substr(10, 59), "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }")
      << "as numpy writes it";
}

TEST_F(Npy, RefusesWhatIsNoSuchTable) {
  write_npy(path("t.npy"), {2, 2, {1, 2, 3, 4}});
  const std::string sound = read_text_file(path("t.npy"));
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(path("u.npy"), std::ios::binary) << bytes;
    EXPECT_THROW(read_npy(path("u.npy")), IoError);
  };
  refused("");
  refused("not numpy at all");
  for (const size_t length : {size_t{9}, size_t{40}, sound.size() - 1}) refused(sound.substr(0, length));
  refused(sound + "1234");
  std::string other = sound;
  other.replace(other.find("<f4"), 3, "<f8");
  refused(other);
  EXPECT_THROW(write_npy(path("v.npy"), {2, 2, {1}}), InternalError);
}

}  // namespace
}  // namespace tessera
