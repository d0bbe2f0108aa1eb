// SPDX-License-Identifier: GPL-3.0-or-later
// tessera simulate tomogram: its files, its numbers, and what it refuses.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <set>

#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// A small scene by hand: two species, a plain ball, a tube and a sheet.
class SimulateTomogram : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    scene_ = nlohmann::json::parse(R"({
      "format": "tessera scene 1", "box_A": [800, 720, 400], "voxel_size_A": 10, "seed": 1, "mode": "product",
      "species": [
        {"name": "small", "structure": "builtin:dimer", "assembly": "biological", "mass_kDa": 160, "radius_A": 75,
         "requested": 2, "placed": 2},
        {"name": "shell", "structure": "builtin:ferritin", "assembly": "biological", "mass_kDa": 480, "radius_A": 90,
         "requested": 1, "placed": 1},
        {"name": "blob", "structure": "", "assembly": "", "mass_kDa": 50, "radius_A": 40, "requested": 1, "placed": 1}],
      "bodies": [
        {"species": 0, "position_A": [200, 200, 200], "quaternion_wxyz": [1, 0, 0, 0], "filament": -1, "membrane": -1},
        {"species": 0, "position_A": [600, 201, 180], "quaternion_wxyz": [0.5, 0.5, 0.5, 0.5], "filament": -1,
         "membrane": -1},
        {"species": 1, "position_A": [400, 420, 204], "quaternion_wxyz": [0, 1, 0, 0], "filament": -1, "membrane": -1},
        {"species": 2, "position_A": [640, 500, 250], "quaternion_wxyz": [1, 0, 0, 0], "filament": -1,
         "membrane": -1}],
      "balls": [],
      "filaments": [{"name": "tube", "radius_A": 30, "species": -1, "nodes_A": [[60, 640, 200], [740, 640, 200]]}],
      "membranes": [{"shape": "sheet", "thickness_A": 40, "nodes_A": [[40, 40, 350], [760, 40, 350], [760, 680, 350],
        [40, 680, 350]], "triangles": [[0, 1, 2], [2, 3, 0]]}]})");
  }
  void put_scene() const {
    fs::create_directories(path("scene"));
    std::ofstream(path("scene/scene.json")) << scene_.dump();
  }
  Result simulate(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"simulate", "tomogram", "scene", "--tilt-step", "10", "--output", "out"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  void expect_refused(const Result& result, int exit_code, const std::string& text) const {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    if (fs::exists(path("out"))) {
      EXPECT_THAT(files("out"), IsEmpty());
    }
  }
  nlohmann::json scene_;
};

