// SPDX-License-Identifier: GPL-3.0-or-later
// Which structures are in one another's way.
#include "tessera/pick/template_body.h"

#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using testing::ElementsAre;

constexpr int64_t edge = 24;

// Where `inside` says so: 2 at the centre, falling outwards.
Volume<float> solid(const std::function<bool(Vec3)>& inside) {
  Volume<float> out(Shape3::cube(edge));
  for (int64_t z = 0, i = 0; z < edge; ++z)
    for (int64_t y = 0; y < edge; ++y)
      for (int64_t x = 0; x < edge; ++x, ++i)
        if (const Vec3 p{double(x - edge / 2), double(y - edge / 2), double(z - edge / 2)}; inside(p))
          out[i] = static_cast<float>(2 - 0.05 * p.norm());
  return out;
}

Volume<float> ball(double radius) {
  return solid([radius](Vec3 p) { return p.norm() <= radius; });
}

// Along z.
Volume<float> rod() {
  return solid([](Vec3 p) { return std::hypot(p.x, p.y) <= 2.5 && std::abs(p.z) <= 9; });
}

TEST(TemplateBody, HoldsTheDensestNineTenths) {
  Volume<float> map = ball(5);
  int64_t inside = 0;
  for (const float v : map) inside += v > 0;
  for (float& v : map) v = std::max(v, 1e-3F);  // a faint haze is left out
  map(0, 0, 0) = 100;                           // and so is what lies beyond the radius
  const TemplateBody body(map, 11);
  EXPECT_LE(body.voxels(), inside);
  EXPECT_GE(body.voxels(), 0.85 * double(inside));
  EXPECT_LE(body.radius_voxels(), 5.5);
  EXPECT_FALSE(body.holds({6, 0, 0}));
  EXPECT_FALSE(body.holds({-12, -12, -12}));
  EXPECT_FALSE(body.holds({100, 0, 0}));
  EXPECT_THROW(TemplateBody(Volume<float>(Shape3::cube(4)), 2), UserError);
}

// Two balls share a lens: π (2r − d)² (d² + 4 d r)/(12 d).
TEST(TemplateBody, SharesTheLensOfTwoBalls) {
  const TemplateBody body(ball(8), 11);
  Random random(1, "bodies", 0);
  const double r = std::cbrt(static_cast<double>(body.voxels()) * 3 / (4 * pi));
  for (const double d : {3.0, 6.0, 10.0}) {
    const Rotation one = Rotation::random(random), other = Rotation::random(random);
    const Vec3 way = Rotation::random(random) * Vec3{0, 0, d};
    const double lens = pi * std::pow(2 * r - d, 2) * (d * d + 4 * d * r) / (12 * d);
    // Voxels that the surfaces cut count whole or not at all.
    EXPECT_NEAR(body.shared({7, 5, 3}, one, body, Vec3{7, 5, 3} + way, other), lens, 0.05 * lens + 20) << d;
  }
  EXPECT_EQ(body.shared({0, 0, 0}, {}, body, {17, 0, 0}, {}), 0);
}

// Rods side by side or crossed: the pose decides, not the distance alone.
TEST(TemplateBody, RodsLieSideBySideButDoNotCross) {
  const std::vector<TemplateBody> bodies = {TemplateBody(rod(), 11)};
  const Rotation along_x = Rotation::about_axis({0, 1, 0}, 90 * degree);
  const Vec3 at{20, 20, 20};
  EXPECT_THAT(take_apart({{at, {}, 0}, {at + Vec3{6, 0, 0}, {}, 0}}, bodies, 0.1), ElementsAre(0, 1));
  EXPECT_THAT(take_apart({{at, {}, 0}, {at + Vec3{6, 0, 0}, along_x, 0}}, bodies, 0.1), ElementsAre(0));
  EXPECT_THAT(take_apart({{at, {}, 0}, {at + Vec3{12, 0, 0}, along_x, 0}}, bodies, 0.1), ElementsAre(0, 1));
  EXPECT_THAT(take_apart({{at, {}, 0}, {at + Vec3{0, 0, 10}, {}, 0}}, bodies, 0.1), ElementsAre(0));
  EXPECT_THAT(take_apart({{at, {}, 0}, {at + Vec3{0, 0, 10}, {}, 0}}, bodies, 0.6), ElementsAre(0, 1));
}

// A small one counts by its own volume, a large one that covers several small ones by all of them.
TEST(TemplateBody, SharesOfTheSmallerAndOfAllTogether) {
  const std::vector<TemplateBody> bodies = {TemplateBody(ball(9), 11), TemplateBody(ball(4), 11)};
  const Vec3 at{20, 20, 20};
  EXPECT_THAT(take_apart({{at, {}, 0}, {at + Vec3{6, 0, 0}, {}, 1}}, bodies, 0.2), ElementsAre(0));
  EXPECT_THAT(take_apart({{at + Vec3{6, 0, 0}, {}, 1}, {at, {}, 0}}, bodies, 0.2), ElementsAre(0));
  std::vector<PlacedBody> six;
  for (const Vec3 way : {Vec3{1, 0, 0}, Vec3{-1, 0, 0}, Vec3{0, 1, 0}, Vec3{0, -1, 0}, Vec3{0, 0, 1}, Vec3{0, 0, -1}})
    six.push_back({at + way * 10, {}, 1});  // each shares four tenths of itself and 3 % of the large one
  std::vector<PlacedBody> all = six;
  all.push_back({at, {}, 0});
  EXPECT_EQ(take_apart(six, bodies, 0.5).size(), 6U);
  EXPECT_EQ(take_apart(all, bodies, 0.5).size(), 7U);
  EXPECT_EQ(take_apart(all, bodies, 0.1).size(), 6U);
}

// The result is that of looking at all pairs, whatever cells they fall into.
TEST(TemplateBody, AgreesWithAllPairs) {
  const std::vector<TemplateBody> bodies = {TemplateBody(ball(5), 11), TemplateBody(rod(), 11)};
  Random random(4, "pairs of bodies", 0);
  std::vector<PlacedBody> placed;
  for (int i = 0; i < 150; ++i)
    placed.push_back({{random.uniform(-30, 30), random.uniform(0, 60), random.uniform(100, 130)},
                      Rotation::random(random),
                      static_cast<int32_t>(i % 2)});
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < std::ssize(placed); ++i) {
    const auto shared = [&](int64_t j) {
      return static_cast<double>(bodies[placed[i].body].shared(placed[i].centre_voxels, placed[i].turned,
                                                               bodies[placed[j].body], placed[j].centre_voxels,
                                                               placed[j].turned));
    };
    bool free = true;
    double all = 0;
    for (const int64_t j : expected) {
      all += shared(j);
      free =
          free && shared(j) <= 0.2 * double(std::min(bodies[placed[i].body].voxels(), bodies[placed[j].body].voxels()));
    }
    if (free && all <= 0.2 * double(bodies[placed[i].body].voxels())) expected.push_back(i);
  }
  EXPECT_EQ(take_apart(placed, bodies, 0.2), expected);
  EXPECT_GT(expected.size(), 20U);
  EXPECT_LT(expected.size(), 120U);
}

}  // namespace
}  // namespace tessera
