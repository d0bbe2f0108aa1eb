// SPDX-License-Identifier: GPL-3.0-or-later
// Under mpirun every verb that shares its work writes what it writes alone, byte for byte.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/cli/run_program.h"
#include "tests/cli/small_scene.h"

namespace tessera::cli_test {
namespace {

using testing::HasSubstr;

class Mpi : public CliTest {
 protected:
  NoLeakSearch no_leak_search_;
  void SetUp() override {
    CliTest::SetUp();
    if (!fs::exists(fs::path(binary()).parent_path() / "libtessera_mpi.so")) GTEST_SKIP() << "built without MPI";
    if (std::system("command -v mpirun >/dev/null 2>&1") != 0) GTEST_SKIP() << "no mpirun";
    const Result made = run(small_particles("data", 12));
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
  Result run_ranks(int ranks, std::vector<std::string> words) const {
    std::string line = "exec mpirun --allow-run-as-root --oversubscribe --bind-to none -n " + std::to_string(ranks);
    words.insert(words.begin(), binary());
    for (const std::string& word : words) line += " '" + word + "'";
    return run_other({"/bin/bash", "-c", line});
  }
  // Of all but the records, which tell times and ranks.
  void expect_same_files(const std::string& one, const std::string& other) const {
    const auto names = [&](const std::string& folder) {
      std::vector<std::string> out = files(folder);
      std::erase_if(out, [](const std::string& name) {
        return name == "run.json" || name == "convergence.json" || name.starts_with("checkpoint");
      });
      return out;
    };
    ASSERT_EQ(names(one), names(other));
    for (const std::string& name : names(one))
      EXPECT_TRUE(text_of(path(one) / name) == text_of(path(other) / name)) << name << " in " << other;
  }
  void expect_ranks_change_nothing(std::vector<std::string> words, bool folder = true) {
    words.insert(words.end(), {"--quiet", "--threads", "1", "--output"});
    auto alone = words;
    alone.push_back("alone");
    const Result one = run(alone);
    ASSERT_EQ(one.exit_code, 0) << one.err;
    for (const int ranks : {2, 4}) {
      auto shared = words;
      shared.push_back("ranks" + std::to_string(ranks));
      const Result several = run_ranks(ranks, shared);
      ASSERT_EQ(several.exit_code, 0) << several.err;
      if (folder)
        expect_same_files("alone", shared.back());
      else
        EXPECT_TRUE(text_of(path("alone")) == text_of(path(shared.back()))) << ranks;
    }
  }
};

TEST_F(Mpi, Average) {
  expect_ranks_change_nothing({"average", "data/particles.star", "--classes", "2", "--iterations", "2", "--starts", "1",
                               "--max-shift", "1", "--start", "particles"});
}

TEST_F(Mpi, Align) {
  expect_ranks_change_nothing({"align", "data/particles.star", "--reference", "data/truth_1.mrc", "--max-shift", "1"},
                              false);
}

TEST_F(Mpi, SimulateParticles) {
  const Result several = run_ranks(3, small_particles("data3", 12));
  ASSERT_EQ(several.exit_code, 0) << several.err;
  expect_same_files("data", "data3");
}

TEST_F(Mpi, PickTemplate) {
  write_small_scene(path("scene"));
  const Result made = run({"simulate", "tomogram", "scene", "--tilt-step", "10", "--output", "tomo", "--quiet"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  expect_ranks_change_nothing({"pick", "tomo/tomogram.mrc", "--method", "template", "--template", "builtin:ferritin",
                               "--symmetry", "O", "--count", "2", "--tilt-range", "-60", "60"},
                              false);
}

TEST_F(Mpi, Classify) {
  if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
  const Result trained = run({"train", "data/truth.star", "--width", "0.25", "--batch", "8", "--epochs", "1",
                              "--threads", "1", "--output", "model", "--quiet"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  expect_ranks_change_nothing({"classify", "model", "data/particles.star", "--features", "--batch", "5"});
}

// Steps that can be shared are, the others are done once; the second time none is. (Lists name files of their folder.)
TEST_F(Mpi, APipeline) {
  std::ofstream(path("chain.toml")) << R"(output = "alone"
[[step]]
verb = "convert"
input = "data/subtomograms"
output = "list.star"
tilt-range = [-60, 60]
[[step]]
verb = "average"
particles = "@convert"
iterations = 2
start = "random"
max-shift = 1
threads = 1
[[step]]
verb = "convert"
name = "table"
input = "@average/particles.star"
output = "table.tbl"
write-images = "table_images"
)";
  ASSERT_EQ(run({"run", "chain.toml", "--quiet"}).exit_code, 0);
  const Result several = run_ranks(2, {"run", "chain.toml", "--quiet", "--output", "ranks"});
  ASSERT_EQ(several.exit_code, 0) << several.err;
  for (const char* name : {"average/class_1.mrc", "table.tbl", "table_images/particle_000001.em"})
    EXPECT_TRUE(text_of(path("alone") / name) == text_of(path("ranks") / name)) << name;
  const Result again = run_ranks(2, {"run", "chain.toml", "--json", "--quiet", "--output", "ranks"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  const auto told = again.json();
  ASSERT_EQ(told.at("steps").size(), 3u);
  for (const auto& step : told.at("steps")) EXPECT_EQ(step.at("state"), "up to date");
  std::ofstream(path("chain.toml"), std::ios::app) << "[[step]]\nverb = \"average\"\nname = \"bad\"\n"
                                                      "classes = 0\nparticles = \"@convert\"\n";
  const Result fault = run_ranks(2, {"run", "chain.toml", "--quiet", "--output", "ranks"});
  EXPECT_EQ(fault.exit_code, 2) << fault.err;
  EXPECT_THAT(fault.err, HasSubstr("step bad: "));
}

TEST_F(Mpi, OtherVerbsRunOnOneRank) {
  const Result result = run_ranks(2, {"density", "builtin:dimer", "--box", "16", "--voxel-size", "20", "--resolution",
                                      "40", "--output", "map.mrc"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("tessera density runs on one rank"));
}

TEST_F(Mpi, ARankThatDiesEndsTheJobAndLeavesTheCheckpoint) {
  const Result result = run_other(
      {"/bin/bash", "-c",
       "mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 '" + binary() +
           "' average data/particles.star --iterations 50 --starts 1 --start particles --max-shift 1 --threads 1 "
           "--output avg & while ! [ -f avg/checkpoint.cbor ]; do sleep 0.05; done; "
           "for id in $(pgrep -P $! -x tessera); do last=$id; done; kill -9 $last; wait $!"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("signal 9"));
  const Result resumed = run({"average", "data/particles.star", "--iterations", "2", "--starts", "1", "--start",
                              "particles", "--max-shift", "1", "--threads", "1", "--output", "avg", "--resume"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resuming after iteration"));
}

}  // namespace
}  // namespace tessera::cli_test
