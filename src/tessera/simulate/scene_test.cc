// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/scene.h"

#include <gmock/gmock.h>

#include <limits>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Scene sample() {
  Random random(7, "scene test");
  const auto point = [&] { return Vec3{random.uniform(0, 500), random.uniform(0, 500), random.uniform(0, 300)}; };
  Scene scene;
  scene.box_A = {505, 500, 1.0 / 3 * 900};
  scene.voxel_size_A = 10;
  scene.seed = std::numeric_limits<uint64_t>::max();
  scene.mode = "paper";
  scene.species = {{"groel", "/data/a \"quoted\" é.pdb", "biological", 801.5, 90.25, 3, 2},
                   {"dot", "", "", 0, 0, 0, 0}};
  for (int i = 0; i < 20; ++i) {
    scene.bodies.push_back({i % 2, point(), Rotation::random(random), i % 3 - 1 > 0 ? 0 : -1, i == 4 ? 0 : -1});
    scene.balls.push_back({point(), random.uniform(10, 60), i, -1, -1});
  }
  scene.balls.push_back({point(), 20, -1, 0, -1});
  scene.filaments = {{"actin", {point(), point(), point()}, 20, 1}, {"tube", {point(), point()}, 3, -1}};
  scene.membranes = {{"sheet", {point(), point(), point(), point()}, {{0, 1, 2}, {2, 3, 0}}, 40}};
  return scene;
}

void expect_same(const Scene& a, const Scene& b) {
  EXPECT_EQ(a.box_A, b.box_A);
  EXPECT_EQ(a.voxel_size_A, b.voxel_size_A);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.mode, b.mode);
  ASSERT_EQ(a.species.size(), b.species.size());
  for (size_t i = 0; i < a.species.size(); ++i) {
    EXPECT_EQ(a.species[i].structure, b.species[i].structure);
    EXPECT_EQ(a.species[i].assembly, b.species[i].assembly);
    EXPECT_EQ(a.species[i].mass_kDa, b.species[i].mass_kDa);
    EXPECT_EQ(a.species[i].requested, b.species[i].requested);
  }
  ASSERT_EQ(a.bodies.size(), b.bodies.size());
  for (size_t i = 0; i < a.bodies.size(); ++i) {
    EXPECT_EQ(a.bodies[i].position_A, b.bodies[i].position_A);
    EXPECT_EQ(a.bodies[i].species, b.bodies[i].species);
    EXPECT_EQ(a.bodies[i].filament, b.bodies[i].filament);
    EXPECT_EQ(a.bodies[i].membrane, b.bodies[i].membrane);
    EXPECT_LT(angle_between(a.bodies[i].scene_from_ref, b.bodies[i].scene_from_ref), 1e-7);  // √ of double precision
  }
  ASSERT_EQ(a.balls.size(), b.balls.size());
  for (size_t i = 0; i < a.balls.size(); ++i) {
    EXPECT_EQ(a.balls[i].position_A, b.balls[i].position_A);
    EXPECT_EQ(a.balls[i].radius_A, b.balls[i].radius_A);
    EXPECT_EQ(a.balls[i].body, b.balls[i].body);
    EXPECT_EQ(a.balls[i].filament, b.balls[i].filament);
  }
  ASSERT_EQ(a.filaments.size(), b.filaments.size());
  for (size_t i = 0; i < a.filaments.size(); ++i) EXPECT_EQ(a.filaments[i].nodes_A, b.filaments[i].nodes_A);
  ASSERT_EQ(a.membranes.size(), b.membranes.size());
  EXPECT_EQ(a.membranes[0].triangles, b.membranes[0].triangles);
  EXPECT_EQ(a.membranes[0].nodes_A, b.membranes[0].nodes_A);
}

std::string read_error(const std::filesystem::path& path) {
  try {
    read_scene(path);
  } catch (const IoError& error) {
    return error.what();
  }
  return "no error";
}

using SceneFiles = test::ScratchFolder;

TEST_F(SceneFiles, RoundTripKeepsEveryNumber) {
  const Scene scene = sample();
  write_scene(path("scene.json"), scene);
  expect_same(read_scene(path("scene.json")), scene);
  expect_same(read_scene(folder_), scene);
}

TEST(Scene, ShapeRoundsTheBox) {
  EXPECT_EQ(sample().shape(), (Shape3{30, 50, 51}));  // 505 Å → 50.5 → 51 voxels along x
}

TEST_F(SceneFiles, EveryFaultIsNamedAtOnce) {
  Scene scene = sample();
  scene.bodies[3].species = 9;
  scene.balls[2].radius_A = 0;
  scene.membranes[0].triangles[1] = {0, 1, 4};
  scene.voxel_size_A = -1;
  Faults faults;
  add_scene_faults(scene, faults);
  EXPECT_EQ(faults.size(), 4u);
  EXPECT_THAT(faults.text("x"), AllOf(HasSubstr("bodies[3].species is 9"), HasSubstr("balls[2].radius_A"),
                                      HasSubstr("membranes[0].triangles is 4"), HasSubstr("voxel_size_A")));
  EXPECT_THROW(write_scene(path("scene.json"), scene), UserError);
  EXPECT_FALSE(std::filesystem::exists(path("scene.json")));
}

TEST_F(SceneFiles, SpoiltFilesSayWhere) {
  const auto file = path("scene.json");
  write_scene(file, sample());
  const std::string sound = read_text_file(file);
  const auto spoilt = [&](const std::string& what, const std::string& by) {
    std::string text = sound;
    text.replace(text.find(what), what.size(), by);
    write_text_file(file, text);
    return read_error(file);
  };
  EXPECT_THAT(spoilt("\"placed\":2", "\"placed\":\"two\""), HasSubstr("species[0].placed must be a number"));
  EXPECT_THAT(spoilt("\"placed\":2", "\"placed\":2.5"), HasSubstr("species[0].placed must be a whole number"));
  EXPECT_THAT(spoilt("\"species\":0", "\"specie\":0"), HasSubstr("bodies[0].species is missing"));
  EXPECT_THAT(spoilt("\"quaternion_wxyz\":[", "\"quaternion_wxyz\":[3,"), HasSubstr("bodies[0].quaternion_wxyz"));
  EXPECT_THAT(spoilt("tessera scene 1", "tessera scene 7"), HasSubstr("tessera scene 7"));
  EXPECT_THAT(spoilt("\"balls\": [", "\"balls\": 3, \"x\": ["), HasSubstr("balls must be an array"));
  EXPECT_THAT(spoilt("{", "["), HasSubstr("not JSON"));
  EXPECT_THAT(read_error(path("none.json")), HasSubstr("none.json"));
}

}  // namespace
}  // namespace tessera
