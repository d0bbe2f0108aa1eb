// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/template_matching.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tessera/align/symmetry.h"
#include "tessera/pick/search_volume.h"
#include "tessera/so3/point_group.h"
#include "tessera/so3/rotation_grid.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/synthetic_particles.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t box = 24;
constexpr double voxel = 10;

struct Planted {
  int label = 0;
  Vec3 centre;
  Rotation rotation;
};

Volume<float> phantom(int label) {
  return synthetic::render(synthetic::make_phantom(label == 0 ? 5.5 : 4.5, label == 0 ? 9 : 6, 11 + label), box, {});
}

// Phantoms in their poses and white noise, seen through a transfer.
Map tomogram(Shape3 shape, const std::vector<Planted>& planted, double noise, const TomogramTransfer& transfer = {}) {
  Map out{Volume<float>(shape), voxel, {}};
  for (const Planted& p : planted) {
    const Vec3 whole{std::round(p.centre.x), std::round(p.centre.y), std::round(p.centre.z)};
    const Volume<float> one =
        synthetic::render(synthetic::make_phantom(p.label == 0 ? 5.5 : 4.5, p.label == 0 ? 9 : 6, 11 + p.label), box,
                          {p.rotation, p.centre - whole});
    for (int64_t z = 0; z < box; ++z)
      for (int64_t y = 0; y < box; ++y)
        for (int64_t x = 0; x < box; ++x) {
          const auto at = [](double w, int64_t i) { return static_cast<int64_t>(w) + i - box / 2; };
          const int64_t tz = at(whole.z, z), ty = at(whole.y, y), tx = at(whole.x, x);
          if (tz >= 0 && ty >= 0 && tx >= 0 && tz < shape.z && ty < shape.y && tx < shape.x)
            out.voxels(tz, ty, tx) += one(z, y, x);
        }
  }
  Random random(7, "matching test", 0);
  for (float& v : out.voxels) v += static_cast<float>(noise * random.normal());
  HalfSpectrum spectrum = spectrum_of(out.voxels);
  for_each_frequency(spectrum, [&](int64_t i, int64_t kz, int64_t ky, int64_t kx) {
    const auto part = [](int64_t k, int64_t n) { return static_cast<double>(k) / (static_cast<double>(n) * voxel); };
    spectrum.data()[i] *= static_cast<float>(transfer({part(kx, shape.x), part(ky, shape.y), part(kz, shape.z)}));
  });
  out.voxels = volume_of(std::move(spectrum));
  return out;
}

TomogramTransfer wedge(double first, double last) {
  TransferOptions options;
  options.tilt_range_deg = {first, last};
  return TomogramTransfer(options, {});
}

MatchOptions quick() {
  MatchOptions options;
  options.search_resolution_A = 40;
  options.angular_step_deg = 30;
  return options;
}

const Shape3 shape{40, 48, 56};
const std::vector<Planted> scene = {{0, {14.3, 15.6, 18.2}, Rotation::from_euler({0.4, 1.1, -2})},
                                    {1, {40.7, 15.1, 20.4}, Rotation::from_euler({2.4, 0.3, 1})},
                                    {0, {38.2, 34.4, 19.7}, Rotation::from_euler({-1.4, 2.1, 0.7})},
                                    {1, {15.5, 35.2, 21.3}, Rotation::from_euler({0.1, 1.7, 2.2})}};

const Match* nearest(const MatchResult& result, Vec3 centre) {
  const Match* out = nullptr;
  for (const Match& match : result.matches)
    if (!out || (match.position_voxels - centre).norm() < (out->position_voxels - centre).norm()) out = &match;
  return out;
}

TEST(TemplateMatching, FindsWhatWasPlantedInItsPoseAndClass) {
  test::Workers workers(2);
  const TomogramTransfer transfer = wedge(-60, 60);
  const Map map = tomogram(shape, scene, 0.05, transfer);
  const std::vector<MatchTemplate> templates = {{"a", phantom(0)}, {"b", phantom(1)}};
  const MatchResult result = match_templates(tomogram_of(map), templates, transfer, quick(), {}, 1, 4, workers.context);
  ASSERT_EQ(result.matches.size(), 4U);
  EXPECT_THAT(result.notes, IsEmpty());
  for (const Planted& planted : scene) {
    const Match* match = nearest(result, planted.centre);
    EXPECT_EQ(match->label, planted.label);
    EXPECT_LT((match->position_voxels - planted.centre).norm(), 0.5);
    EXPECT_LT(angle_between(match->particle_from_ref, planted.rotation), 5 * degree);
  }
  // Without refinement: the voxel of the scan and the rotation of its grid, whose covering radius is 0.82 step.
  MatchOptions coarse = quick();
  coarse.refine = false;
  const MatchResult scan =
      match_templates(tomogram_of(map), {templates[0]}, transfer, coarse, {}, 1, 2, workers.context);
  for (const Planted& planted : scene) {
    if (planted.label != 0) continue;
    const Match* match = nearest(scan, planted.centre);
    EXPECT_LT((match->position_voxels - planted.centre).norm(), 2) << "voxels of 2";
    EXPECT_LT(angle_between(match->particle_from_ref, planted.rotation), 0.82 * 30 * degree);
  }
}

