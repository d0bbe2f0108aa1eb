// SPDX-License-Identifier: GPL-3.0-or-later
// A pipeline of the program's own verbs: the same files as the commands give, done once, checked whole.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class RunPipeline : public CliTest {
 protected:
  void write(const std::string& snr) const {
    std::ofstream(path("chain.toml")) << R"(output = "made"
seed = 3
[[step]]
verb = "simulate particles"
name = "data"
structure = ["builtin:claw"]
copies = 4
box = 16
voxel-size = 18
resolution = 36
max-shift = 1
snr = )" << snr << R"(
tilt-range = [-60, 60]
[[step]]
verb = "average"
particles = "@data/particles.star"
iterations = 2
start = "random"
recentre = false
[[step]]
verb = "compare"
map = "@average/class_1.mrc"
reference = "builtin:claw"
)";
  }
};

TEST_F(RunPipeline, MakesWhatTheCommandsMake) {
  write("2");
  const Result result = run({"run", "chain.toml", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto steps = result.json().at("steps");
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].at("result").at("particles"), 4);
  EXPECT_THAT(files("made"), AllOf(Contains("data.step.json"), Contains("compare/run.json"), Contains("run.json")));
  ASSERT_EQ(run({"simulate",     "particles", "--structure",  "builtin:claw", "--copies",    "4",        "--box", "16",
                 "--voxel-size", "18",        "--resolution", "36",           "--max-shift", "1",        "--snr", "2",
                 "--tilt-range", "-60",       "60",           "--seed",       "3",           "--output", "alone"})
                .exit_code,
            0);
  ASSERT_EQ(run({"average", "alone/particles.star", "--iterations", "2", "--start", "random", "--no-recentre", "--seed",
                 "3", "--output", "average"})
                .exit_code,
            0);
  EXPECT_EQ(text_of(path("made/average/class_1.mrc")), text_of(path("average/class_1.mrc")));
}

TEST_F(RunPipeline, RunsOnceAndAgainOnlyWhatChanged) {
  write("2");
  ASSERT_EQ(run({"run", "chain.toml", "--quiet", "--threads", "1"}).exit_code, 0);
  const auto again = run({"run", "chain.toml", "--json", "--threads", "2"}).json();
  for (const auto& step : again.at("steps")) EXPECT_EQ(step.at("state"), "up to date");
  write("3");
  const auto changed = run({"run", "chain.toml", "--json", "--dry-run"}).json();
  for (const auto& step : changed.at("steps")) EXPECT_EQ(step.at("state"), "would run");
  const Result result = run({"run", "chain.toml"});
  EXPECT_THAT(result.err, AllOf(HasSubstr("[1/3] data: tessera simulate particles (snr changed)"),
                                HasSubstr("[2/3] average: tessera average (its input has changed)")));
}

TEST_F(RunPipeline, TellsEveryFaultBeforeAnythingRuns) {
  write("\"much\"");
  std::ofstream(path("chain.toml"), std::ios::app) << "[[step]]\nverb = \"avarage\"\n[[step]]\nverb = \"pick\"\n"
                                                      "tomogram = \"absent.mrc\"\nmask-diameter = [1, 2]\nclass = 2\n"
                                                      "[[step]]\nverb = \"run\"\n";
  const Result result = run({"run", "chain.toml"});
  EXPECT_EQ(result.exit_code, 2);
  for (const char* fault : {"'much' is not a number", "unknown verb 'avarage'; did you mean average?",
                            "absent.mrc: no such file", "tessera pick has no option class", "unknown verb 'run'"})
    EXPECT_THAT(result.err, HasSubstr(fault));
  EXPECT_EQ(files(), std::vector<std::string>{"chain.toml"});
}

TEST_F(RunPipeline, AFailedStepIsNamedAndTheEarlierOnesAreKept) {
  write("2");
  std::ofstream(path("chain.toml"), std::ios::app) << "[[step]]\nverb = \"average\"\nname = \"bad\"\nclasses = 0\n"
                                                      "particles = \"@data/particles.star\"\n";
  const Result result = run({"run", "chain.toml"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("step bad: "));
  EXPECT_THAT(run({"run", "chain.toml"}).err, HasSubstr("[3/4] compare: up to date"));
}

}  // namespace
}  // namespace tessera::cli_test
