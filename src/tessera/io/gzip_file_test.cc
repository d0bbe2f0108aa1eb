// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/gzip_file.h"

#include <gtest/gtest.h>

#include "tessera/base/errors.h"
#include "tessera/io/mrc_test_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

class GzipFile : public test::ScratchFolder {};

TEST_F(GzipFile, UnpacksWhatWasPackedAndLeavesPlainFilesAsTheyAre) {
  std::string text;
  for (unsigned i = 0; i < 100000; ++i) text += static_cast<char>(i * i % 251);
  test::write_gzip(path("a.gz"), text);
  EXPECT_EQ(read_gzip_file(path("a.gz")), text);
  EXPECT_EQ(read_gzip_file(put("plain", text)), text);
  EXPECT_THROW(read_gzip_file(path("a.gz"), 99999), IoError);
}

TEST_F(GzipFile, DamageIsTold) {
  test::write_gzip(path("a.gz"), std::string(50000, 'x') + "y");
  std::string bytes = bytes_of(path("a.gz"));
  EXPECT_THROW(read_gzip_file(put("cut.gz", bytes.substr(0, bytes.size() / 2))), IoError);
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);  // of the checksum
  EXPECT_THROW(read_gzip_file(put("bad.gz", bytes)), IoError);
  EXPECT_THROW(read_gzip_file(path("absent")), IoError);
}

}  // namespace
}  // namespace tessera
