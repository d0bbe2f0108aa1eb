// SPDX-License-Identifier: GPL-3.0-or-later
// Small inputs for tests of whole verbs: two shells in 32 × 30 × 20 voxels, and particles of two structures, 16³.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/run_program.h"

namespace tessera::cli_test {

inline constexpr const char* small_scene = R"({
  "format": "tessera scene 1", "box_A": [640, 600, 400], "voxel_size_A": 20, "seed": 1, "mode": "product",
  "species": [{"name": "shell", "structure": "builtin:ferritin", "assembly": "biological", "mass_kDa": 480,
               "radius_A": 90, "requested": 2, "placed": 2}],
  "bodies": [
    {"species": 0, "position_A": [200, 200, 200], "quaternion_wxyz": [1, 0, 0, 0], "filament": -1, "membrane": -1},
    {"species": 0, "position_A": [440, 400, 200], "quaternion_wxyz": [0.5, 0.5, 0.5, 0.5], "filament": -1,
     "membrane": -1}],
  "balls": [], "filaments": [], "membranes": []})";

inline void write_small_scene(const fs::path& folder) {
  fs::create_directories(folder);
  std::ofstream(folder / "scene.json") << small_scene;
}

// With a tomogram of that scene in tomo/, without noise, for networks that are trained on tomograms.
class TomogramNetworkTest : public CliTest {
 protected:
  NoLeakSearch no_leak_search_;
  void SetUp() override {
    CliTest::SetUp();
    if (!has_torch()) GTEST_SKIP() << "built without LibTorch";
    write_small_scene(path("scene"));
    const Result made = run({"simulate", "tomogram", "scene", "--physics", "simple", "--noise", "none", "--output",
                             "tomo", "--tilt-step", "10", "--threads", "1", "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }
};

// The words that make data/: `copies` particles of each of two structures and as many empty boxes, 16³, three classes
// at a ratio where they are easy to tell.
inline std::vector<std::string> three_classes(int copies) {
  const std::string count = std::to_string(copies);
  std::vector<std::string> words = {"simulate", "particles", "--structure", "builtin:claw", "builtin:proteasome"};
  words.insert(words.end(), {"--copies", count, "--empty", count, "--box", "16", "--voxel-size", "24"});
  words.insert(words.end(), {"--resolution", "40", "--snr", "20", "--max-shift", "1", "--tilt-step", "10"});
  words.insert(words.end(), {"--output", "data", "--quiet"});
  return words;
}

// The words that make a set of `copies` particles of each of two structures in `folder`.
inline std::vector<std::string> small_particles(const std::string& folder, int copies) {
  std::vector<std::string> words = {"simulate", "particles", "--structure", "builtin:dimer", "builtin:ferritin"};
  words.insert(words.end(), {"--box", "16", "--voxel-size", "20", "--resolution", "40", "--tilt-step", "10"});
  words.insert(words.end(), {"--snr", "5", "--max-shift", "1", "--quiet"});
  words.insert(words.end(), {"--copies", std::to_string(copies), "--output", folder});
  return words;
}

}  // namespace tessera::cli_test