// Scores are in standard deviations of noise: in noise alone no place exceeds what independent trials would, whatever
// the size of the template.
TEST(TemplateMatching, NoiseAloneGivesNothing) {
  test::Workers workers(2);
  const TomogramTransfer transfer = wedge(-60, 60);
  const Map map = tomogram({32, 40, 48}, {}, 1, transfer);
  MatchOptions all = quick();
  all.score_threshold = 0;
  const std::vector<MatchTemplate> templates = {{"a", phantom(0)}, {"b", phantom(1)}};
  const MatchResult noise = match_templates(tomogram_of(map), templates, transfer, all, {}, 0, 0, workers.context);
  for (int label = 0; label < 2; ++label) {
    double best = 0;
    for (const Match& match : noise.matches)
      if (match.label == label) best = std::max<double>(best, match.score);
    EXPECT_GT(best, 3) << label;  // hundreds of places, each with some hundreds of poses
    EXPECT_LT(best, 6) << label;
  }
  const MatchResult picked = match_templates(tomogram_of(map), templates, transfer, quick(), {}, 0, 0, workers.context);
  EXPECT_LE(picked.matches.size(), 2U);
  for (const MatchReport& report : picked.templates) EXPECT_GT(report.threshold, 4);
}

TEST(TemplateMatching, AFineGridIsWithinHalfItsStep) {
  test::Workers workers(2);
  // 4° from a rotation of the grid: the others are further than half a step.
  const Rotation planted = Rotation::from_vector({0.05, 0.03, -0.04}) * rotation_grid(20 * degree)[1234];
  const std::vector<Planted> one = {{0, {14, 14, 14}, planted}};
  const Map map = tomogram(Shape3::cube(28), one, 0.02);
  MatchOptions options = quick();
  options.refine = false;
  options.angular_step_deg = 20;
  options.search_resolution_A = 20;
  options.whiten = false;
  const MatchResult result =
      match_templates(tomogram_of(map), {{"a", phantom(0)}}, {}, options, {}, 1, 1, workers.context);
  ASSERT_EQ(result.matches.size(), 1U);
  EXPECT_LT((result.matches[0].position_voxels - one[0].centre).norm(), 0.3);
  EXPECT_LT(angle_between(result.matches[0].particle_from_ref, one[0].rotation), 0.5 * 20 * degree);
}

// A particle seen from −20° to 60° is another thing than one seen from −60° to 20°: with the wedge on the wrong side
// the templates keep what the tomogram lacks.
TEST(TemplateMatching, TheWedgeLiesWhereTheTiltsSay) {
  test::Workers workers(2);
  const Map map = tomogram(shape, scene, 0.05, wedge(-20, 60));
  MatchOptions options = quick();
  options.refine = false;
  options.whiten = false;
  double score[2] = {};
  for (int side = 0; side < 2; ++side) {
    const TomogramTransfer transfer = side == 0 ? wedge(-20, 60) : wedge(-60, 20);
    MatchOptions fine = options;
    fine.search_resolution_A = 25;
    fine.angular_step_deg = 35;
    const MatchResult result =
        match_templates(tomogram_of(map), {{"a", phantom(0)}}, transfer, fine, {}, 1, 2, workers.context);
    const MatchReport& report = result.templates[0];
    for (const Match& match : result.matches)
      score[side] += 0.5 * (match.score * report.spread + report.median);  // the correlation itself
  }
  EXPECT_GT(score[0], 1.1 * score[1]);
}

