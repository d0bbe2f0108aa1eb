// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/atomic_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <thread>

#include "tessera/base/errors.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AtomicFileTest : public test::ScratchFolder {};

TEST_F(AtomicFileTest, NothingIsSeenBeforeCommit) {
  AtomicFile file(path("a.txt"));
  file << "one "
       << "two";
  EXPECT_FALSE(fs::exists(path("a.txt")));
  EXPECT_EQ(file.temporary_path().parent_path(), folder_) << "a rename is atomic within one folder only";
  file.commit();
  EXPECT_EQ(bytes_of(path("a.txt")), "one two");
  EXPECT_THAT(entries(), ElementsAre("a.txt"));
}

TEST_F(AtomicFileTest, EarlierFileStaysWithoutCommit) {
  put("a.txt", "earlier");
  try {
    AtomicFile file(path("a.txt"));
    file.write(std::string(3 << 20, 'x'));
    throw std::runtime_error("the run broke down");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(bytes_of(path("a.txt")), "earlier");
  EXPECT_THAT(entries(), ElementsAre("a.txt"));
}

TEST_F(AtomicFileTest, BytesOfAnyChunking) {
  std::string all;
  AtomicFile file(path("big"));
  // Around the buffer of 1 MiB: below, equal, above, and many small ones.
  for (const size_t bytes : {size_t{1}, size_t{1048575}, size_t{1048576}, size_t{1048577}, size_t{0}, size_t{3000000}})
    for (int turn = 0; turn < 2; ++turn) {
      std::string chunk(bytes, '\0');
      for (size_t i = 0; i < bytes; ++i) chunk[i] = static_cast<char>((all.size() + i * 31) & 255);
      file.write(chunk);
      all += chunk;
    }
  file.commit();
  EXPECT_TRUE(bytes_of(path("big")) == all);
}

TEST_F(AtomicFileTest, FullDiskLeavesNothing) {
  put("a.txt", "earlier");
  for (const size_t bytes : {size_t{20000}, size_t{5000000}}) {  // fails in commit, and in write
    const std::string message = test::message_on_full_disk<IoError>(8192, [&] {
      AtomicFile file(path("a.txt"));
      file.write(std::string(bytes, 'x'));
      file.commit();
    });
    EXPECT_THAT(message, AllOf(HasSubstr("cannot write"), HasSubstr("a.txt"), HasSubstr("File too large"),
                               HasSubstr("another file system")));
    EXPECT_EQ(bytes_of(path("a.txt")), "earlier");
    EXPECT_THAT(entries(), ElementsAre("a.txt"));
  }
}

TEST_F(AtomicFileTest, UnwritablePlacesNameCauseAndRemedy) {
  put("file", "");
  fs::create_directory(path("folder"));
  const auto opening = [&](const fs::path& target) { return message_of<IoError>([&] { AtomicFile file(target); }); };
  EXPECT_THAT(opening(path("none/a.txt")), AllOf(HasSubstr("none/a.txt"), HasSubstr("make the folder first")));
  EXPECT_THAT(opening(path("file/a.txt")), AllOf(HasSubstr("file/a.txt"), HasSubstr("is a file, not a folder")));
  EXPECT_THAT(opening(path("folder")), AllOf(HasSubstr("folder"), HasSubstr("give the name of a file")));
  EXPECT_THAT(opening(path("folder/")), HasSubstr("give the name of a file"));
  EXPECT_THAT(opening(path("..")), HasSubstr("give the name of a file"));
  EXPECT_THAT(opening(path(std::string(300, 'n'))), HasSubstr("shorter name"));
  EXPECT_THAT(opening("/proc/tessera.txt"), HasSubstr("/proc/tessera.txt"));
  EXPECT_THAT(entries(), ElementsAre("file", "folder"));
}

TEST_F(AtomicFileTest, LinkToAFileIsFollowed) {
  put("real", "earlier");
  fs::create_symlink("real", path("link"));
  write_text_file(path("link"), "later");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(bytes_of(path("real")), "later");
}

TEST_F(AtomicFileTest, DevicesAndPipesAreWrittenNotReplaced) {
  EXPECT_THAT(message_of<IoError>([] { write_text_file("/dev/full", "text"); }),
              AllOf(HasSubstr("/dev/full"), HasSubstr("free space")));
  write_text_file("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = read_text_file(path("pipe")); });
  write_text_file(path("pipe"), "through a pipe");
  reader.join();
  EXPECT_EQ(got, "through a pipe");
  EXPECT_THAT(entries(), ElementsAre("pipe"));
}

TEST_F(AtomicFileTest, WritersOfOneNameDoNotMix) {
  // Each thread writes whole files of one letter; whichever comes last, the file is of one letter only.
  std::vector<std::thread> writers;
  for (int letter = 0; letter < 4; ++letter)
    writers.emplace_back([&, letter] {
      for (int turn = 0; turn < 5; ++turn)
        write_text_file(path("shared"), std::string(100000, static_cast<char>('a' + letter)));
    });
  for (auto& writer : writers) writer.join();
  const std::string text = bytes_of(path("shared"));
  EXPECT_EQ(text, std::string(100000, text.front()));
  EXPECT_THAT(entries(), ElementsAre("shared"));
}

TEST_F(AtomicFileTest, UseAfterTheEndIsABug) {
  AtomicFile file(path("a.txt"));
  file.commit();
  EXPECT_THROW(file.commit(), InternalError);
}

TEST_F(AtomicFileTest, ReadingTextFiles) {
  const std::string text("with\0zero\r\n", 11);
  EXPECT_EQ(read_text_file(put("a", text)), text);
  EXPECT_EQ(read_text_file(put("empty", "")), "");
  EXPECT_THAT(message_of<IoError>([&] { read_text_file(path("none")); }), HasSubstr("check the path"));
  EXPECT_THAT(message_of<IoError>([&] { read_text_file(folder_); }), HasSubstr("folder"));
  EXPECT_EQ(read_text_file(path("a"), 11), text);
  EXPECT_THAT(message_of<IoError>([&] { read_text_file(path("a"), 10); }), AllOf(HasSubstr("11"), HasSubstr("10")));
  // No size is known of a device; reading stops at the limit all the same.
  EXPECT_THAT(message_of<IoError>([&] { read_text_file("/dev/zero", 5000000); }), HasSubstr("/dev/zero"));
}

TEST(Remedy, EveryCommonErrorHasAnAdvice) {
  const std::string general = remedy_for(0);
  for (const int error : {ENOENT, ENOTDIR, EISDIR, EACCES, EPERM, EROFS, ENOSPC, EDQUOT, EFBIG, EMFILE, ENAMETOOLONG})
    EXPECT_NE(remedy_for(error), general) << error;
  EXPECT_THAT(general, testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace tessera
