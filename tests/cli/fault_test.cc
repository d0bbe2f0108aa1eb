// SPDX-License-Identifier: GPL-3.0-or-later
// What fails while a run goes on: the disk fills, memory is refused, particles vanish or are cut short.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <functional>

#include "tessera/base/random.h"
#include "tests/cli/run_program.h"
#include "tests/cli/small_scene.h"

namespace tessera::cli_test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

class Fault : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    const Result made = run(small_particles("data", 4));
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  static std::vector<std::string> average() {
    return {"average",      "data/particles.star",
            "--iterations", "1",
            "--starts",     "1",
            "--start",      "particles",
            "--max-shift",  "1",
            "--threads",    "1",
            "--quiet",      "--output"};
  }
  static std::vector<std::string> align() {
    return {"align", "data/particles.star", "--reference", "data/truth_1.mrc", "--max-shift",
            "1",     "--threads",           "1",           "--quiet",          "--output"};
  }
};

// A disk of so many bytes, which only the run sees and which goes with it. What it left there is listed on standard
// output, names with sizes.
class FullDisk : public Fault {
 protected:
  void SetUp() override {
    Fault::SetUp();
    fs::create_directories(path("disk"));
    if (on_disk(1 << 20, {"density", "--list-builtins"}).exit_code != 0) GTEST_SKIP() << "may not mount here";
  }
  Result on_disk(int64_t bytes, const std::vector<std::string>& words) const {
    std::string line =
        "mount -t tmpfs -o size=" + std::to_string(bytes) + " none disk 2>/dev/null || exit 90; '" + binary() + "'";
    for (const std::string& word : words) line += " '" + word + "'";
    line += " >/dev/null; code=$?; cd disk && find . -type f -printf '%P %s\n'; exit $code";
    return run_other({"/usr/bin/unshare", "--mount", "/bin/bash", "-c", line});
  }
  // On disks of every size from nothing to enough a run ends well, or says that the disk is full and has left nothing
  // under a temporary name, and maps that it left are as long as they should be.
  void expect_sentences(std::vector<std::string> words, int64_t step, int64_t enough) {
    words.push_back("disk/out");
    const Result whole = on_disk(4 * enough, words);
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    int full = 0;
    for (int64_t bytes = step; bytes <= enough; bytes += step) {
      const Result result = on_disk(bytes, words);
      ASSERT_THAT(result.exit_code, AnyOf(0, 3)) << bytes << ": " << result.err;
      if (result.exit_code == 0) continue;
      ++full;
      EXPECT_THAT(result.err, HasSubstr("disk/out")) << bytes;
      EXPECT_THAT(result.err, HasSubstr("free space")) << bytes;
      std::istringstream left(result.out);
      for (std::string name, size; left >> name >> size;) {
        EXPECT_EQ(name.find("tmp-"), std::string::npos) << name;
        if (name.ends_with(".mrc")) {
          EXPECT_THAT(whole.out, HasSubstr(name + " " + size)) << bytes;
        }
      }
    }
    EXPECT_GT(full, 0);
  }
};

TEST_F(FullDisk, EveryVerbSaysSoAndLeavesWhatIsWhole) {
  expect_sentences(average(), 32768, 65536);
  auto particles = small_particles("disk/out", 2);
  particles.pop_back();
  expect_sentences(particles, 131072, 131072);
  expect_sentences(align(), 4096, 4096);
  expect_sentences({"density", "builtin:ring", "--box", "32", "--voxel-size", "8", "--quiet", "--output"}, 65536,
                   65536);
}

class RefusedMemory : public Fault {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "sanitizers take terabytes of address space";
#endif
    Fault::SetUp();
  }
  // From what lets the program barely start to what is enough: success, or a sentence, and no result that is not whole.
  void expect_sentences(const std::vector<std::string>& words, const std::string& output, rlim_t least, rlim_t enough) {
    int refused = 0;
    for (int step = 0; step <= 3; ++step) {
      fs::remove_all(path(output));
      const rlim_t bytes = least + (enough - least) * step / 3;
      const Result result = run(words, {.memory_bytes = bytes});
      if (result.exit_code == 127) continue;  // the loader found no room for the libraries
      EXPECT_THAT(result.exit_code, AnyOf(0, 2, 4, 70)) << bytes << ": " << result.err;
      if (result.exit_code == 0) continue;
      ++refused;
      EXPECT_THAT(result.err, AnyOf(HasSubstr("memory"), HasSubstr("--threads"))) << bytes;
      EXPECT_THAT(result.err, HasSubstr("tessera: "));
      if (fs::is_directory(path(output))) {
        for (const std::string& name : files(output)) EXPECT_EQ(name.find("tmp-"), std::string::npos) << name;
      } else {
        EXPECT_FALSE(fs::exists(path(output)));
      }
    }
    EXPECT_GT(refused, 0);
  }
};