TEST(TemplateMatching, SymmetryFindsTheSameWithFewerRotations) {
  test::Workers workers(2);
  const auto group = point_group("C4");
  const Volume<float> map = symmetrised(phantom(0), group);
  Map scene_map{Volume<float>(Shape3::cube(36)), voxel, {}};
  const Rotation rotation = Rotation::from_euler({1, 0.8, 0.3});
  const Volume<float> turned = rotate_volume(map, rotation.matrix());
  for (int64_t z = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x) scene_map.voxels(z + 6, y + 5, x + 7) = turned(z, y, x);
  Random random(3, "noise", 0);
  for (float& v : scene_map.voxels) v += static_cast<float>(0.05 * random.normal());
  MatchOptions whole = quick(), cut = quick();
  cut.symmetry = {"C4"};
  const MatchResult a = match_templates(tomogram_of(scene_map), {{"a", map}}, {}, whole, {}, 1, 1, workers.context);
  const MatchResult b = match_templates(tomogram_of(scene_map), {{"a", map}}, {}, cut, {}, 1, 1, workers.context);
  EXPECT_LT(b.templates[0].rotations, a.templates[0].rotations / 3);
  EXPECT_LT((a.matches[0].position_voxels - b.matches[0].position_voxels).norm(), 0.1);
  EXPECT_NEAR(b.matches[0].score / a.matches[0].score, 1, 0.01);
  EXPECT_LT(angle_between_modulo(a.matches[0].particle_from_ref, b.matches[0].particle_from_ref, group), 2 * degree);
  EXPECT_LT(angle_between_modulo(b.matches[0].particle_from_ref, rotation, group), 5 * degree);
}

TEST(TemplateMatching, TheSameForAnyNumberOfThreads) {
  const Map map = tomogram(shape, scene, 0.3, wedge(-60, 60));
  test::Workers one(1), three(3);
  MatchOptions options = quick();
  options.angular_step_deg = 45;
  const auto a = match_templates(tomogram_of(map), {{"a", phantom(0)}}, wedge(-60, 60), options, {}, 1, 6, one.context);
  const auto b =
      match_templates(tomogram_of(map), {{"a", phantom(0)}}, wedge(-60, 60), options, {}, 1, 6, three.context);
  ASSERT_EQ(a.matches.size(), b.matches.size());
  for (size_t i = 0; i < a.matches.size(); ++i) {
    EXPECT_EQ(a.matches[i].score, b.matches[i].score);
    EXPECT_EQ(a.matches[i].position_voxels, b.matches[i].position_voxels);
  }
}

TEST(TemplateMatching, SaysThatTheContrastIsWrong) {
  test::Workers workers(2);
  Map map = tomogram(shape, scene, 0.05);
  for (float& v : map.voxels) v = -v;
  MatchOptions options = quick();
  options.angular_step_deg = 60;
  options.refine = false;
  const MatchResult result =
      match_templates(tomogram_of(map), {{"a", phantom(0)}}, {}, options, {}, 1, 4, workers.context);
  ASSERT_EQ(result.notes.size(), 1U);
  EXPECT_THAT(result.notes[0], HasSubstr("--contrast dark"));
}

TEST(TemplateMatching, KeepsAwayFromWhatIsMasked) {
  test::Workers workers(2);
  const Map map = tomogram(shape, scene, 0.05);
  std::vector<uint8_t> allowed(shape.count(), 1);
  for (int64_t i = 0; i < shape.count(); ++i)
    if (i % shape.x < shape.x / 2) allowed[i] = 0;
  MatchOptions options = quick();
  options.refine = false;
  for (const Match& match :
       match_templates(tomogram_of(map), {{"a", phantom(0)}}, {}, options, allowed, 1, 20, workers.context).matches)
    EXPECT_GT(match.position_voxels.x, 25);
}

TEST(TemplateMatching, RefusesWhatCannotBeMatched) {
  test::Workers workers(1);
  const Map map = tomogram({10, 48, 56}, {}, 1);
  const auto run = [&](const Volume<float>& pattern) {
    return test::message_of<UserError>([&] {
      match_templates(tomogram_of(map), {{"pattern.mrc", pattern}}, {}, quick(), {}, 1, 0, workers.context);
    });
  };
  EXPECT_THAT(run(phantom(0)), testing::AllOf(HasSubstr("pattern.mrc"), HasSubstr("thinnest")));
  EXPECT_THAT(run(Volume<float>(Shape3::cube(8))), HasSubstr("empty"));
  Map bad = tomogram(shape, {}, 1);
  bad.voxels(3, 4, 5) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(test::message_of<IoError>([&] {
                make_search_volume(
                    tomogram_of(bad), 1, 0, [](Vec3) { return 1.0; }, workers.context);
              }),
              HasSubstr("(5, 4, 3)"));
}

}  // namespace
}  // namespace tessera
