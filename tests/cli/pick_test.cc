// SPDX-License-Identifier: GPL-3.0-or-later
// tessera pick and tessera evaluate picks, on a tomogram of balls written here.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>

#include "tessera/base/random.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tests/cli/run_program.h"

namespace tessera::cli_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr double voxel_A = 12;
constexpr Shape3 shape{40, 56, 64};

class Pick : public CliTest {
 protected:
  void SetUp() override {
    CliTest::SetUp();
    Random random(5, "balls");
    for (int64_t z = 10; z < 36; z += 13)
      for (int64_t y = 10; y < 50; y += 15)
        for (int64_t x = 10; x < 60; x += 15)
          centres_.push_back({double(x) + random.uniform(-1, 1), double(y) + random.uniform(-1, 1),
                              double(z) + random.uniform(-1, 1)});
    write_tomogram("tomogram.mrc");
    write_truth("truth.star", voxel_A);
  }

  // Balls of 5 voxels' radius in noise of their own height.
  Map tomogram(float sign = 1) const {
    Map map;
    map.voxel_size_A = voxel_A;
    map.voxels = Volume<float>(shape);
    Random random(6, "noise");
    for (int64_t z = 0; z < shape.z; ++z)
      for (int64_t y = 0; y < shape.y; ++y)
        for (int64_t x = 0; x < shape.x; ++x) {
          double value = 100 + random.normal();
          for (const Vec3 c : centres_) value += (c - Vec3{double(x), double(y), double(z)}).norm() < 5 ? 1 : 0;
          map.voxels(z, y, x) = sign * static_cast<float>(value);
        }
    return map;
  }
  void write_tomogram(const std::string& name, float sign = 1) const { write_mrc(path(name), tomogram(sign)); }

  void write_truth(const std::string& name, double voxel_size_A, const std::string& tomogram = "tomogram.mrc",
                   bool radii = true) const {
    ParticleSet set;
    set.optics.push_back({"ball", 0, voxel_size_A, 300, 2.7, 0.1, {}});
    if (radii) set.extra_columns = {"tesseraRadius"};
    for (const Vec3 c : centres_) {
      Particle& particle = set.particles.emplace_back();
      particle.image = std::to_string(set.particles.size()) + "@" + tomogram;
      particle.micrograph = tomogram;
      particle.class_number = 1;
      particle.coordinate = c;
      if (radii) particle.extra = {"5"};
    }
    write_particles(path(name), set);
  }

  void write_mask(const std::string& name, Shape3 of_shape, float value) const {
    Map mask;
    mask.voxel_size_A = voxel_A;
    mask.voxels = Volume<float>(of_shape, value);
    write_mrc(path(name), mask);
  }

