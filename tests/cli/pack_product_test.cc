// SPDX-License-Identifier: GPL-3.0-or-later
// tessera pack in product mode: its files, its promises, and what it refuses.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <set>

#include "tessera/io/mrc.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class PackProduct : public CliTest {
 protected:
  void put_scene(const std::string& text) const { std::ofstream(path("scene.toml")) << text; }
  Result pack(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"pack", "scene.toml", "--output", "out", "--rotations", "4"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  static constexpr const char* mixed = R"(
box_A = [800, 760, 500]
voxel_size_A = 10
seed = 5
[[species]]
structure = "builtin:dimer"
copies = 40
[[species]]
structure = "builtin:tetramer"
volume_percent = 2
[[species]]
name = "bound"
structure = "builtin:dimer"
copies = 4
membrane = "cell"
[[filament]]
name = "helix"
structure = "builtin:dimer"
balls = 6
rise_A = 60
twist_deg = 50
[[membrane]]
name = "cell"
shape = "vesicle"
radius_A = 140
diameter_A = 40
)";
};

TEST_F(PackProduct, WritesTheSceneTheReportAndThePictures) {
  put_scene(mixed);
  const Result result = pack({"--json", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(files("out"),
            (std::vector<std::string>{"curve.csv", "packing.json", "run.json", "scene.json", "slices.png"}));
  const auto report = nlohmann::json::parse(result.out);
  EXPECT_EQ(report.at("mode"), "product");
  EXPECT_EQ(report.at("overlapping_voxels"), 0);
  EXPECT_EQ(report.at("voxels_in_obstacles"), 0);
  EXPECT_EQ(report.at("voxels_outside"), 0);
  EXPECT_EQ(report.at("membranes_placed"), 1);
  EXPECT_EQ(report.at("filaments_placed"), 1);
  ASSERT_EQ(report.at("species").size(), 4u);
  for (const auto& species : report.at("species")) EXPECT_EQ(species.at("requested"), species.at("placed"));
  EXPECT_EQ(report, nlohmann::json::parse(text_of(path("out/packing.json"))));
  const auto scene = nlohmann::json::parse(text_of(path("out/scene.json")));
  EXPECT_EQ(scene.at("mode"), "product");
  EXPECT_EQ(scene.at("seed"), 5);
  int64_t placed = 0;
  for (const auto& species : report.at("species")) placed += species.at("placed").get<int64_t>();
  EXPECT_EQ(static_cast<int64_t>(scene.at("bodies").size()), placed);
}

TEST_F(PackProduct, IsReadBySimulateTomogram) {
  put_scene("box_A = [480, 480, 320]\nvoxel_size_A = 20\n[[species]]\nstructure = \"builtin:dimer\"\ncopies = 12\n");
  ASSERT_EQ(pack({"--quiet"}).exit_code, 0);
  const Result result = run({"simulate", "tomogram", "out", "--output", "tomogram", "--tilt-step", "20", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  // Twelve instances, none of them eaten by another.
  const Map instances = read_mrc(path("tomogram/instances.mrc"));
  std::set<float> seen(instances.voxels.begin(), instances.voxels.end());
  EXPECT_EQ(seen.size(), 13u);
}

TEST_F(PackProduct, SaysWhatIsShortAndStillSucceeds) {
  put_scene(
      "box_A = [300, 300, 300]\nvoxel_size_A = 10\n[[species]]\nstructure = \"builtin:dimer\"\nvolume_percent = 90\n");
  const Result result = pack({"--seed", "2"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err + result.out, HasSubstr("found no room once"));
}

TEST_F(PackProduct, NamesEveryFaultAndWritesNothing) {
  put_scene(R"(box_A = [300, 300, 300]
voxel_size_A = 10
[[species]]
structure = "missing.pdb"
copies = 0
[[species]]
structure = "builtin:dimer"
volume_percent = 120
[[membrane]]
shape = "vesicle"
radius_A = 400
)");
  const Result result = pack();
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("missing.pdb"), HasSubstr("copies is 0"), HasSubstr("120"),
                                HasSubstr("does not fit a box")));
  EXPECT_FALSE(fs::exists(path("out")));
  put_scene("box_A = [100, 300, 300]\nvoxel_size_A = 10\n[[species]]\nstructure = \"builtin:ferritin\"\ncopies = 1\n");
  EXPECT_THAT(pack().err, HasSubstr("does not fit a box"));
  put_scene("box_A = [300, 300, 300]\nvoxel_size_A = 10\n[[species]]\nstructure = \"builtin:dimer\"\ncopies = 1\n");
  EXPECT_THAT(pack({"--gap", "-1"}).err, HasSubstr("--gap"));
  EXPECT_THAT(pack({"--arrangement", "loose"}).err, HasSubstr("--arrangement"));
  if (fs::exists(path("out"))) {
    EXPECT_THAT(files("out"), IsEmpty());
  }
}

}  // namespace
}  // namespace tessera::cli_test
