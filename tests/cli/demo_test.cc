// SPDX-License-Identifier: GPL-3.0-or-later
// The demo at a reduced size: its files, its verdict in both directions, the same bits for any number of threads.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tessera/io/mrc.h"
#include "tessera/volume/masks.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Demo : public CliTest {
 protected:
  Result demo(const std::string& output, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"demo",         "--structure", "builtin:claw", "--particles", "8", "--box", "16",
                                      "--iterations", "3",           "--output",     output};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  // Where it does not matter how good the average is.
  Result small_demo(const std::string& output, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"demo",         "--structure", "builtin:claw", "--particles", "4", "--box", "16",
                                      "--iterations", "1",           "--output",     output};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  static nlohmann::json without_times(nlohmann::json results) {
    results.erase("seconds");
    for (auto& structure : results.at("structures"))
      for (const char* key : {"seconds", "average_seconds", "folder", "figure"}) structure.erase(key);
    results.erase("folder");
    return results;
  }
};

TEST_F(Demo, LeavesEverythingOnDiskAndSaysItCameOutWell) {
  const Result result = demo("out", {"--snr", "5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("builtin:claw: came out well"), HasSubstr("of ceiling"),
                                HasSubstr("out/claw/figure.png"), HasSubstr("everything: out")));
  EXPECT_THAT(result.err, AllOf(HasSubstr("[1/4] claw: simulating 8 subtomograms"), HasSubstr("[4/4] claw")));
  for (const char* name :
       {"results.json", "run.json", "claw/particles/particles.star", "claw/particles/truth.star",
        "claw/particles/truth_1.mrc", "claw/particles/subtomograms/particle_000008.mrc", "claw/average/class_1.mrc",
        "claw/average/particles.star", "claw/true_poses/class_1.mrc", "claw/comparison/fitted_reference.mrc"})
    EXPECT_THAT(files("out"), Contains(name));
  const std::string picture = text_of(path("out/claw/figure.png"));
  EXPECT_EQ(picture.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_THAT(picture, HasSubstr("IEND"));

  const auto results = nlohmann::json::parse(text_of(path("out/results.json")));
  const auto& claw = results.at("structures").at(0);
  EXPECT_EQ(claw.at("particles"), 8);
  EXPECT_EQ(claw.at("box"), 16);
  EXPECT_TRUE(claw.at("good").get<bool>());
  EXPECT_TRUE(claw.at("right_hand").get<bool>());
  EXPECT_NEAR(claw.at("snr").get<double>(), 5, 0.1);
  // The numbers are those of the maps on disk: the fitted truth correlates with the average as the table says.
  const Map average = read_mrc(path("out/claw/average/class_1.mrc"));
  const Map truth = read_mrc(path("out/claw/comparison/fitted_reference.mrc"));
  EXPECT_NEAR(correlation(average.voxels, truth.voxels), claw.at("correlation").get<double>(), 0.03)
      << "box against envelope";
  const auto record = nlohmann::json::parse(text_of(path("out/run.json")));
  EXPECT_EQ(record.at("verb"), "demo");
  EXPECT_EQ(record.at("results").at("demo"), results);
}

TEST_F(Demo, SaysThatAnAverageOfNoiseIsPoor) {
  const Result result = small_demo("out", {"--snr", "0.0005", "--json", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.json(), nlohmann::json::parse(text_of(path("out/results.json"))));
  EXPECT_FALSE(result.json().at("good").get<bool>());
  EXPECT_THAT(result.json().at("structures").at(0).at("shortcomings"), Not(IsEmpty()));
}

TEST_F(Demo, SameSeedSameBitsForAnyThreads) {
  const Result one = small_demo("one", {"--threads", "1", "--json"}),
               two = small_demo("two", {"--threads", "2", "--json"});
  ASSERT_EQ(one.exit_code, 0) << one.err;
  ASSERT_EQ(two.exit_code, 0) << two.err;
  EXPECT_EQ(without_times(one.json()), without_times(two.json()));
  for (const char* name : {"claw/average/class_1.mrc", "claw/figure.png", "claw/particles/truth.star"})
    EXPECT_EQ(text_of(path("one") / name), text_of(path("two") / name)) << name;
  const Result other = small_demo("other", {"--seed", "7", "--json"});
  EXPECT_NE(without_times(one.json()), without_times(other.json()));
}

TEST_F(Demo, StructuresOfOneNameDoNotMeet) {
  std::string atoms;
  for (int i = 0; i < 40; ++i)
    atoms += fmt::format("ATOM  {:5}  CA  ALA A{:4}    {:8.3f}{:8.3f}{:8.3f}  1.00 20.00           C\n", i + 1, i + 1,
                         4.0 * (i % 5), 4.0 * (i / 5 % 4) + i % 3, 5.0 * (i / 20));
  std::ofstream(path("claw.pdb")) << atoms << "END\n";
  const Result result = run({"demo", "--structure", "builtin:claw", "claw.pdb", "--particles", "4", "--box", "16",
                             "--iterations", "1", "--output", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files("out"), AllOf(Contains("claw/figure.png"), Contains("claw-2/figure.png")));
  EXPECT_THAT(result.err, HasSubstr("[8/8] claw-2"));
}

TEST_F(Demo, NamesAllWrongOptionsAndLeavesNothing) {
  const Result result =
      run({"demo", "--structure", "absent.pdb", "--particles", "1", "--box", "15", "--snr", "-1", "--iterations", "0"});
  EXPECT_EQ(result.exit_code, 2);
  for (const char* fault :
       {"absent.pdb", "--particles 1", "--box 15", "--snr", "--iterations 0", "--output is missing"})
    EXPECT_THAT(result.err, HasSubstr(fault));
  const Result unknown = demo("out", {"--structure", "builtin:clow"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("claw"));
  const Result nearest = demo("out", {"--particle", "9"});
  EXPECT_EQ(nearest.exit_code, 2);
  EXPECT_THAT(nearest.err, HasSubstr("did you mean --particles?"));
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(Demo, FailedRunLeavesNoOldResults) {
  ASSERT_EQ(small_demo("out", {}).exit_code, 0);
  const Result full = run({"demo", "--structure", "builtin:claw", "--particles", "8", "--box", "16", "--output", "out"},
                          {.file_bytes = 4096});
  EXPECT_EQ(full.exit_code, 3) << full.err;
  EXPECT_THAT(files("out"), AllOf(Not(Contains("results.json")), Not(Contains("run.json"))));
}

}  // namespace
}  // namespace tessera::cli_test