  Result pick(const std::vector<std::string>& more = {}, const std::string& tomogram = "tomogram.mrc") const {
    std::vector<std::string> words = {"pick", tomogram, "--output", "picks.star", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  Result evaluate(const std::vector<std::string>& more = {}, const std::string& truth = "truth.star") const {
    std::vector<std::string> words = {"evaluate", "picks", "picks.star", truth, "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  std::vector<Vec3> centres_;
};

TEST_F(Pick, FindsBallsAndIsJudgedSo) {
  const std::string count = std::to_string(centres_.size());
  const Result picked = pick({"--diameter", "120", "--count", count});
  ASSERT_EQ(picked.exit_code, 0) << picked.err;
  EXPECT_EQ(picked.json().at("picks"), centres_.size());
  const Result judged = evaluate({"--tomogram", "tomogram.mrc", "--figure", "figure.png", "--output", "judged"});
  ASSERT_EQ(judged.exit_code, 0) << judged.err;
  const auto json = judged.json();
  EXPECT_GT(json.at("f1"), 0.95);
  EXPECT_LT(json.at("localisation").at("rms_A"), voxel_A);
  EXPECT_LT(json.at("chance_f1"), 0.6);
  EXPECT_EQ(json.at("outside"), 0);
  EXPECT_EQ(json.at("fixed_number").at("f1"), json.at("f1"));
  EXPECT_THAT(text_of(path("figure.png")).substr(1, 3), "PNG");
  EXPECT_EQ(nlohmann::json::parse(text_of(path("judged/run.json"))).at("results").at("evaluate picks"), json);
  const ParticleSet set = read_particles(path("picks.star"));
  EXPECT_EQ(set.particles.at(0).micrograph, "tomogram.mrc");
  EXPECT_EQ(set.extra_columns, (std::vector<std::string>{"rlnTomoName", "rlnAutopickFigureOfMerit", "tesseraRadius"}));
  EXPECT_EQ(set.optics.at(0).voxel_size_A, voxel_A);
  const auto record = nlohmann::json::parse(text_of(path("picks.run.json")));
  EXPECT_EQ(record.at("results").at("pick"), picked.json());
}

TEST_F(Pick, TheSameBytesForAnyThreads) {
  ASSERT_EQ(pick({"--threads", "1"}).exit_code, 0);
  const std::string one = text_of(path("picks.star"));
  ASSERT_EQ(pick({"--threads", "3"}).exit_code, 0);
  EXPECT_EQ(text_of(path("picks.star")), one);
}

TEST_F(Pick, PaperModeIsAPresetThatOptionsOverride) {
  ASSERT_EQ(pick({"--paper", "--sigma", "35"}).exit_code, 0);
  const auto options = nlohmann::json::parse(text_of(path("picks.run.json"))).at("options");
  EXPECT_EQ(options.at("sigma"), nlohmann::json::parse("[35.0]"));
  EXPECT_EQ(options.at("threshold"), "level");
  EXPECT_EQ(options.at("distance"), 0.0);
  EXPECT_EQ(options.at("sigma-ratio"), 1.1);
}

TEST_F(Pick, WrongContrastIsSaidNotGuessed) {
  write_tomogram("dark.mrc", -1);
  const Result wrong = pick({"--diameter", "120"}, "dark.mrc");
  EXPECT_THAT(wrong.err, HasSubstr("try the other --contrast"));
  const Result right = pick({"--diameter", "120", "--contrast", "dark"}, "dark.mrc");
  EXPECT_EQ(right.exit_code, 0) << right.err;
  EXPECT_THAT(right.err, Not(HasSubstr("try the other")));
}

TEST_F(Pick, NotANumberIsLeftOutAndSaid) {
  Map map = tomogram();
  for (int64_t i = 0; i < shape.y * shape.x * 12; ++i) map.voxels[i] = std::numeric_limits<float>::quiet_NaN();
  write_mrc(path("nan.mrc"), map);
  const Result result = pick({"--diameter", "120"}, "nan.mrc");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("43008 voxels are NaN or infinite and were left out"));
  for (const Particle& particle : read_particles(path("picks.star")).particles) EXPECT_GT(particle.coordinate->z, 11);
  for (float& v : map.voxels) v = std::numeric_limits<float>::quiet_NaN();
  write_mrc(path("nothing.mrc"), map);
  const Result nothing = pick({}, "nothing.mrc");
  EXPECT_EQ(nothing.exit_code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("no voxel of the tomogram is left to search"));
}

TEST_F(Pick, BadMasksAndScalesAreRefusedAndNothingIsWritten) {
  write_mask("empty.mrc", shape, 0);
  write_mask("small.mrc", {40, 56, 60}, 1);
  for (const auto& [words, said] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--mask", "empty.mrc"}, "the mask is empty"},
           {{"--mask", "small.mrc"}, "60 × 56 × 40 voxels"},
           {{"--mask", "none.mrc"}, "no such file"},
           {{"--sigma", "200"}, "too wide for a tomogram"},
           {{"--sigma", "3"}, "less than half a voxel"},
           {{"--sigma", "30", "--diameter", "100"}, "not both"},
           {{"--method", "luck"}, "--method must be one of"},
           {{"--contrast", "grey", "--count", "-2"}, "--count -2"},
           {{"--border", "400"}, "no peak was good enough"}}) {
    const Result result = pick(words);
    EXPECT_EQ(result.exit_code, 2) << words[0] << " " << words[1];
    EXPECT_THAT(result.err, HasSubstr(said));
  }
  EXPECT_EQ(files(), (std::vector<std::string>{"empty.mrc", "small.mrc", "tomogram.mrc", "truth.star"}));
}

TEST_F(Pick, TruthOfAnotherTomogramIsRefused) {
  ASSERT_EQ(pick({"--diameter", "120"}).exit_code, 0);
  write_truth("fine.star", voxel_A / 2);
  write_truth("other.star", voxel_A, "other.mrc");
  write_truth("sizeless.star", voxel_A, "tomogram.mrc", false);
  const Result fine = evaluate({}, "fine.star");
  EXPECT_EQ(fine.exit_code, 3);
  EXPECT_THAT(fine.err, AllOf(HasSubstr("voxels of 12 Å"), HasSubstr("of 6 Å")));
  const Result other = evaluate({}, "other.star");
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, AllOf(HasSubstr("\"tomogram.mrc\""), HasSubstr("--ignore-names")));
  EXPECT_EQ(evaluate({"--ignore-names"}, "other.star").exit_code, 0);
  EXPECT_THAT(evaluate({}, "sizeless.star").err, HasSubstr("give --radius"));
  EXPECT_EQ(evaluate({"--radius", "60"}, "sizeless.star").json().at("f1"), evaluate().json().at("f1"));
  Map half = tomogram();
  half.voxel_size_A = voxel_A / 2;
  write_mrc(path("half.mrc"), half);
  EXPECT_THAT(evaluate({"--tomogram", "half.mrc"}).err, HasSubstr("the truth is of another tomogram"));
}

TEST_F(Pick, PicksOutsideAreSaidAndPicksWithoutCoordinatesRefused) {
  ASSERT_EQ(pick({"--diameter", "120", "--count", "10"}).exit_code, 0);
  ParticleSet set = read_particles(path("picks.star"));
  set.particles[0].coordinate = Vec3{-5, 3, 3};
  set.particles[1].coordinate = Vec3{5, 3, 100};
  write_particles(path("picks.star"), set);
  const Result result = evaluate({"--tomogram", "tomogram.mrc"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json().at("outside"), 2);
  EXPECT_THAT(result.err, HasSubstr("2 picks lie outside the tomogram"));
  for (Particle& particle : set.particles) particle.coordinate.reset();
  write_particles(path("picks.star"), set);
  EXPECT_THAT(evaluate().err, HasSubstr("lacks _rlnCoordinateX"));
}

// Lists of other programs: places alone, with the voxel size of the tomogram; and what extraction made of the picks,
// whose images have other voxels than their coordinates.
TEST_F(Pick, ListsOfPlacesAndExtractedSetsAreJudged) {
  const std::string count = std::to_string(centres_.size());
  ASSERT_EQ(pick({"--diameter", "120", "--count", count}).exit_code, 0);
  const auto f1 = evaluate().json().at("f1");
  ASSERT_EQ(run({"extract", "tomogram.mrc", "picks.star", "--box", "12", "--bin", "2", "--output", "cut", "--quiet"})
                .exit_code,
            0);
  const Result cut = run({"evaluate", "picks", "cut/particles.star", "truth.star", "--json"});
  ASSERT_EQ(cut.exit_code, 0) << cut.err;
  EXPECT_EQ(cut.json().at("f1"), f1);
  std::ofstream places(path("places.star"));
  places << "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnCoordinateZ\n";
  for (const Particle& p : read_picks(path("picks.star")).particles)
    places << p.coordinate->x << ' ' << p.coordinate->y << ' ' << p.coordinate->z << '\n';
  places.close();
  const Result bare = run({"evaluate", "picks", "places.star", "truth.star", "--ignore-names", "--json"});
  ASSERT_EQ(bare.exit_code, 0) << bare.err;
  EXPECT_EQ(bare.json().at("f1"), f1);
  EXPECT_THAT(bare.err, HasSubstr("no rlnAutopickFigureOfMerit"));
  const Result sizeless =
      run({"evaluate", "picks", "places.star", "places.star", "--ignore-names", "--radius", "60", "--json"});
  EXPECT_EQ(sizeless.exit_code, 3);
  EXPECT_THAT(sizeless.err, HasSubstr("neither places.star nor places.star tells the size of its voxels"));
  const Result told = run({"evaluate", "picks", "places.star", "places.star", "--ignore-names", "--radius", "60",
                           "--tomogram", "tomogram.mrc", "--json"});
  EXPECT_EQ(told.json().at("f1"), 1) << told.err;
}

}  // namespace
}  // namespace tessera::cli_test