TEST_F(RefusedMemory, EndsInASentence) {
  auto words = average();
  words.push_back("out");
  expect_sentences(words, "out", 38 << 20, 200 << 20);
  expect_sentences({"density", "builtin:ring", "--box", "64", "--voxel-size", "6", "--output", "map.mrc"}, "map.mrc",
                   38 << 20, 80 << 20);
}

// A run that has a limit plans within three quarters of what it leaves.
TEST_F(RefusedMemory, TheLimitCountsAsWhatIsAvailable) {
  auto words = average();
  std::erase(words, "--quiet");
  words.push_back("out");
  const Result result = run(words, {.memory_bytes = rlim_t{300} << 20});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, testing::ContainsRegex("0\\.[012][0-9]* GB allowed"));
}

class Vanishing : public Fault {
 protected:
  // While the verb runs, at random moments, `spoil` befalls a particle. Either it came too late, and the result is
  // there; or the run ends with the name of the particle, and leaves no result.
  void expect_it_named(std::vector<std::string> words, const std::string& result_file,
                       const std::function<void(const fs::path&)>& spoil) {
    const std::string name = "subtomograms/particle_000005.mrc";
    const fs::path particle = path("data") / name, kept = path("kept.mrc");
    fs::copy_file(particle, kept, fs::copy_options::overwrite_existing);
    words.push_back("out");
    const auto start = std::chrono::steady_clock::now();
    ASSERT_EQ(run(words).exit_code, 0);
    const auto lines_of = [&] { return std::ranges::count(text_of(path(result_file)), '\n'); };
    const auto whole = lines_of();
    fs::remove_all(path("out"));
    double latest = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Random random(static_cast<uint64_t>(getpid()), "vanish");
    bool named = false;
    for (int attempt = 0; attempt < 40 && !named; ++attempt) {
      const double after = random.uniform(0.0, latest);
      const pid_t child = start_in_background(words);
      usleep(static_cast<useconds_t>(after * 1e6));
      spoil(particle);
      int status = 0;
      waitpid(child, &status, 0);
      const std::string said = text_of(folder_.string() + ".background");
      ASSERT_TRUE(WIFEXITED(status)) << said;
      if (WEXITSTATUS(status) == 0) {
        EXPECT_EQ(lines_of(), whole) << after;
        latest = after;
      } else {
        EXPECT_EQ(WEXITSTATUS(status), 3) << said;
        EXPECT_THAT(said, HasSubstr(name)) << after;
        if (fs::exists(path("out"))) {
          EXPECT_TRUE(fs::is_directory(path("out")));
          EXPECT_THAT(files("out"), IsEmpty());
        }
        named = true;
      }
      fs::remove(particle);
      fs::copy_file(kept, particle);
      fs::remove_all(path("out"));
    }
    EXPECT_TRUE(named) << "it always came too late";
  }
  static void remove(const fs::path& file) { fs::remove(file); }
  static void cut_short(const fs::path& file) { fs::resize_file(file, fs::file_size(file) - 1000); }
};

TEST_F(Vanishing, WhileAveraging) {
  expect_it_named(average(), "out/class_1.mrc", remove);
  expect_it_named(average(), "out/class_1.mrc", cut_short);
}

TEST_F(Vanishing, WhileAligning) {
  expect_it_named(align(), "out", remove);
  expect_it_named(align(), "out", cut_short);
}

TEST_F(Vanishing, WhileClassifying) {
  NoLeakSearch no_leak_search;
  if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
  const Result trained = run({"train", "data/truth.star", "--width", "0.25", "--batch", "8", "--epochs", "1",
                              "--threads", "1", "--output", "model", "--quiet"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  const std::vector<std::string> words = {"classify", "model",   "data/particles.star", "--threads", "1",
                                          "--quiet",  "--output"};
  expect_it_named(words, "out/particles.star", remove);
}

}  // namespace
}  // namespace tessera::cli_test
