// SPDX-License-Identifier: GPL-3.0-or-later
// Lists of Dynamo and AV3. What is written is read here by the formats' own definitions, not by Tessera's readers.
#include "tessera/io/numbered_list.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <sstream>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using test::message_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr double voxel_A = 8;

ParticleSet random_set(int count) {
  Random random(3, "numbered list test");
  ParticleSet set;
  set.optics = {{"one", 32, voxel_A, 300, 2.7, 0.1, {}}};
  set.extra_columns = {"rlnAutopickFigureOfMerit"};
  for (int i = 0; i < count; ++i) {
    Particle& p = set.particles.emplace_back();
    p.particle_from_ref = Rotation::random(random);
    p.shift_A = {random.uniform(-30, 30), random.uniform(-30, 30), random.uniform(-30, 30)};
    p.coordinate = Vec3{random.uniform(1, 900), random.uniform(1, 900), random.uniform(1, 200)};
    p.class_number = 1 + static_cast<int>(random.below(4));
    p.micrograph = i % 2 ? "TS_07.mrc" : "TS_12.mrc";
    p.extra = {fmt::format("{:.6f}", random.uniform())};
  }
  return set;
}

Vec3 turned(Vec3 v, Vec3 axis, double degrees) {  // Rodrigues
  const double a = degrees * M_PI / 180;
  return v * std::cos(a) + axis.cross(v) * std::sin(a) + axis * (axis.dot(v) * (1 - std::cos(a)));
}

// A body without symmetry, of either hand: three unequal, unorthogonal arms.
const std::vector<Vec3> body_A = {{50, 0, 0}, {8, 30, 0}, {-6, 12, 20}};

class NumberedListTest : public test::ScratchFolder {
 protected:
  // Each particle's atoms in the tomogram, in Å, as Tessera means them.
  static std::vector<Vec3> atoms_of(const Particle& p) {
    std::vector<Vec3> out;
    for (const Vec3 atom : body_A) out.push_back(*p.coordinate * voxel_A + p.shift_A + p.particle_from_ref * atom);
    return out;
  }
  static void expect_near(const std::vector<Vec3>& a, const std::vector<Vec3>& b, double tolerance_A) {
    for (size_t i = 0; i < a.size(); ++i) EXPECT_LT((a[i] - b[i]).norm(), tolerance_A);
  }
};

TEST_F(NumberedListTest, DynamoPutsTheBodyWhereItIs) {
  const ParticleSet set = random_set(20);
  write_dynamo_table(path("a.tbl"), numbered_list(set));
  std::istringstream lines(bytes_of(path("a.tbl")));
  std::string line;
  for (const Particle& p : set.particles) {
    ASSERT_TRUE(std::getline(lines, line));
    std::istringstream words(line);
    std::vector<double> column(1);  // counted from 1
    for (double value; words >> value;) column.push_back(value);
    ASSERT_EQ(column.size(), 37U);
    std::vector<Vec3> atoms;
    for (Vec3 atom : body_A) {
      // Clockwise about z by tdrot, about the new x by tilt, about the new z by narot: the turns about new axes are
      // those about fixed axes in reverse order.
      atom = turned(atom, {0, 0, 1}, -column[9]);
      atom = turned(atom, {1, 0, 0}, -column[8]);
      atom = turned(atom, {0, 0, 1}, -column[7]);
      atoms.push_back(Vec3{column[24] + column[4], column[25] + column[5], column[26] + column[6]} * voxel_A + atom);
    }
    expect_near(atoms, atoms_of(p), 1e-3);
    EXPECT_EQ(column[22], p.class_number);
    EXPECT_EQ(column[20], p.micrograph == "TS_07.mrc" ? 7 : 12);
    EXPECT_EQ(column[36], voxel_A);
  }
}

