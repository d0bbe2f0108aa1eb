// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/run_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class RunLockTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

// Another process that holds the lock until it is killed or told to end.
class OtherRun {
 public:
  explicit OtherRun(const fs::path& output) {
    int ready[2], end[2];
    if (pipe(ready) != 0 || pipe(end) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      close(end[1]);
      {
        const RunLock lock(output);
        char byte = 'x';
        if (write(ready[1], &byte, 1) == 1 && read(end[0], &byte, 1) < 0) _exit(1);
      }
      _exit(0);
    }
    close(end[0]);
    end_ = end[1];
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) std::abort();
    close(ready[0]);
    close(ready[1]);
  }
  ~OtherRun() {
    if (pid_ > 0) finish();
  }
  void finish() {
    close(end_);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  void die() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(end_);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int end_ = -1;
};

TEST_F(RunLockTest, ASecondProcessIsRefusedByNameAndTheFirstLeavesNothing) {
  for (const fs::path& output : {folder_, folder_ / "list.star"}) {
    OtherRun other(output);
    try {
      const RunLock lock(output);
      FAIL() << "two runs in one place";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(),
                  AllOf(HasSubstr(fmt::format("process {} on ", other.pid())), HasSubstr("another --output")));
    }
    other.finish();
    EXPECT_TRUE(fs::is_empty(folder_));
    const RunLock lock(output);
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(RunLockTest, AKilledRunGivesTheLockBackAndItsLeavingsGo) {
  OtherRun other(folder_);
  const std::string temporary = fmt::format(".map.mrc.tmp-{}-3", other.pid());
  const auto partial = folder_ / fmt::format(".partial-{}", other.pid());
  fs::create_directories(partial / "subtomograms");
  std::ofstream(folder_ / temporary) << "half";
  std::ofstream(folder_ / ".map.mrc.tmp-1-3") << "of a living process";
  std::ofstream(folder_ / "map.mrc") << "whole";
  other.die();
  EXPECT_TRUE(fs::exists(folder_ / ".tessera-lock"));
  {
    const RunLock lock(folder_);
    EXPECT_FALSE(fs::exists(partial));
    EXPECT_FALSE(fs::exists(folder_ / temporary));
  }
  EXPECT_TRUE(fs::exists(folder_ / ".map.mrc.tmp-1-3"));
  EXPECT_TRUE(fs::exists(folder_ / "map.mrc"));
  EXPECT_FALSE(fs::exists(folder_ / ".tessera-lock"));
}

TEST_F(RunLockTest, TheSameProcessMayLockTwiceAndOtherPlacesAreFree) {
  auto first = std::make_unique<RunLock>(folder_);
  const RunLock second(folder_ / "." / "");
  const RunLock file(folder_ / "list.star"), other_file(folder_ / "other.star");
  first.reset();
  EXPECT_TRUE(fs::exists(folder_ / ".tessera-lock")) << "still held";
}

TEST_F(RunLockTest, DevicesAreNotLocked) {
  const RunLock null("/dev/null");
  EXPECT_FALSE(fs::exists("/dev/.null.tessera-lock"));
}

}  // namespace
}  // namespace tessera
