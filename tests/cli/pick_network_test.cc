// SPDX-License-Identifier: GPL-3.0-or-later
// tessera train --network unet3d and pick --method unet, on two shells of 32 × 30 × 20 voxels.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <functional>

#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"
#include "tests/cli/small_scene.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class NetworkPicks : public TomogramNetworkTest {
 protected:
  Result train(const std::vector<std::string>& more, const std::string& folder = "tomo") const {
    std::vector<std::string> words = {"train", folder,      "--network", "unet3d",  "--width", "0.25",     "--patch",
                                      "16",    "--threads", "1",         "--quiet", "--json",  "--output", "model"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Result pick(const std::vector<std::string>& more, const std::string& tomogram = "tomo/tomogram.mrc") const {
    std::vector<std::string> words = {"pick",      tomogram, "--method", "unet",   "--model",  "model",
                                      "--threads", "1",      "--quiet",  "--json", "--output", "picks.star"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  // A copy of the folder whose list is another.
  void change(const std::string& folder, const std::function<void(ParticleSet&)>& how) const {
    fs::copy(path("tomo"), path(folder), fs::copy_options::recursive);
    ParticleSet set = read_particles(path(folder) / "truth.star");
    how(set);
    write_particles(path(folder) / "truth.star", set);
  }
};

TEST_F(NetworkPicks, AreLearntFoundAndJudged) {
  const Result trained =
      train({"--epochs", "12", "--patches", "32", "--rate", "0.01", "--validation", "0", "--validate-on", "tomo"});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;
  EXPECT_EQ(trained.json().at("validation_f1"), 1);
  const auto of_class = trained.json().at("classes").at(0);
  EXPECT_EQ(of_class.at("name"), "shell");
  EXPECT_NEAR(of_class.at("radius_A"), 90, 1e-2);

  const Result picked = pick({});
  ASSERT_EQ(picked.exit_code, 0) << picked.err;
  EXPECT_EQ(picked.json().at("picks"), 2);
  EXPECT_GT(picked.json().at("expected_f1"), 0.5) << "two hits teach a chance of three quarters at most";
  EXPECT_GE(picked.json().at("candidates"), 2);
  const Result judged = run({"evaluate", "picks", "picks.star", "tomo/truth.star", "--class-aware", "--json"});
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  EXPECT_EQ(judged.json().at("f1"), 1);
  EXPECT_LT(judged.json().at("localisation").at("rms_A"), 30) << "one and a half voxels";

  const Result best = pick({"--count", "1"});
  ASSERT_EQ(best.exit_code, 0) << best.err;
  EXPECT_EQ(best.json().at("picks"), 1);
  EXPECT_EQ(pick({"--heat-threshold", "1"}).exit_code, 2) << "no peak is so high, and nothing is written";

  // The same tomogram on smaller voxels is refused, and picked on request, in its own voxels.
  Map finer = read_mrc(path("tomo/tomogram.mrc"));
  finer.voxel_size_A = 16;
  write_mrc(path("finer.mrc"), finer);
  const Result refused = pick({}, "finer.mrc");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("16 Å"), HasSubstr("20 Å"), HasSubstr("--rescale")));
  const Result rescaled = pick({"--rescale", "--count", "2"}, "finer.mrc");
  ASSERT_EQ(rescaled.exit_code, 0) << rescaled.err;
  EXPECT_EQ(rescaled.json().at("rescaled"), true);
  for (const Particle& particle : read_picks(path("picks.star")).particles) {
    EXPECT_TRUE(particle.coordinate->x >= 0 && particle.coordinate->x < 32);
    EXPECT_TRUE(particle.coordinate->z >= 0 && particle.coordinate->z < 20);
  }

  EXPECT_THAT(run({"segment", "model", "tomo/tomogram.mrc", "--output", "l.mrc"}).err, HasSubstr("unet3d"));
}

TEST_F(NetworkPicks, RefuseUnfitTruth) {
  const auto refused = [&](const std::string& folder, const auto& what, const std::vector<std::string>& more = {}) {
    const Result result = train(more, folder);
    EXPECT_EQ(result.exit_code, 2) << folder << result.err;
    EXPECT_THAT(result.err, what) << folder;
    EXPECT_FALSE(fs::exists(path("model"))) << folder;
  };
  fs::create_directories(path("bare"));
  fs::copy(path("tomo/tomogram.mrc"), path("bare/tomogram.mrc"));
  refused("bare", HasSubstr("bare/truth.star"));
  change("faulty", [](ParticleSet& set) {
    set.particles[0].coordinate = Vec3{40, 10, 10};
    set.particles[1].class_number = 0;
  });
  refused("faulty", AllOf(HasSubstr("particle 1 lies at (40, 10, 10)"), HasSubstr("particle 2 has no class")));
  change("plain", [](ParticleSet& set) {
    set.extra_columns.clear();
    for (Particle& particle : set.particles) particle.extra.clear();
  });
  refused("plain", HasSubstr("tesseraRadius"));
  change("renamed", [](ParticleSet& set) { set.optics[0].name = "ball"; });
  refused("tomo", AllOf(HasSubstr("renamed/truth.star"), HasSubstr("a ball"), HasSubstr("a shell")),
          {"--more", "renamed"});
  change("second", [](ParticleSet& set) {
    set.particles[1].class_number = 2;
    set.particles[1].coordinate = Vec3{16, 15, 10};
    set.optics.push_back(set.optics[0]);
    set.optics[1].name = "other";
    set.particles[1].optics_group = 1;
  });
  refused("second", AllOf(HasSubstr("class 2 (other)"), HasSubstr("no particle")), {"--test", "0.3"});
  refused("tomo", AllOf(HasSubstr("--heat-spread 2"), HasSubstr("boxes of 20³")),
          {"--heat-spread", "2", "--patch", "20"});
}

TEST_F(NetworkPicks, RefuseUnfitModels) {
  EXPECT_THAT(run({"pick", "tomo/tomogram.mrc", "--method", "unet", "--model", "nowhere", "--heat-threshold", "2",
                   "--block", "64", "--output", "picks.star"})
                  .err,
              AllOf(HasSubstr("nowhere"), HasSubstr("--heat-threshold 2"), HasSubstr("--block 64")));
  const Result list =
      run({"pick", "tomo/tomogram.mrc", "--method", "unet", "--model", "tomo/truth.star", "--output", "picks.star"});
  EXPECT_EQ(list.exit_code, 3) << list.err;
  const std::string classifier = project() / "models/builtin.tessera";
  const Result other =
      run({"pick", "tomo/tomogram.mrc", "--method", "unet", "--model", classifier, "--output", "picks.star"});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("residual3d does not find particles"));
}

}  // namespace
}  // namespace tessera::cli_test