TEST_F(NumberedListTest, Av3PutsTheBodyWhereItIs) {
  const ParticleSet set = random_set(20);
  write_motive_list(path("a.em"), numbered_list(set));
  EXPECT_TRUE(is_motive_list(path("a.em")));
  const std::string bytes = bytes_of(path("a.em"));
  ASSERT_EQ(bytes.size(), 512U + 20 * 20 * 4);
  for (size_t i = 0; i < set.particles.size(); ++i) {
    const auto row = [&](size_t number) {  // counted from 1
      float value = 0;
      std::memcpy(&value, bytes.data() + 512 + 4 * (20 * i + number - 1), 4);
      return static_cast<double>(value);
    };
    std::vector<Vec3> atoms;
    for (Vec3 atom : body_A) {  // tom_rotate by [phi psi theta]: about z, then x, then z
      atom = turned(atom, {0, 0, 1}, row(17));
      atom = turned(atom, {1, 0, 0}, row(19));
      atom = turned(atom, {0, 0, 1}, row(18));
      atoms.push_back(Vec3{row(8) + row(11), row(9) + row(12), row(10) + row(13)} * voxel_A + atom);
    }
    expect_near(atoms, atoms_of(set.particles[i]), 0.01);  // float32
    EXPECT_EQ(row(4), static_cast<double>(i + 1));
    EXPECT_EQ(row(20), set.particles[i].class_number);
  }
}

TEST_F(NumberedListTest, ThereAndBack) {
  const ParticleSet set = random_set(30);
  write_dynamo_table(path("a.tbl"), numbered_list(set));
  write_motive_list(path("a.em"), numbered_list(set));
  for (const NumberedList& list : {read_dynamo_table(path("a.tbl")), read_motive_list(path("a.em"))}) {
    const ParticleSet back = particle_set(list, voxel_A, {}, "a");
    ASSERT_EQ(back.particles.size(), set.particles.size());
    for (size_t i = 0; i < set.particles.size(); ++i) {
      const Particle &p = set.particles[i], &q = back.particles[i];
      EXPECT_LT(angle_between(p.particle_from_ref, q.particle_from_ref), 1e-6);
      EXPECT_LT((p.shift_A - q.shift_A).norm(), 1e-4);
      EXPECT_LT((*p.coordinate - *q.coordinate).norm(), 1e-3);
      EXPECT_EQ(p.class_number, q.class_number);
      EXPECT_NEAR(std::stod(p.extra[0]), std::stod(q.extra[1]), 1e-6);
    }
    const NumberedList again = numbered_list(back);
    for (size_t i = 0; i < set.particles.size(); ++i) {
      EXPECT_EQ(again.particles[i].number, list.particles[i].number);
      EXPECT_EQ(again.particles[i].tomogram, list.particles[i].tomogram);
    }
  }
}

TEST_F(NumberedListTest, PlacesInVoxelsOfTheImages) {  // picked at 4 Å, cut at 8 Å
  ParticleSet set = random_set(1);
  set.extra_optics_columns = {"rlnMicrographPixelSize"};
  set.optics[0].extra = {"4.0"};
  EXPECT_LT((numbered_list(set).particles[0].place_voxels - *set.particles[0].coordinate * 0.5).norm(), 1e-9);
}

TEST_F(NumberedListTest, NumbersNameImages) {
  NumberedList list;
  list.particles.resize(3);
  for (size_t i = 0; i < 3; ++i) list.particles[i].number = 10 + static_cast<int64_t>(i);
  const std::map<int64_t, std::filesystem::path> images = {{10, "a.mrc"}, {12, "c.mrc"}};
  EXPECT_THAT(message_of<IoError>([&] { particle_set(list, 8, images, "x.tbl"); }),
              AllOf(HasSubstr("x.tbl"), HasSubstr("particle 11 has no image"), Not(HasSubstr("particle 12"))));
  list.particles.erase(list.particles.begin() + 1);
  const ParticleSet set = particle_set(list, 8, images, "x.tbl");
  EXPECT_THAT(set.particles[1].image, HasSubstr("c.mrc"));
  EXPECT_FALSE(set.particles[0].coordinate.has_value()) << "the list tells no places";
  list.particles[1].number = 10;
  EXPECT_THAT(message_of<IoError>([&] { particle_set(list, 8, images, "x.tbl"); }),
              HasSubstr("number 10 stands for more than one"));
}

