// SPDX-License-Identifier: GPL-3.0-or-later
// coarse-grain and pack as a user runs them: their files, their numbers, and scenes that cannot be.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Pack : public CliTest {
 protected:
  void scene(const std::string& text) const { std::ofstream(path("scene.toml")) << text; }
  Result pack(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"pack", "scene.toml", "--output", "out", "--quiet", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  void expect_refused(const std::string& text, const std::string& reason, int exit_code = 2,
                      const std::vector<std::string>& more = {}) const {
    scene(text);
    const Result result = pack(more);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(reason));
    EXPECT_FALSE(fs::exists(path("out/scene.json")));
  }
};
using CoarseGrain = CliTest;

const std::string head = "box_A = [500, 500, 500]\nvoxel_size_A = 10\nmode = \"paper\"\n";
const std::string dimers = "[[species]]\nstructure = \"builtin:dimer\"\ncopies = 4\n";

TEST_F(CoarseGrain, BallsBondsAndVolumes) {
  const Result result = run({"coarse-grain", "builtin:rod", "--output", "balls.json", "--quiet", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files(), ElementsAre("balls.json", "balls.run.json"));
  const auto json = nlohmann::json::parse(text_of(path("balls.json")));
  EXPECT_EQ(json, result.json());
  const size_t balls = json.at("balls").size();
  EXPECT_EQ(balls, (json.at("atoms").get<size_t>() + 4999) / 5000);
  EXPECT_EQ(json.at("bonds").size(), balls * (balls - 1) / 2);
  EXPECT_GT(json.at("volumes").at("saved"), 0.5) << "a rod in one ball is mostly air";
  const Result several = run(
      {"coarse-grain", "builtin:rod", "builtin:dimer", "--output", "all.json", "--figure", "volumes.png", "--quiet"});
  ASSERT_EQ(several.exit_code, 0) << several.err;
  EXPECT_THAT(several.out, HasSubstr("several balls are smaller than one for 1 of 2 structures"));
  EXPECT_TRUE(fs::exists(path("volumes.png")));
  EXPECT_EQ(run({"coarse-grain", "builtin:rod", "--output", "rod.pdb", "--quiet"}).exit_code, 0);
  EXPECT_THAT(text_of(path("rod.pdb")), AllOf(HasSubstr("ATOM      4"), HasSubstr("CONECT    3    4")));
}

TEST_F(CoarseGrain, FaultsTogether) {
  const Result result =
      run({"coarse-grain", "none.pdb", "--output", "x.json", "--least-balls", "0", "--start", "luck"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("none.pdb"), HasSubstr("--least-balls 0"), HasSubstr("luck")));
}

TEST_F(Pack, ASmallSceneByDynamics) {
  scene(head + "seed = 9\n[packing]\nsteps = 300\nframes = 3\nrestarts = 2\n" + dimers + "[[filament]]\nballs = 4\n");
  const Result result = pack();
  if (result.exit_code == 2 && result.err.find("built without") != std::string::npos)
    GTEST_SKIP() << "OpenMM is not installed here";
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files("out"), ElementsAre("balls.png", "packing.json", "run.json", "scene.json", "timeline.csv",
                                        "topology.pdb", "trajectory.dcd"));
  const auto report = result.json(), made = nlohmann::json::parse(text_of(path("out/scene.json")));
  EXPECT_EQ(report.at("species").at(0).at("requested"), 4);
  EXPECT_EQ(report.at("species").at(0).at("placed"), made.at("bodies").size());
  EXPECT_EQ(made.at("seed"), 9) << "as the scene says";
  EXPECT_EQ(made.at("mode"), "paper");
  EXPECT_EQ(made.at("balls").size(), report.at("balls"));
  EXPECT_LT(report.at("end").at("cluster_radius_A"), report.at("start").at("cluster_radius_A"));
  std::istringstream timeline(text_of(path("out/timeline.csv")));
  int lines = 0;
  for (std::string line; std::getline(timeline, line);) ++lines;
  EXPECT_EQ(lines, 1 + 4);
  ASSERT_EQ(pack({"--seed", "3", "--trajectory", "pdb", "--steps", "30"}).exit_code, 0);
  EXPECT_EQ(nlohmann::json::parse(text_of(path("out/scene.json"))).at("seed"), 3) << "--seed wins";
  EXPECT_THAT(text_of(path("out/trajectory.pdb")), HasSubstr("MODEL        4"));
}

TEST_F(Pack, ScenesThatCannotBe) {
  expect_refused(head + "[[species]]\nstructure = \"builtin:dimer\"\ncopies = 0\n", "copies is 0");
  expect_refused(head + "[[species]]\nstructure = \"builtin:dymer\"\ncopies = 1\n", "did you mean dimer?");
  expect_refused(head + "[[species]]\nstructure = \"none.cif\"\ncopies = 1\n", "none.cif");
  expect_refused(head + "[[membrane]]\nballs = [9, 9]\n", "larger than the box");
  expect_refused(head + "[packing]\nstep = 3\n" + dimers, "packing.step is unknown; did you mean steps?");
  expect_refused(head + "[packing]\nsteps = \"many\"\n" + dimers, "packing.steps cannot be");
  expect_refused(head + dimers, "--drive \"up\"", 2, {"--drive", "up"});
  expect_refused(
      "box_A = [150, 500, 500]\nvoxel_size_A = 10\nmode = \"paper\"\n"
      "[[species]]\nstructure = \"builtin:rod\"\ncopies = 1\n",
      "cannot fit a box 150 Å wide");
  expect_refused(head + "[[species]]\nstructure = \"builtin:dimer\"\ncopies = 900\n", "at most 100 % can be asked for");
  expect_refused("box_A = [", "line 1", 3);
}

TEST_F(Pack, AHopelessTimeStepIsSaid) {
  scene(head + "[packing]\nsteps = 40\nframes = 2\nrestarts = 1\n" + dimers);
  const Result result = pack({"--time-step", "50000"});
  if (result.exit_code == 2) GTEST_SKIP() << "OpenMM is not installed here";
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, HasSubstr("the integration blows up even with a time step of"));
  EXPECT_FALSE(fs::exists(path("out/scene.json")));
}

}  // namespace
}  // namespace tessera::cli_test
