// SPDX-License-Identifier: GPL-3.0-or-later
// tessera pick --method template, on a tomogram of built-in structures written here.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/volume/masks.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class PickTemplate : public CliTest {
 protected:
  // A dimer and a ferritin in noise.
  void SetUp() override {
    CliTest::SetUp();
    for (const char* name : {"dimer", "ferritin"})
      ASSERT_EQ(run({"density", std::string("builtin:") + name, "--box", "24", "--voxel-size", "12", "--resolution",
                     "24", "--output", std::string(name) + ".mrc", "--quiet"})
                    .exit_code,
                0);
    Map map{Volume<float>({28, 32, 52}), 12.0, {}};
    Random random(1, "pick template test", 0);
    for (float& v : map.voxels) v = static_cast<float>(0.15 * random.normal());
    put("dimer", {38, 16, 14}, map);
    put("ferritin", {14, 15, 13}, map);
    write_mrc(path("tomogram.mrc"), map);
    for (float& v : map.voxels) v = -v;
    write_mrc(path("dark.mrc"), map);
  }
  void put(const std::string& name, Vec3 at, Map& map) const {
    Map one = read_mrc(path(name + ".mrc"));
    const Volume<float> turned = rotate_volume(one.voxels, rotation_.matrix());
    const float scale = 1 / statistics(turned).maximum;
    for (int64_t z = 0; z < 24; ++z)
      for (int64_t y = 0; y < 24; ++y)
        for (int64_t x = 0; x < 24; ++x)
          map.voxels(z + static_cast<int64_t>(at.z) - 12, y + static_cast<int64_t>(at.y) - 12,
                     x + static_cast<int64_t>(at.x) - 12) += scale * turned(z, y, x);
  }
  Result pick(const std::string& tomogram, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"pick", tomogram, "--method", "template", "--output", "picks.star"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Rotation rotation_ = Rotation::from_euler({0.5, 1.2, -0.7});
};

TEST_F(PickTemplate, FindsEachStructureWithItsClassAndPose) {
  const Result result =
      pick("tomogram.mrc", {"--template", "builtin:ferritin", "dimer.mrc", "--symmetry", "O", "C2", "--tilt-range",
                            "-90", "90", "--angular-step", "25", "--count", "2", "--json", "--quiet"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const ParticleSet picks = read_picks(path("picks.star"));
  ASSERT_EQ(picks.particles.size(), 2U);
  for (const Particle& p : picks.particles) {
    const bool ferritin = p.class_number == 1;
    const Vec3 at = ferritin ? Vec3{14, 15, 13} : Vec3{38, 16, 14};
    EXPECT_LT((*p.coordinate - at).norm(), 1) << p.class_number;
    if (ferritin) continue;
    const double turn = angle_between(p.particle_from_ref, rotation_);  // or half a turn about z before
    const Rotation half = Rotation::about_axis({0, 0, 1}, 3.14159265358979);
    EXPECT_LT(std::min(turn, angle_between(p.particle_from_ref, rotation_ * half)), 0.3);
  }
  const nlohmann::json json = result.json();
  ASSERT_EQ(json["templates"].size(), 2U);
  EXPECT_EQ(json["templates"][0]["symmetry"], "O");
  EXPECT_GT(json["templates"][1]["rotations"].get<int>(), json["templates"][0]["rotations"].get<int>());
}

TEST_F(PickTemplate, SaysThatProteinIsDark) {
  const std::vector<std::string> words = {
      "--template", "builtin:ferritin", "--symmetry", "O", "--angular-step", "40", "--count", "1", "--no-refine"};
  EXPECT_THAT(pick("dark.mrc", words).err, HasSubstr("--contrast dark"));
  std::vector<std::string> told = words;
  told.insert(told.end(), {"--contrast", "dark"});
  const Result result = pick("dark.mrc", told);
  EXPECT_THAT(result.err, testing::Not(HasSubstr("is protein dark")));
  EXPECT_LT((*read_picks(path("picks.star")).particles[0].coordinate - Vec3{14, 15, 13}).norm(), 2.5);
}

TEST_F(PickTemplate, NotANumberIsLeftOutAndSaid) {
  Map map = read_mrc(path("tomogram.mrc"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int64_t z = 0; z < 28; ++z)
    for (int64_t y = 0; y < 32; ++y)
      for (int64_t x = 26; x < 52; ++x) map.voxels(z, y, x) = nan;  // with the dimer
  write_mrc(path("nan.mrc"), map);
  const Result result = pick("nan.mrc", {"--template", "builtin:ferritin", "--symmetry", "O", "--tilt-range", "-90",
                                         "90", "--angular-step", "40", "--count", "3"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("23296 voxels are NaN or infinite and were left out"));
  const ParticleSet picks = read_picks(path("picks.star"));
  EXPECT_LT((*picks.particles[0].coordinate - Vec3{14, 15, 13}).norm(), 1);
  for (const Particle& p : picks.particles) EXPECT_LT(p.coordinate->x, 26 + 2.5);  // a place may move by its shift
  Map bad = read_mrc(path("dimer.mrc"));
  bad.voxels[77] = nan;
  write_mrc(path("bad.mrc"), bad);
  const Result refused = pick("tomogram.mrc", {"--template", "bad.mrc"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("bad.mrc"), HasSubstr("NaN")));
}

TEST_F(PickTemplate, RefusesAllBadOptionsAtOnce) {
  const Result result = pick("tomogram.mrc", {"--template", "gone.mrc", "builtin:ferritin", "--symmetry", "O", "C1",
                                              "Q2", "--angular-step", "-3", "--tilt-range", "60", "-60"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("gone.mrc"), HasSubstr("--symmetry has 3 values"), HasSubstr("Q2"),
                                HasSubstr("--angular-step -3"), HasSubstr("--tilt-range 60 -60")));
  EXPECT_THAT(pick("tomogram.mrc", {}).err, HasSubstr("--template is missing"));
  EXPECT_THAT(pick("tomogram.mrc", {"--template", "builtin:ribosome", "--mask-diameter", "400"}).err,
              HasSubstr("thinnest"));
  Map empty{Volume<float>(Shape3::cube(24)), 12.0, {}};
  write_mrc(path("mask.mrc"), empty);
  EXPECT_THAT(pick("tomogram.mrc", {"--template", "dimer.mrc", "--template-mask", "mask.mrc"}).err,
              HasSubstr("the mask is empty"));
  EXPECT_FALSE(fs::exists(path("picks.star")));
}

}  // namespace
}  // namespace tessera::cli_test