// A row of a table: 26 columns, some given.
std::string row(const std::map<int, std::string>& given, int columns = 26) {
  std::string out;
  for (int i = 1; i <= columns; ++i) out += (given.contains(i) ? given.at(i) : std::string("0")) + " ";
  return out + "\n";
}

TEST_F(NumberedListTest, TablesAsOthersWriteThem) {
  const NumberedList list = read_dynamo_table(
      put("a.tbl", row({{1, "3"}, {4, "1.5+0i"}, {7, "2e1"}, {14, "-60"}, {15, "60"}, {20, "2.0"}, {24, "+7"}}) + "\n" +
                       row({{1, "4"}, {4, "-1e-3-0.0i"}, {12, "NaN"}, {14, "-60"}, {15, "60"}})));
  ASSERT_EQ(list.particles.size(), 2U);
  EXPECT_EQ(list.particles[0].shift_voxels, (Vec3{1.5, 0, 0}));
  EXPECT_EQ(list.particles[1].shift_voxels, (Vec3{-1e-3, 0, 0}));
  EXPECT_EQ(list.particles[0].tomogram, 2);
  EXPECT_EQ(list.particles[0].place_voxels, (Vec3{7, 0, 0}));
  EXPECT_EQ(list.voxel_size_A, 0) << "column 36 is not there";
  ASSERT_TRUE(list.tilt_range_deg.has_value());
  EXPECT_EQ((*list.tilt_range_deg)[0], -60);
}

TEST_F(NumberedListTest, TablesWithFaultsNameEveryLine) {
  const auto file = put("bad.tbl", row({{1, "1"}}) + row({{1, "2"}}, 25) + row({{1, "3"}}, 30) + row({{1, "x"}}) +
                                       row({{1, "1.5"}, {8, "nan"}}) + row({{26, "1+2i"}}));
  EXPECT_THAT(message_of<IoError>([&] { read_dynamo_table(file); }),
              AllOf(HasSubstr("bad.tbl"), HasSubstr("line 2 has 25 columns, fewer than the 26"),
                    HasSubstr("line 3 has 30 columns, the first has 26"), HasSubstr("line 4: column 1 is 'x'"),
                    HasSubstr("line 5: column 1 is 1.5, not a whole number"), HasSubstr("line 5: column 8 is 'nan'"),
                    HasSubstr("line 6: column 26 is '1+2i'"), Not(HasSubstr("line 1"))));
  EXPECT_THAT(message_of<IoError>([&] { read_dynamo_table(put("empty.tbl", "\n")); }), HasSubstr("no particles"));
}

TEST_F(NumberedListTest, OneVoxelSizeToAList) {
  ParticleSet set = random_set(2);
  set.optics.push_back(set.optics[0]);
  set.optics[1].voxel_size_A = 5;
  EXPECT_THAT(message_of<UserError>([&] { numbered_list(set); }), HasSubstr("a list for each"));
}

TEST(ExtraNumber, IsWhatAnExtraColumnHolds) {
  ParticleSet set;
  set.extra_columns = {"a", "b", "c", "d", "e"};
  Particle particle;
  particle.extra = {"1.5", "+2", "+-2", "x"};
  EXPECT_EQ(extra_number(set, particle, "a"), 1.5);
  EXPECT_EQ(extra_number(set, particle, "b"), 2);
  for (const char* none : {"c", "d", "e", "f"}) EXPECT_FALSE(extra_number(set, particle, none)) << none;
  EXPECT_EQ(extra_text(set, particle, "d"), "x");
  EXPECT_EQ(extra_text(set, particle, "e"), "");
}

}  // namespace
}  // namespace tessera
