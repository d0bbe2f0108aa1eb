// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/product_membrane.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "tessera/base/units.h"
#include "tessera/simulate/soft_shapes.h"

namespace tessera {
namespace {

TEST(ProductMembrane, AVesicleIsClosedAndFacesOutwards) {
  Random random(2, "vesicle");
  const SceneMembrane vesicle = undulating_vesicle(500, 40, {}, random);
  std::map<std::pair<int32_t, int32_t>, int> edges;
  double area = 0, volume = 0;
  for (const auto& t : vesicle.triangles) {
    for (int k = 0; k < 3; ++k) ++edges[{t[k], t[(k + 1) % 3]}];
    const Vec3 a = vesicle.nodes_A[t[0]], b = vesicle.nodes_A[t[1]], c = vesicle.nodes_A[t[2]];
    const Vec3 normal = (b - a).cross(c - a);
    EXPECT_GT(normal.dot(a + b + c), 0);
    area += normal.norm() / 2;
    volume += a.dot(b.cross(c)) / 6;
  }
  // Each edge once in each direction: closed and oriented; Euler's number of a sphere.
  for (const auto& [edge, count] : edges) {
    EXPECT_EQ(count, 1);
    EXPECT_EQ(edges.count({edge.second, edge.first}), 1u);
  }
  EXPECT_EQ(static_cast<int64_t>(vesicle.nodes_A.size()) - static_cast<int64_t>(edges.size()) / 2 +
                static_cast<int64_t>(vesicle.triangles.size()),
            2);
  // Undulations of κ = 20 kT change area and volume by a few percent.
  EXPECT_NEAR(area / (4 * pi * 500 * 500), 1, 0.1);
  EXPECT_NEAR(volume / (4 * pi / 3 * 500 * 500 * 500), 1, 0.15);
}

// ⟨a_lm²⟩ = kT/(κ (l−1) l (l+1) (l+2)), so the mean square of (r/R − 1) over the sphere is Σ (2l+1)/(4π) ⟨a²⟩.
TEST(ProductMembrane, UndulatesAsMuchAsTheTheorySays) {
  for (const double modulus : {10.0, 40.0}) {
    double expected = 0;
    for (int l = 2; l <= 6; ++l) expected += (2 * l + 1) / (4 * pi) / (modulus * (l - 1) * l * (l + 1) * (l + 2));
    double sum = 0;
    constexpr int vesicles = 200;
    for (int i = 0; i < vesicles; ++i) {
      Random random(3, "vesicles", static_cast<uint64_t>(i));
      const SceneMembrane vesicle = undulating_vesicle(300, 40, {modulus, 150}, random);
      double mean = 0;
      for (const Vec3& node : vesicle.nodes_A) mean += std::pow(node.norm() / 300 - 1, 2);
      sum += mean / static_cast<double>(vesicle.nodes_A.size());
    }
    // Five modes of l = 2 carry most of it: a relative error of √(2/5/200) = 4.5 %; three of those.
    EXPECT_NEAR(sum / vesicles / expected, 1, 0.15);
  }
  // A square sheet of edge L: ⟨h²⟩ = kT/(κ L²) Σ q⁻⁴ over the modes, q and −q both counted.
  double lattice = 0;
  for (int m = -4; m <= 4; ++m)
    for (int n = -4; n <= 4; ++n)
      if (m || n) lattice += 1 / std::pow(m * m + n * n, 2);
  const double expected = 1000.0 * 1000 / (20 * std::pow(2 * pi, 4)) * lattice;
  double sum = 0;
  constexpr int sheets = 200;
  for (int i = 0; i < sheets; ++i) {
    Random random(4, "sheets", static_cast<uint64_t>(i));
    const SceneMembrane sheet = undulating_sheet({1000, 1000}, 40, {20, 100}, random);
    double mean = 0;
    int64_t inner = 0;  // the last row and column repeat the first
    for (size_t k = 0; k < sheet.nodes_A.size(); ++k)
      if (k % 11 != 10 && k / 11 != 10) {
        mean += sheet.nodes_A[k].z * sheet.nodes_A[k].z;
        ++inner;
      }
    sum += mean / static_cast<double>(inner);
  }
  EXPECT_NEAR(sum / sheets / expected, 1, 0.2);
}

TEST(ProductMembrane, ItsVoxelsAreThoseNearTheSurface) {
  Random random(5, "voxels");
  SceneMembrane vesicle = undulating_vesicle(120, 30, {20, 60}, random);
  place_membrane(vesicle, Rotation::random(random), {155, 160, 165});
  const Shape3 shape{34, 32, 33};
  std::set<int64_t> actual;
  ASSERT_TRUE(visit_membrane_voxels(vesicle, shape, 10, 5, [&](int64_t i) { actual.insert(i); }));
  for (int64_t i = 0; i < shape.count(); ++i) {
    const Vec3 p{static_cast<double>(i % 33) * 10, static_cast<double>(i / 33 % 32) * 10,
                 static_cast<double>(i / (33 * 32)) * 10};
    double nearest = 1e9;
    for (const auto& t : vesicle.triangles)
      nearest = std::min(nearest,
                         distance_to_triangle(p, vesicle.nodes_A[t[0]], vesicle.nodes_A[t[1]], vesicle.nodes_A[t[2]]));
    EXPECT_EQ(actual.count(i) > 0, nearest <= 20) << i;
  }
  place_membrane(vesicle, Rotation(), {-60, 0, 0});
  EXPECT_FALSE(visit_membrane_voxels(vesicle, shape, 10, 0, [](int64_t) {}));
}

TEST(ProductMembrane, SamplesByArea) {
  SceneMembrane two{
      "sheet", {{0, 0, 0}, {3, 0, 0}, {0, 2, 0}, {0, 0, 5}, {1, 0, 5}, {0, 2, 5}}, {{0, 1, 2}, {3, 4, 5}}, 1};
  const MembraneSampler sampler(two);
  EXPECT_DOUBLE_EQ(sampler.area_A2(), 4);
  Random random(6, "sampler");
  int low = 0;
  Vec3 mean;
  constexpr int draws = 20000;
  for (int i = 0; i < draws; ++i) {
    const auto point = sampler.draw(random);
    EXPECT_NEAR((point.normal - Vec3{0, 0, 1}).norm(), 0, 1e-12);
    if (point.position_A.z > 1) continue;
    ++low;
    mean += point.position_A;
  }
  EXPECT_NEAR(low / static_cast<double>(draws), 0.75, 0.01);  // three standard deviations
  EXPECT_NEAR(mean.x / low, 1, 0.02);                         // the centroid
  EXPECT_NEAR(mean.y / low, 2.0 / 3, 0.015);
}

}  // namespace
}  // namespace tessera