TEST_F(SimulateTomogram, WritesWhatTheManualLists) {
  put_scene();
  const Result result = simulate({"--gold-beads", "2", "--write-density", "--json", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(files("out"),
            (std::vector<std::string>{"density.mrc", "filaments.star", "instances.mrc", "instances.star", "labels.mrc",
                                      "labels.star", "membranes.star", "preview.png", "run.json", "scene.json",
                                      "tilt_series.mdoc", "tilt_series.mrc", "tilts.tlt", "tilts_truth.star",
                                      "tomogram.mrc", "truth.star", "truth_1.mrc", "truth_2.mrc", "truth_3.mrc"}));
  const nlohmann::json json = result.json();
  EXPECT_EQ(json["tilts"], 13);
  EXPECT_EQ(json["instances"], 4 + 1 + 1 + 2);
  const Map tomogram = read_mrc(path("out/tomogram.mrc")), labels = read_mrc(path("out/labels.mrc")),
            instances = read_mrc(path("out/instances.mrc"));
  EXPECT_EQ(tomogram.voxels.shape(), (Shape3{40, 72, 80}));
  EXPECT_EQ(tomogram.voxel_size_A, 10);
  MrcInfo info;
  const Map series = read_mrc(path("out/tilt_series.mrc"), {.accept_stack = true}, &info);
  EXPECT_TRUE(info.is_stack);
  EXPECT_EQ(series.voxels.shape(), (Shape3{13, 72, 80}));
  const ParticleSet truth = read_particles(path("out/truth.star"));
  ASSERT_EQ(truth.particles.size(), 4u);
  EXPECT_EQ(truth.particles[1].class_number, 1);
  EXPECT_EQ(*truth.particles[2].coordinate, (Vec3{40, 42, 20.4}));
  // The ball is solid: its own label and instance are at its centre. 1 dimer, 2 ferritin, 3 ball, 4 tube, 5 membrane.
  EXPECT_EQ(labels.voxels(25, 50, 64), 3);
  EXPECT_EQ(instances.voxels(25, 50, 64), 4);
  EXPECT_EQ(labels.voxels(20, 64, 40), 4);
  EXPECT_EQ(labels.voxels(35, 30, 40), 5);
  const std::set<float> found(labels.voxels.begin(), labels.voxels.end());
  EXPECT_EQ(found.size(), 7u) << "with gold and background";
  EXPECT_THAT(text_of(path("out/labels.star")), AllOf(HasSubstr("membrane"), HasSubstr("gold")));
  EXPECT_THAT(text_of(path("out/tilt_series.mdoc")), HasSubstr("[ZValue = 12]\nTiltAngle = 60.0000"));
}

TEST_F(SimulateTomogram, TheSameBytesForAnyNumberOfThreads) {
  put_scene();
  for (const char* method : {"wbp", "fourier", "sirt"}) {
    std::vector<std::string> tomograms;
    for (const char* threads : {"1", "3"}) {
      const Result result = simulate(
          {"--threads", threads, "--reconstruction", method, "--sirt-iterations", "3", "--quiet", "--tilt-step", "40"});
      ASSERT_EQ(result.exit_code, 0) << result.err;
      tomograms.push_back(text_of(path("out/tomogram.mrc")) + text_of(path("out/tilt_series.mrc")) +
                          text_of(path("out/labels.mrc")) + text_of(path("out/truth.star")));
    }
    EXPECT_TRUE(tomograms[0] == tomograms[1]) << method;
  }
  const std::string first = text_of(path("out/tilt_series.mrc"));
  ASSERT_EQ(simulate({"--seed", "2", "--quiet"}).exit_code, 0);
  EXPECT_FALSE(first == text_of(path("out/tilt_series.mrc"))) << "another seed, another noise";
}

TEST_F(SimulateTomogram, ReachesTheSnrAndSaysOverWhat) {
  put_scene();
  const Result result = simulate({"--physics", "simple", "--snr", "0.2", "--json", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const nlohmann::json json = result.json();
  EXPECT_NEAR(json["snr"].get<double>(), 0.2, 1e-9);
  EXPECT_THAT(json["snr_definition"].get<std::string>(), HasSubstr("before CTF"));
  // The mean over four particles of what each species has.
  const auto& s = json["species"];
  EXPECT_NEAR((2 * s[0]["snr"].get<double>() + s[1]["snr"].get<double>() + s[2]["snr"].get<double>()) / 4, 0.2, 1e-6);
  EXPECT_THAT(simulate({"--physics", "simple", "--quiet"}).exit_code, 0);
  EXPECT_THAT(simulate({}).out, HasSubstr("SNR"));
}

TEST_F(SimulateTomogram, ScenesWithLittleInThem) {
  scene_["bodies"] = nlohmann::json::array();
  put_scene();
  const Result lipid = simulate({"--snr", "0.5", "--json", "--quiet"});
  ASSERT_EQ(lipid.exit_code, 0) << lipid.err;
  EXPECT_THAT(lipid.json()["snr_definition"].get<std::string>(), HasSubstr("no particles"));
  scene_["filaments"] = scene_["membranes"] = nlohmann::json::array();
  put_scene();
  const Result ice = simulate();
  EXPECT_EQ(ice.exit_code, 0) << ice.err;
  EXPECT_THAT(ice.err, HasSubstr("a tomogram of ice"));
  fs::remove_all(path("out"));
  expect_refused(simulate({"--snr", "0.5"}), 2, "nothing whose signal");
}

TEST_F(SimulateTomogram, RefusesWhatCannotBeImaged) {
  put_scene();
  expect_refused(simulate({"--tilt-range", "10", "-10"}), 2, "lies above the last");
  expect_refused(simulate({"--tilt-range", "-90", "90"}), 2, "within ±85°");
  expect_refused(simulate({"--tilt-range", "-100", "100"}), 2, "within ±90°");
  expect_refused(simulate({"--tilt-angles", "0", "0"}), 2, "given twice");
  expect_refused(simulate({"--defocus", "-4"}), 2, "positive, which is underfocus");
  expect_refused(simulate({"--noise", "gaussian"}), 2, "needs --snr");
  expect_refused(simulate({"--particle-box", "16"}), 2, "needs a box of");
  // All at once.
  const Result many = simulate({"--defocus", "0", "--total-dose", "-1", "--reconstruction", "magic", "--snr", "0"});
  EXPECT_THAT(many.err, AllOf(HasSubstr("underfocus"), HasSubstr("--total-dose"), HasSubstr("wbp, fourier, sirt"),
                              HasSubstr("--snr")));
}

TEST_F(SimulateTomogram, RefusesScenesThatAreNotSound) {
  expect_refused(simulate(), 3, "scene");
  scene_["voxel_size_A"] = 0;
  put_scene();
  expect_refused(simulate(), 3, "voxel_size_A");
  scene_["voxel_size_A"] = 10;
  scene_["species"][0]["structure"] = "/nowhere/gone.pdb";
  scene_["species"][1]["structure"] = "/nowhere/lost.pdb";
  put_scene();
  const Result gone = simulate();
  expect_refused(gone, 3, "gone.pdb is not there any more");
  EXPECT_THAT(gone.err, AllOf(HasSubstr("lost.pdb"), HasSubstr("--structures")));
}

TEST_F(SimulateTomogram, UnwritableOutputAndFullDisk) {
  put_scene();
  std::ofstream(path("file")) << "x";
  const Result result = run({"simulate", "tomogram", "scene", "--output", "file/out"});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  const Result full =
      run({"simulate", "tomogram", "scene", "--tilt-step", "20", "--output", "out"}, {.file_bytes = 100000});
  expect_refused(full, 3, "out");
}

}  // namespace
}  // namespace tessera::cli_test
