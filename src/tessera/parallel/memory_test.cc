// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/parallel/memory.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

class MemoryTest : public test::ScratchFolder {
 protected:
  void file(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(path(name).parent_path());
    put(name, text);
  }
};

TEST_F(MemoryTest, WithoutLimitsTheMachineDecides) {
  EXPECT_TRUE(std::isinf(available_memory_bytes(folder_)));
  file("proc/meminfo", "MemTotal:  8000 kB\nMemAvailable:   5000 kB\n");
  EXPECT_EQ(available_memory_bytes(folder_), 5000 * 1024);
}

TEST_F(MemoryTest, TheTightestGroupDecides) {
  file("proc/meminfo", "MemAvailable:   5000 kB\n");
  file("proc/self/cgroup", "0::/jobs/one\n");
  file("sys/fs/cgroup/jobs/memory.max", "3000000\n");
  file("sys/fs/cgroup/jobs/memory.current", "2000000\n");
  file("sys/fs/cgroup/jobs/one/memory.max", "max\n");
  file("sys/fs/cgroup/jobs/one/memory.current", "1000000\n");
  EXPECT_EQ(available_memory_bytes(folder_), 1000000);
  file("sys/fs/cgroup/jobs/memory.stat", "anon 1\nfile 2\ninactive_file 500000\n");
  EXPECT_EQ(available_memory_bytes(folder_), 1500000);
  file("sys/fs/cgroup/jobs/memory.current", "4000000\n");
  EXPECT_EQ(available_memory_bytes(folder_), 0) << "never negative";
}

TEST_F(MemoryTest, LimitsOfTheProcessCount) {
  file("proc/meminfo", "MemAvailable:   5000 kB\n");
  file("proc/self/status", "Name:\tx\nVmSize:\t    1000 kB\nVmData:\t     600 kB\n");
  const std::string head = "Limit                     Soft Limit           Hard Limit           Units     \n";
  file("proc/self/limits", head +
                               "Max data size             unlimited            unlimited            bytes     \n"
                               "Max address space         unlimited            unlimited            bytes     \n");
  EXPECT_EQ(available_memory_bytes(folder_), 5000 * 1024);
  file("proc/self/limits", head + "Max address space         2048000              unlimited            bytes     \n");
  EXPECT_EQ(available_memory_bytes(folder_), 1000 * 1024);
  file("proc/self/limits", head +
                               "Max data size             716800               unlimited            bytes     \n"
                               "Max address space         2048000              unlimited            bytes     \n");
  EXPECT_EQ(available_memory_bytes(folder_), 100 * 1024);
  file("proc/self/limits", head + "Max address space         1000                 unlimited            bytes     \n");
  EXPECT_EQ(available_memory_bytes(folder_), 0) << "never negative";
}

TEST_F(MemoryTest, FirstVersionOfControlGroups) {
  file("proc/meminfo", "MemAvailable:   5000 kB\n");
  file("proc/self/cgroup", "9:name=systemd:/\n4:memory,hugetlb:/box\n0::/\n");
  file("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2500000\n");
  file("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "1500000\n");
  file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  file("sys/fs/cgroup/memory/memory.usage_in_bytes", "1500000\n");
  EXPECT_EQ(available_memory_bytes(folder_), 1000000);
}

TEST_F(MemoryTest, OfThisMachineIsPlausible) {
  EXPECT_GT(available_memory_bytes(), 1e6);
}

}  // namespace
}  // namespace tessera
