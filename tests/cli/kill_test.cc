// SPDX-License-Identifier: GPL-3.0-or-later
// Every long verb is killed (SIGKILL) at random moments and started again, with --resume where it has one: the outcome
// is that of an undisturbed run, byte for byte. TESSERA_KILLS: how often for each verb (1 if not set).
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstring>
#include <map>

#include "tessera/base/random.h"
#include "tests/cli/run_program.h"
#include "tests/cli/small_scene.h"

namespace tessera::cli_test {
namespace {

using testing::HasSubstr;

int kills_for_each_verb() {
  const char* text = std::getenv("TESSERA_KILLS");
  return text ? std::atoi(text) : 1;
}

class Kill : public CliTest {
 protected:
  NoLeakSearch no_leak_search_;

  void make_particles() const {
    const Result made = run(small_particles("data", 8));
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  void make_tomogram() const {
    write_small_scene(path("scene"));
    const Result made = run({"simulate", "tomogram", "scene", "--tilt-step", "10", "--output", "tomo", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }

  // Everything a verb left but what tells times: run records, checkpoints, curves and convergence.json. Of
  // models the values alone: their header tells how long the training took.
  std::map<std::string, std::string> outcome(const std::string& output) const {
    std::map<std::string, std::string> out;
    const auto put = [&](const std::string& name, const fs::path& file) {
      if (name.ends_with("run.json") || name.starts_with("checkpoint") || name == "convergence.json" ||
          name == "packing.json" || name == "curve.csv" || name.find("learning") != std::string::npos ||
          name.find(".checkpoint") != std::string::npos)
        return;
      std::string text = text_of(file);
      if (text.starts_with("TESSNET")) {
        uint64_t header = 0;
        std::memcpy(&header, text.data() + 16, 8);
        text.erase(0, 24 + header);
      }
      out[name] = text;
    };
    if (fs::is_directory(path(output)))
      for (const std::string& name : files(output)) put(name, path(output) / name);
    else if (fs::exists(path(output)))
      put("output", path(output));
    return out;
  }

  // Words without --output; `resume`: more words after a kill.
  void expect_the_same_after_kills(std::vector<std::string> words, const std::string& output,
                                   const std::vector<std::string>& resume = {}) {
    words.insert(words.end(), {"--quiet", "--threads", "1", "--output"});
    auto undisturbed = words;
    undisturbed.push_back("whole_" + output);
    const auto start = std::chrono::steady_clock::now();
    const Result whole = run(undisturbed);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ASSERT_EQ(whole.exit_code, 0) << whole.err;
    const auto expected = outcome("whole_" + output);
    ASSERT_FALSE(expected.empty());
    words.push_back(output);
    Random random(static_cast<uint64_t>(getpid()), "kill");
    int killed = 0;
    double latest = seconds;  // a run that ended before its kill bounds those that follow: they are not all as slow
    for (int attempt = 0; killed < kills_for_each_verb() && attempt < 20 + 4 * kills_for_each_verb(); ++attempt) {
      fs::remove_all(path(output));
      const double after = random.uniform(0.0, latest);
      const Result end = run(words, {.signal_after_s = after, .signal = SIGKILL});
      if (end.exit_code != 128 + SIGKILL) {
        latest = after;
        continue;
      }
      ++killed;
      for (const auto& [name, text] : outcome(output))  // whatever is there under its name is whole
        if (!name.starts_with('.') && name.find("/.") == std::string::npos && expected.contains(name) &&
            resume.empty() && fs::is_directory(path(output))) {
          EXPECT_EQ(text.size(), expected.at(name).size()) << name << " after " << after << " s";
        }
      auto again = words;
      again.insert(again.end(), resume.begin(), resume.end());
      const Result second = run(again);
      ASSERT_EQ(second.exit_code, 0) << "killed after " << after << " of " << seconds << " s: " << second.err;
      const auto found = outcome(output);
      std::vector<std::string> names, wanted;
      for (const auto& [name, text] : found) names.push_back(name);
      for (const auto& [name, text] : expected) wanted.push_back(name);
      EXPECT_EQ(names, wanted) << "killed after " << after << " of " << seconds << " s";
      for (const auto& [name, text] : expected)
        if (found.contains(name)) {
          EXPECT_TRUE(found.at(name) == text) << name << ": killed after " << after << " of " << seconds << " s";
        }
    }
    EXPECT_GT(killed, 0) << "no kill came in time";
    RecordProperty("killed", killed);
    std::printf("  killed %d times within %.2f s\n", killed, seconds);
  }
};

TEST_F(Kill, SimulateParticles) {
  expect_the_same_after_kills({"simulate", "particles", "--structure", "builtin:dimer", "--copies", "12", "--box", "32",
                               "--voxel-size", "12", "--resolution", "30", "--tilt-step", "4"},
                              "set");
}

TEST_F(Kill, Average) {
  make_particles();
  expect_the_same_after_kills({"average", "data/particles.star", "--classes", "2", "--iterations", "4", "--starts", "1",
                               "--max-shift", "1", "--start", "particles"},
                              "avg", {"--resume"});
}

TEST_F(Kill, Align) {
  make_particles();
  expect_the_same_after_kills({"align", "data/particles.star", "--reference", "data/truth_1.mrc", "--max-shift", "1"},
                              "aligned.star");
}

TEST_F(Kill, Pack) {
  std::ofstream(path("scene.toml")) << "box_A = [400, 400, 400]\nvoxel_size_A = 20\n[[species]]\n"
                                       "structure = \"builtin:dimer\"\ncopies = 10\n";
  expect_the_same_after_kills({"pack", "scene.toml", "--rotations", "4"}, "packed");
}

TEST_F(Kill, SimulateTomogram) {
  write_small_scene(path("scene"));
  expect_the_same_after_kills({"simulate", "tomogram", "scene", "--tilt-step", "5"}, "tomo");
}

TEST_F(Kill, PickTemplate) {
  make_tomogram();
  expect_the_same_after_kills({"pick", "tomo/tomogram.mrc", "--method", "template", "--template", "builtin:ferritin",
                               "--symmetry", "O", "--count", "2", "--tilt-range", "-60", "60"},
                              "picks.star");
}

TEST_F(Kill, Extract) {
  make_tomogram();
  expect_the_same_after_kills({"extract", "tomo/tomogram.mrc", "tomo/truth.star", "--box", "12"}, "cut");
}

TEST_F(Kill, TrainAndClassify) {
  if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
  make_particles();
  expect_the_same_after_kills({"train", "data/truth.star", "--width", "0.25", "--batch", "8", "--epochs", "3"}, "model",
                              {"--resume"});
  expect_the_same_after_kills({"classify", "whole_model", "data/particles.star"}, "classes");
}

TEST_F(Kill, ASecondRunIntoTheSameFolderIsRefusedAndTheFirstGoesOn) {
  make_particles();
  const std::vector<std::string> words = {"average",
                                          "data/particles.star",
                                          "--iterations",
                                          "3",
                                          "--starts",
                                          "1",
                                          "--output",
                                          "avg",
                                          "--quiet",
                                          "--threads",
                                          "1",
                                          "--max-shift",
                                          "1",
                                          "--start",
                                          "particles"};
  const pid_t first = start_in_background(words);
  while (!fs::exists(path("avg/.tessera-lock"))) {
    ASSERT_EQ(kill(first, 0), 0);
    usleep(500);
  }
  const Result second = run(words);
  EXPECT_EQ(second.exit_code, 2);
  EXPECT_THAT(second.err, HasSubstr("process " + std::to_string(first) + " on "));
  int status = 0;
  waitpid(first, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(fs::exists(path("avg/class_1.mrc")));
  EXPECT_FALSE(fs::exists(path("avg/.tessera-lock")));
}

TEST_F(Kill, TerminationIsAnsweredAsCtrlC) {
  make_particles();
  const std::vector<std::string> words = {
      "average", "data/particles.star", "--iterations", "9", "--starts", "1", "--output", "avg", "--quiet",
      "--start", "particles",           "--max-shift",  "1"};
  for (const int signal : {SIGTERM, SIGUSR1}) {
    RunLimits limits;
    limits.signal_when_exists = "avg/run.json";
    limits.signal = signal;
    const Result stopped = run(words, limits);
    EXPECT_EQ(stopped.exit_code, 130) << signal << ": " << stopped.err;
    EXPECT_THAT(stopped.err, HasSubstr("--resume continues from it"));
    fs::remove_all(path("avg"));
  }
}

}  // namespace
}  // namespace tessera::cli_test
