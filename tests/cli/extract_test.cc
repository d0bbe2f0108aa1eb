// SPDX-License-Identifier: GPL-3.0-or-later
// tessera extract: round trip with the truth, what is padded, dropped, refused.
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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Extract : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    Map map{Volume<float>({32, 48, 40}), 8.0, {}};
    Random random(1, "extract test", 0);
    for (float& v : map.voxels) v = static_cast<float>(random.normal());
    write_mrc(path("tomogram.mrc"), map);
    add({20.25, 24, 16}, 1);
    add({2, 24.3, 16}, 2);
    add({30, 30, 20}, 2);
  }
  void add(Vec3 at, int class_number) {
    if (set_.optics.empty()) set_.optics.push_back({"one", 32, 8.0, 300, 2.7, 0.1, {}});
    Particle particle;
    particle.image = "none";
    particle.coordinate = at;
    particle.class_number = class_number;
    particle.particle_from_ref = Rotation::from_relion({10.0 * class_number, 20, 30});
    set_.particles.push_back(particle);
    write_particles(path("picks.star"), set_);
  }
  Result extract(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"extract", "tomogram.mrc", "picks.star", "--output", "out", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  ParticleSet set_;
};

TEST_F(Extract, WritesASetWithPosesAndWedge) {
  const Result result = extract({"--box", "16", "--tilt-range", "-60", "60", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(files("out"),
              ElementsAre("particles.star", "run.json", "subtomograms/particle_000001.mrc",
                          "subtomograms/particle_000002.mrc", "subtomograms/particle_000003.mrc", "wedge.mrc"));
  const ParticleSet out = read_particles(path("out/particles.star"));
  check_images(out);
  ASSERT_EQ(out.particles.size(), 3U);
  EXPECT_EQ(out.optics[0].box, 16);
  EXPECT_EQ(out.particles[0].class_number, 1);
  EXPECT_NEAR(out.particles[0].shift_A.x, 2, 1e-5);  // a quarter of 8 Å
  EXPECT_EQ(*out.particles[0].coordinate, (Vec3{20, 24, 16}));
  for (size_t i = 0; i < 3; ++i)
    EXPECT_LT(angle_between(out.particles[i].particle_from_ref, set_.particles[i].particle_from_ref), 1e-6);
  const nlohmann::json json = result.json();
  ASSERT_EQ(json["padded"].size(), 1U);
  EXPECT_EQ(json["padded"][0]["pick"], 2);
  EXPECT_NEAR(json["padded"][0]["outside"].get<double>(), 6.0 / 16, 1e-9);
  EXPECT_THAT(out.extra_columns, ElementsAre("tesseraOutside"));
  EXPECT_EQ(out.particles[1].extra[0], "0.3750");
  EXPECT_NEAR(statistics(read_mrc(path("out/subtomograms/particle_000001.mrc")).voxels).variance, 1, 1e-4);
  // What was extracted can be extracted again: places and origins together are the same centres.
  fs::rename(path("out"), path("first"));
  const Result again = run({"extract", "tomogram.mrc", "first/particles.star", "--output", "out", "--quiet", "--box",
                            "16", "--tilt-range", "-60", "60"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(text_of(path("out/subtomograms/particle_000002.mrc")),
            text_of(path("first/subtomograms/particle_000002.mrc")));
}

TEST_F(Extract, DropsAtTheBorderAndChoosesClasses) {
  ASSERT_EQ(extract({"--box", "16", "--border", "drop", "--classes", "2", "--json"}).exit_code, 0);
  const ParticleSet out = read_particles(path("out/particles.star"));
  ASSERT_EQ(out.particles.size(), 1U);
  EXPECT_EQ(*out.particles[0].coordinate, (Vec3{30, 30, 20}));
  EXPECT_EQ(out.particles[0].weight, "");
  EXPECT_FALSE(fs::exists(path("out/wedge.mrc")));
}

TEST_F(Extract, TheSameBytesForAnyNumberOfThreads) {
  ASSERT_EQ(extract({"--box", "12", "--border", "noise", "--subvoxel", "--threads", "1"}).exit_code, 0);
  fs::rename(path("out"), path("one"));
  ASSERT_EQ(extract({"--box", "12", "--border", "noise", "--subvoxel", "--threads", "3"}).exit_code, 0);
  for (const char* name : {"particles.star", "subtomograms/particle_000001.mrc", "subtomograms/particle_000002.mrc"})
    EXPECT_EQ(text_of(path("out") / name), text_of(path("one") / name)) << name;
}

TEST_F(Extract, ListsWithPlacesAloneWillDo) {
  std::ofstream(path("picks.star")) << "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnCoordinateZ\n20 24 16\n";
  const Result result = extract({"--box", "16"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const ParticleSet out = read_particles(path("out/particles.star"));
  EXPECT_NEAR(out.optics[0].voxel_size_A, 8, 1e-6);
}

TEST_F(Extract, PicksOfAnotherBinningAreScaled) {
  set_.optics[0].voxel_size_A = 16;
  set_.particles.clear();
  add({10, 12, 8}, 1);
  EXPECT_THAT(extract({"--box", "16"}).err, HasSubstr("--rescale-coordinates"));
  ASSERT_EQ(extract({"--box", "16", "--rescale-coordinates"}).exit_code, 0);
  EXPECT_EQ(*read_particles(path("out/particles.star")).particles[0].coordinate, (Vec3{20, 24, 16}));
}

TEST_F(Extract, SaysAllFaultsAtOnce) {
  set_.optics[0].voxel_size_A = 10;
  add({20, 24, 40}, 1);
  add({-3, 24, 10}, 1);
  const Result result = extract({"--box", "64"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("do not fit"), HasSubstr("voxels of 10 Å"), HasSubstr("pick 4"),
                                HasSubstr("pick 5"), HasSubstr("--skip-bad")));
  EXPECT_FALSE(fs::exists(path("out/particles.star")));
  const Result options = extract({"--box", "15", "--border", "what", "--tilts", "gone.tlt", "--tilt-range", "1", "2"});
  EXPECT_EQ(options.exit_code, 2);
  EXPECT_THAT(options.err, AllOf(HasSubstr("--box 15"), HasSubstr("what"), HasSubstr("gone.tlt")));
}

TEST_F(Extract, RefusesNaNUnlessToldToSkip) {
  Map map = read_mrc(path("tomogram.mrc"));
  map.voxels(16, 24, 20) = std::numeric_limits<float>::quiet_NaN();
  write_mrc(path("tomogram.mrc"), map);
  const Result result = extract({"--box", "16"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("pick 1"), HasSubstr("NaN"), HasSubstr("--skip-bad")));
  EXPECT_FALSE(fs::exists(path("out/particles.star")));
  ASSERT_EQ(extract({"--box", "16", "--skip-bad"}).exit_code, 0);
  const ParticleSet out = read_particles(path("out/particles.star"));
  ASSERT_EQ(out.particles.size(), 2U);
  check_images(out);
  EXPECT_THAT(files("out/subtomograms"), ElementsAre("particle_000001.mrc", "particle_000002.mrc"));
}

TEST_F(Extract, AnEmptyListIsRefused) {
  std::ofstream(path("picks.star")) << "data_particles\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnCoordinateZ\n";
  const Result result = extract({"--box", "16"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("no particles"));
}

}  // namespace
}  // namespace tessera::cli_test
