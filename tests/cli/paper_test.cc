// SPDX-License-Identifier: GPL-3.0-or-later
// The preset of the published method: what it sets, and that what the user gives wins, from flag or file.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

class PaperMode : public CliTest {
 protected:
  nlohmann::json options_of(const std::vector<std::string>& more) {
    std::vector<std::string> words = {"average", "data/particles.star", "--paper", "--bandwidth", "8",   "--iterations",
                                      "1",       "--classes",           "2",       "--output",    "out", "--threads",
                                      "1"};
    words.insert(words.end(), more.begin(), more.end());
    const Result result = run(words);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(text_of(path("out/run.json"))).at("options");
  }
};

TEST_F(PaperMode, SetsTheOptionsThatAreNotGiven) {
  ASSERT_EQ(
      run({"simulate", "particles", "--structure", "builtin:ribosome", "--copies", "8", "--box", "20", "--voxel-size",
           "20", "--resolution", "40", "--tilt-step", "10", "--max-shift", "1", "--output", "data"})
          .exit_code,
      0);
  const auto preset = options_of({});
  EXPECT_EQ(preset.at("volumes"), "voronoi");
  EXPECT_EQ(preset.at("start"), "split");
  EXPECT_EQ(preset.at("search"), "magnitudes");
  EXPECT_EQ(preset.at("imputation"), true);
  EXPECT_EQ(preset.at("bandwidth"), 8) << "given";
  std::ofstream(path("some.toml")) << "volumes = \"none\"\nwiener = true\n";
  const auto given = options_of({"--no-imputation", "--config", "some.toml", "--method", "fa"});
  EXPECT_EQ(given.at("imputation"), false);
  EXPECT_EQ(given.at("volumes"), "none");
  EXPECT_EQ(given.at("wiener"), true);
  EXPECT_EQ(given.at("shift-prior"), false) << "the fast alignment has none";
  EXPECT_EQ(given.at("start"), "split");
}

}  // namespace
}  // namespace tessera::cli_test
