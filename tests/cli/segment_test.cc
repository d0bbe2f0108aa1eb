// SPDX-License-Identifier: GPL-3.0-or-later
// tessera train of networks that label voxels, segment and evaluate segmentation, on two shells of 32 × 30 × 20 voxels.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <functional>

#include "tessera/io/mrc.h"
#include "tests/cli/run_program.h"
#include "tests/cli/small_scene.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Segmentation : public TomogramNetworkTest {
 protected:
  Result train(const std::vector<std::string>& more, const std::string& output = "model",
               const std::string& folder = "tomo") const {
    std::vector<std::string> words = {"train",   folder,    "--network", "edssn3d-full", "--width",
                                      "0.25",    "--patch", "16",        "--threads",    "1",
                                      "--quiet", "--json",  "--output",  output};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Result segment(const std::vector<std::string>& more, const std::string& tomogram = "tomo/tomogram.mrc") const {
    std::vector<std::string> words = {"segment", "model",  tomogram,   "--threads", "1",
                                      "--quiet", "--json", "--output", "found.mrc"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  // A copy of the folder with one map changed.
  void change(const std::string& folder, const std::string& map, const std::function<void(Map&)>& how) const {
    fs::copy(path("tomo"), path(folder), fs::copy_options::recursive);
    Map voxels = read_mrc(path(folder) / map);
    how(voxels);
    write_mrc(path(folder) / map, voxels);
  }
};

TEST_F(Segmentation, IsLearntFoundAndJudged) {
  const Result trained = train({"--epochs", "6", "--patches", "24", "--rate", "0.005", "--test", "0.2"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.json().at("classes")[1].at("name"), "shell");
  for (const char* name : {"model", "model.run.json", "model.learning.png", "model.checkpoint"})
    EXPECT_TRUE(fs::exists(path(name))) << name;
  const Result found = segment({"--block", "16", "--overlap", "8", "--probability", "sure.mrc"});
  ASSERT_EQ(found.exit_code, 0) << found.err;
  EXPECT_TRUE(fs::exists(path("found.star")));
  const Map labels = read_mrc(path("found.mrc")), sure = read_mrc(path("sure.mrc"));
  EXPECT_EQ(labels.voxels.shape(), (Shape3{20, 30, 32}));
  EXPECT_NEAR(labels.voxel_size_A, 20, 1e-3);
  for (const float p : sure.voxels) EXPECT_TRUE(p >= 0.5f - 1e-5f && p <= 1 + 1e-5f) << p;

  const Result judged = run({"evaluate", "segmentation", "found.mrc", "tomo/labels.mrc", "--json", "--output", "judged",
                             "--figure", "judged.png"});
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  const auto json = judged.json();
  EXPECT_GT(json.at("pixel_accuracy"), json.at("background_accuracy")) << "better than calling all of it background";
  EXPECT_GT(json.at("mean_iou"), 0.5);
  EXPECT_EQ(json.at("voxels"), 32 * 30 * 20);
  EXPECT_TRUE(fs::exists(path("judged/run.json")));
  EXPECT_TRUE(fs::exists(path("judged.png")));
  const Result part =
      run({"evaluate", "segmentation", "found.mrc", "tomo/labels.mrc", "--json", "--held-out", "model"});
  ASSERT_EQ(part.exit_code, 0) << part.err;
  EXPECT_EQ(part.json().at("voxels"), 6 * 30 * 20) << "a fifth of 32 in the middle";

  // The same tomogram on smaller voxels is refused, and labelled on request.
  change("finer", "tomogram.mrc", [](Map& map) { map.voxel_size_A = 16; });
  const Result refused = segment({}, "finer/tomogram.mrc");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("16 Å"), HasSubstr("20 Å"), HasSubstr("--rescale")));
  const Result rescaled = segment({"--rescale"}, "finer/tomogram.mrc");
  ASSERT_EQ(rescaled.exit_code, 0) << rescaled.err;
  EXPECT_EQ(rescaled.json().at("rescaled"), true);
  EXPECT_EQ(read_mrc(path("found.mrc")).voxels.shape(), (Shape3{20, 30, 32}));

  EXPECT_THAT(run({"classify", "model", "tomo/truth.star", "--output", "c"}).exit_code, testing::Ne(0));
  const Result other =
      run({"evaluate", "segmentation", "tomo/labels.mrc", "tomo/labels.mrc", "--held-out", "tomo/labels.mrc"});
  EXPECT_EQ(other.exit_code, 3) << other.err;
}

TEST_F(Segmentation, RefusesUnfitTomograms) {
  const auto refused = [&](const std::string& folder, int code, const auto& what,
                           const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"--epochs", "1"};
    words.insert(words.end(), more.begin(), more.end());
    const Result result = train(words, "model", folder);
    EXPECT_EQ(result.exit_code, code) << folder << result.err;
    EXPECT_THAT(result.err, what) << folder;
    EXPECT_FALSE(fs::exists(path("model"))) << folder;
  };
  change("cropped", "labels.mrc", [](Map& map) { map.voxels = Volume<float>({20, 30, 31}); });
  change("coarse", "tomogram.mrc", [](Map& map) { map.voxel_size_A = 30; });
  refused("tomo", 2,
          AllOf(HasSubstr("32×30×20"), HasSubstr("31×30×20"), HasSubstr("coarse/tomogram.mrc"), HasSubstr("30 Å")),
          {"--more", "cropped", "coarse"});
  change("beyond", "labels.mrc", [](Map& map) { map.voxels(1, 2, 3) = 2; });
  refused("beyond", 3, AllOf(HasSubstr("(3, 2, 1)"), HasSubstr("labels.star")));
  change("empty", "labels.mrc", [](Map& map) { map.voxels = Volume<float>(map.voxels.shape()); });
  refused("empty", 2, AllOf(HasSubstr("label 1 (shell)"), HasSubstr("--allow-empty-classes")));
  change("nan", "tomogram.mrc", [](Map& map) { map.voxels(4, 4, 4) = std::nanf(""); });
  refused("nan", 3, HasSubstr("plane 4"));
  refused("nowhere", 2, AllOf(HasSubstr("nowhere/tomogram.mrc"), HasSubstr("nowhere/labels.mrc")));
  refused("tomo", 2, AllOf(HasSubstr("boxes of 20³"), HasSubstr("grey"), HasSubstr("--test 1")),
          {"--patch", "20", "--contrast", "grey", "--test", "1"});
}

TEST_F(Segmentation, RefusesUnfitRequests) {
  const Result segmented = run({"segment", "tomo/truth.star", "tomo/tomogram.mrc", "--output", "found.mrc"});
  EXPECT_EQ(segmented.exit_code, 3) << segmented.err;
  const Result faults = run({"segment", "tomo/truth.star", "nowhere.mrc", "--block", "20", "--output", "found.txt"});
  EXPECT_EQ(faults.exit_code, 2);
  EXPECT_THAT(faults.err, AllOf(HasSubstr("nowhere.mrc"), HasSubstr("--block 20"), HasSubstr("found.txt")));
  change("cropped", "labels.mrc", [](Map& map) { map.voxels = Volume<float>({20, 30, 31}); });
  const Result judged = run({"evaluate", "segmentation", "cropped/labels.mrc", "tomo/labels.mrc"});
  EXPECT_EQ(judged.exit_code, 2);
  EXPECT_THAT(judged.err, AllOf(HasSubstr("31×30×20"), HasSubstr("32×30×20")));
  EXPECT_EQ(run({"evaluate", "segmentation", "tomo/tomogram.mrc", "tomo/labels.mrc"}).exit_code, 3);
}

}  // namespace
}  // namespace tessera::cli_test
