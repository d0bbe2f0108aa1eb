// SPDX-License-Identifier: GPL-3.0-or-later
// Structure → subtomograms → average, by the program alone, on a small built-in structure.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>

#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/volume/masks.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WholePath : public CliTest {
 protected:
  // The first built-in structure, and a voxel size at which it fills about half of a box of 32.
  void SetUp() override {
    CliTest::SetUp();
    const auto builtins = run({"density", "--list-builtins", "--json"}).json().at("builtins");
    ASSERT_GE(builtins.size(), 10u);
    structure_ = "builtin:" + builtins[0].at("name").get<std::string>();
    const auto made = run({"density", structure_, "--box", "32", "--voxel-size", "40", "--resolution", "80", "--output",
                           "coarse.mrc", "--json"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    voxel_size_ = std::to_string(std::ceil(made.json().at("diameter_A").get<double>() / 18));
    voxel_size_A_ = std::stod(voxel_size_);
  }
  Result simulate(const std::string& output, const std::vector<std::string>& more, int copies = 4) const {
    std::vector<std::string> words = {
        "simulate",    "particles", "--structure",  structure_,  "--copies",     std::to_string(copies),
        "--box",       "32",        "--voxel-size", voxel_size_, "--resolution", std::to_string(2 * voxel_size_A_),
        "--max-shift", "2",         "--tilt-range", "-60",       "60",           "--tilt-step",
        "6",           "--json",    "--output",     output};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  std::string structure_, voxel_size_;
  double voxel_size_A_ = 1;
};

TEST_F(WholePath, SimulationWritesTheContract) {
  const Result result = simulate("data", {"--snr", "0.5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = result.json();
  // The noise level is set from the measured variance of the projections: the SNR is met to rounding.
  EXPECT_NEAR(json.at("snr").get<double>(), 0.5, 0.01);
  EXPECT_GT(json.at("frank_al_ali_snr").get<double>(), 0);
  EXPECT_THAT(files("data"), ElementsAre("particles.star", "run.json", "subtomograms/particle_000001.mrc",
                                         "subtomograms/particle_000002.mrc", "subtomograms/particle_000003.mrc",
                                         "subtomograms/particle_000004.mrc", "truth.star", "truth_1.mrc", "wedge.mrc"));
  const ParticleSet given = read_particles(path("data/particles.star")),
                    truth = read_particles(path("data/truth.star"));
  ASSERT_EQ(given.particles.size(), 4u);
  ASSERT_EQ(truth.particles.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(fs::path(given.particles[i].image).is_absolute());
    EXPECT_EQ(given.particles[i].image, truth.particles[i].image);
    EXPECT_EQ(given.particles[i].weight, "wedge.mrc");
    EXPECT_LT(angle_between(given.particles[i].particle_from_ref, Rotation()), 1e-6) << "no pose in the list";
    EXPECT_EQ(given.particles[i].shift_A.norm(), 0);
    EXPECT_LE(truth.particles[i].shift_A.norm(), 2 * voxel_size_A_ + 1e-6);
    EXPECT_EQ(truth.particles[i].class_number, 1);
  }
  const auto record = nlohmann::json::parse(text_of(path("data/run.json")));
  EXPECT_THAT(record.dump(), HasSubstr("tilt-range"));
}

TEST_F(WholePath, SameBitsForAnyThreadsOtherBitsForAnotherSeed) {
  ASSERT_EQ(simulate("a", {"--threads", "1"}).exit_code, 0);
  ASSERT_EQ(simulate("b", {"--threads", "3"}).exit_code, 0);
  ASSERT_EQ(simulate("c", {"--seed", "2"}).exit_code, 0);
  for (const char* name : {"particles.star", "truth.star", "truth_1.mrc", "subtomograms/particle_000003.mrc"})
    EXPECT_EQ(text_of(path("a") / name), text_of(path("b") / name)) << name;
  EXPECT_NE(text_of(path("a/truth.star")), text_of(path("c/truth.star")));
}

TEST_F(WholePath, SmallerSetReplacesALargerOne) {
  ASSERT_EQ(simulate("data", {}).exit_code, 0);
  ASSERT_EQ(simulate("data", {}, 2).exit_code, 0);
  EXPECT_EQ(files("data/subtomograms").size(), 2u);
}

TEST_F(WholePath, EmptyBoxesAreAClassOfTheirOwn) {
  const Result result = simulate("data", {"--snr", "0.5", "--empty", "3"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json().at("particles"), 7);
  EXPECT_NEAR(result.json().at("snr").get<double>(), 0.5, 0.01);
  EXPECT_EQ(result.json().at("classes")[1].at("structure"), "empty");
  const ParticleSet truth = read_particles(path("data/truth.star"));
  ASSERT_EQ(truth.particles.size(), 7u);
  int empty = 0;
  for (const Particle& particle : truth.particles) empty += particle.class_number == 2;
  EXPECT_EQ(empty, 3);
  EXPECT_EQ(statistics(read_mrc(path("data/truth_2.mrc")).voxels).variance, 0);
  EXPECT_EQ(simulate("more", {"--empty", "-1"}).exit_code, 2);
}

TEST_F(WholePath, NoiseFreeAverageAtTruePosesIsTheTruth) {
  ASSERT_EQ(simulate("data", {"--noise-free", "--no-ctf", "--no-mtf"}, 12).exit_code, 0);
  const Result result =
      run({"average", "data/particles.star", "--poses", "data/truth.star", "--output", "mean", "--halves"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* name :
       {"class_1.mrc", "class_1_half1.mrc", "class_1_half2.mrc", "particles.star", "convergence.json", "run.json"})
    EXPECT_THAT(files("mean"), testing::Contains(name));
  const Map mean = read_mrc(path("mean/class_1.mrc")), truth = read_mrc(path("data/truth_1.mrc"));
  EXPECT_NEAR(mean.voxel_size_A, voxel_size_A_, 1e-3);
  const auto mask = soft_sphere(truth.voxels.shape(), 10, 3);
  // Without noise or CTF only the Wiener filter of 12 particles and the interpolation at 2.5 voxels keep it from 1.
  EXPECT_GT(masked_correlation(mean.voxels, truth.voxels, mask), 0.95);
  const ParticleSet poses = read_particles(path("mean/particles.star")),
                    true_poses = read_particles(path("data/truth.star"));
  for (size_t i = 0; i < poses.particles.size(); ++i)
    EXPECT_LT(angle_between(poses.particles[i].particle_from_ref, true_poses.particles[i].particle_from_ref), 1e-5);
}

TEST_F(WholePath, ResumedRunEndsAsTheUninterruptedOne) {
  ASSERT_EQ(simulate("data", {"--snr", "1"}, 8).exit_code, 0);
  const std::vector<std::string> common = {
      "average", "data/particles.star", "--start", "particles", "--starts", "1", "--start-iterations", "1", "--folds",
      "2",       "--candidates",        "4",       "--refined", "2"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), common.begin(), common.end());
    return run(more);
  };
  ASSERT_EQ(with({"--iterations", "3", "--output", "whole"}).exit_code, 0);
  ASSERT_EQ(with({"--iterations", "2", "--output", "parts"}).exit_code, 0);
  const Result resumed = with({"--iterations", "3", "--output", "parts", "--resume", "--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resuming after iteration 2"));
  EXPECT_EQ(resumed.json().at("iterations"), 3);
  const Map whole = read_mrc(path("whole/class_1.mrc")), parts = read_mrc(path("parts/class_1.mrc"));
  // The checkpoint keeps all bits but the normalisation of the quaternions.
  EXPECT_GT(correlation(whole.voxels, parts.voxels), 0.99999);
  const auto convergence = nlohmann::json::parse(text_of(path("parts/convergence.json")));
  EXPECT_EQ(convergence.at("iterations").size(), 3u);
  EXPECT_EQ(with({"--iterations", "4", "--output", "parts", "--resume", "--seed", "9"}).exit_code, 2);
}

}  // namespace
}  // namespace tessera::cli_test
