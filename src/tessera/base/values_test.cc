// SPDX-License-Identifier: GPL-3.0-or-later
// The small value types: described options, vectors, matrices, shapes, aligned storage, units.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

#include "tessera/base/describe.h"
#include "tessera/base/random.h"
#include "tessera/base/shape.h"
#include "tessera/base/units.h"
#include "tessera/base/vec3.h"

namespace tessera {
namespace {

struct EveryKind {
  bool flag = true;
  int count = -3;
  double length_A = 0.1;
  std::string name = "Å \"quoted\"\n";
  std::optional<double> absent, present = 2.5;
  std::vector<double> numbers = {1.0 / 3, -0.0, 1e300};
  std::vector<int> integers = {};
  std::vector<std::string> names = {"a", ""};
  std::array<double, 2> range = {-60, 60};
  uint64_t seed = std::numeric_limits<uint64_t>::max();

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"flag", "", "A flag", "Group"}, flag);
    visit(Option{"count", "voxels", "A count", "Group"}, count);
    visit(Option{"length", "Å", "A length", "Group"}, length_A);
    visit(Option{"name", "", "A name", "Group"}, name);
    visit(Option{"absent", "Å", "Not given", "Group"}, absent);
    visit(Option{"present", "Å", "Given", "Group"}, present);
    visit(Option{"numbers", "Å", "Numbers", "Group"}, numbers);
    visit(Option{"integers", "", "Integers", "Group"}, integers);
    visit(Option{"names", "", "Names", "Group"}, names);
    visit(Option{"range", "degrees", "A range", "Group"}, range);
    visit(Option{"seed", "", "A seed", "Group"}, seed);
  }
};

TEST(Describe, EveryKindOfFieldComesBackFromText) {
  const EveryKind options;
  const auto json = nlohmann::ordered_json::parse(options_json(options).dump());
  ASSERT_EQ(json.size(), 11u);
  EXPECT_EQ(json["flag"].get<bool>(), options.flag);
  EXPECT_EQ(json["count"].get<int>(), options.count);
  EXPECT_EQ(json["length"].get<double>(), options.length_A);  // shortest text that reads back to the same bits
  EXPECT_EQ(json["name"].get<std::string>(), options.name);
  EXPECT_TRUE(json["absent"].is_null());
  EXPECT_EQ(json["present"].get<double>(), 2.5);
  EXPECT_EQ(json["numbers"].get<std::vector<double>>(), options.numbers);
  EXPECT_EQ(json["integers"].get<std::vector<int>>(), options.integers);
  EXPECT_TRUE(json["integers"].is_array());
  EXPECT_EQ(json["names"].get<std::vector<std::string>>(), options.names);
  EXPECT_EQ((json["range"].get<std::array<double, 2>>()), options.range);
  EXPECT_EQ(json["seed"].get<uint64_t>(), options.seed);
}

TEST(Describe, FieldsKeepTheirOrder) {
  const auto json = options_json(EveryKind());
  const char* wanted[] = {"flag",    "count",    "length", "name",  "absent", "present",
                          "numbers", "integers", "names",  "range", "seed"};
  size_t i = 0;
  for (const auto& item : json.items()) EXPECT_EQ(item.key(), wanted[i++]);
}

TEST(Units, AreWhatTheySay) {
  EXPECT_DOUBLE_EQ(180 * degree, pi);
  EXPECT_DOUBLE_EQ(std::cos(60 * degree), 0.5);
  EXPECT_EQ(micrometre_A * 1e3, millimetre_A);
  EXPECT_EQ(micrometre_A, 1e4);
}

Vec3 random_vector(Random& random) {
  return {random.normal(), random.normal(), random.normal()};
}

Mat3 random_matrix(Random& random) {
  Mat3 out;
  for (auto& row : out.m)
    for (double& value : row) value = random.normal();
  return out;
}

void expect_near(Vec3 a, Vec3 b, double tolerance) {
  EXPECT_NEAR(a.x, b.x, tolerance);
  EXPECT_NEAR(a.y, b.y, tolerance);
  EXPECT_NEAR(a.z, b.z, tolerance);
}

// Rounding of sums of a few products of order one.
constexpr double kRounding = 1e-13;

TEST(Vec3, CrossAndDotAreThoseOfARightHandedSpace) {
  EXPECT_EQ((Vec3{1, 0, 0}.cross({0, 1, 0})), (Vec3{0, 0, 1}));
  EXPECT_EQ((Vec3{0, 1, 0}.cross({0, 0, 1})), (Vec3{1, 0, 0}));
  Random random(1, "vectors");
  for (int i = 0; i < 100; ++i) {
    const Vec3 a = random_vector(random), b = random_vector(random), c = random_vector(random);
    expect_near(a.cross(b), -b.cross(a), kRounding);
    EXPECT_NEAR(a.cross(b).dot(a), 0, kRounding * a.dot(a) * (1 + b.norm()));
    expect_near(a.cross(b.cross(c)), b * a.dot(c) - c * a.dot(b), 100 * kRounding);  // Lagrange
    const double square = a.dot(a) * b.dot(b) - a.dot(b) * a.dot(b);
    EXPECT_NEAR(a.cross(b).dot(a.cross(b)), square, 1e-12 * (1 + a.dot(a) * b.dot(b)));
    EXPECT_DOUBLE_EQ(a.norm(), std::sqrt(a.x * a.x + a.y * a.y + a.z * a.z));
    Vec3 sum = a;
    sum += b;
    EXPECT_EQ(sum, a + b);
    expect_near(sum - b, a, kRounding);
  }
}

TEST(Mat3, ProductsAreAppliedRightToLeft) {
  Random random(2, "matrices");
  for (int i = 0; i < 100; ++i) {
    const Mat3 a = random_matrix(random), b = random_matrix(random);
    const Vec3 v = random_vector(random), w = random_vector(random);
    expect_near((a * b) * v, a * (b * v), 50 * kRounding);
    expect_near(Mat3() * v, v, 0);
    EXPECT_NEAR(w.dot(a * v), (a.transposed() * w).dot(v), 50 * kRounding);
    expect_near((a * b).transposed() * v, b.transposed() * (a.transposed() * v), 50 * kRounding);
    expect_near(a * Vec3{0, 1, 0}, {a.m[0][1], a.m[1][1], a.m[2][1]}, 0);  // columns are images of the axes
  }
}

TEST(Shape3, CountsAndCompares) {
  EXPECT_EQ((Shape3{2, 3, 5}).count(), 30);
  EXPECT_EQ((Shape3{5000, 5000, 5000}).count(), 125000000000);  // beyond 32 bits
  EXPECT_TRUE(Shape3::cube(4).is_cube());
  EXPECT_FALSE((Shape3{4, 4, 5}).is_cube());
  EXPECT_FALSE((Shape3{5, 4, 4}).is_cube());
  EXPECT_NE((Shape3{1, 2, 3}), (Shape3{3, 2, 1}));
}

TEST(AlignedVector, StartsOnACacheLineHoweverItGrew) {
  for (size_t size = 1; size < 200; size += 7) {
    AlignedVector<float> values(size, 1.5f);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(values.data()) % 64, 0u);
    for (int i = 0; i < 50; ++i) values.push_back(2.5f);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(values.data()) % 64, 0u);
    const AlignedVector<float> copy = values;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(copy.data()) % 64, 0u);
    EXPECT_EQ(copy, values);
    AlignedVector<char> bytes(size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0u);
  }
}

}  // namespace
}  // namespace tessera
