// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/annotation.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
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

ParticleSet random_set(int count) {
  Random random(4, "annotation test");
  ParticleSet set;
  set.optics = {{"one", 0, 10, 300, 2.7, 0.1, {}}};
  set.extra_columns = {score_column};
  for (int i = 0; i < count; ++i) {
    Particle& p = set.particles.emplace_back();
    p.particle_from_ref = Rotation::random(random);
    p.shift_A = {random.uniform(-9, 9), random.uniform(-9, 9), random.uniform(-9, 9)};
    p.coordinate = Vec3{random.uniform(0, 900), random.uniform(0, 900), random.uniform(0, 200)};
    p.micrograph = "TS_1.mrc";
    p.extra = {"0.500000"};
  }
  return set;
}

// Row-major matrix times a vector, from the file's own numbers.
Vec3 times(const nlohmann::json& m, Vec3 v) {
  const auto row = [&](size_t i) {
    return m[i][0].get<double>() * v.x + m[i][1].get<double>() * v.y + m[i][2].get<double>() * v.z;
  };
  return {row(0), row(1), row(2)};
}
Vec3 vector_of(const nlohmann::json& v) {
  return {v["x"].get<double>(), v["y"].get<double>(), v["z"].get<double>()};
}

class AnnotationTest : public test::ScratchFolder {};

TEST_F(AnnotationTest, CopickIsInAngstromFromTheCorner) {
  const ParticleSet set = random_set(10);
  write_copick(path("picks.json"), set);
  const auto json = nlohmann::json::parse(bytes_of(path("picks.json")));
  EXPECT_EQ(json["run_name"], "TS_1");
  EXPECT_EQ(json["unit"], "angstrom");
  const Vec3 arm{8, 30, -6};
  for (size_t i = 0; i < 10; ++i) {
    const Particle& p = set.particles[i];
    const auto& point = json["points"][i];
    EXPECT_LT((vector_of(point["location"]) - *p.coordinate * 10 - p.shift_A).norm(), 1e-9);
    EXPECT_LT((times(point["transformation_"], arm) - p.particle_from_ref * arm).norm(), 1e-9);
    EXPECT_EQ(point["transformation_"][3], nlohmann::json({0.0, 0.0, 0.0, 1.0}));
    EXPECT_EQ(point["score"], 0.5);
  }
  const ParticleSet back = read_copick(path("picks.json"), 5);  // counted in other voxels
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_LT((*back.particles[i].coordinate * 5 - vector_of(json["points"][i]["location"])).norm(), 1e-9);
    EXPECT_LT(angle_between(back.particles[i].particle_from_ref, set.particles[i].particle_from_ref), 1e-6);
    EXPECT_EQ(back.particles[i].micrograph, "TS_1");
  }
}

TEST_F(AnnotationTest, PortalIsInVoxels) {
  const ParticleSet set = random_set(10);
  write_portal(path("points.ndjson"), set);
  std::istringstream lines(bytes_of(path("points.ndjson")));
  const Vec3 arm{8, 30, -6};
  std::string line;
  for (const Particle& p : set.particles) {
    ASSERT_TRUE(std::getline(lines, line));
    const auto point = nlohmann::json::parse(line);
    EXPECT_LT((vector_of(point["location"]) - *p.coordinate - p.shift_A * 0.1).norm(), 1e-9);
    EXPECT_LT((times(point["xyz_rotation_matrix"], arm) - p.particle_from_ref * arm).norm(), 1e-9);
  }
  const ParticleSet back = read_portal(path("points.ndjson"), 10);
  ASSERT_EQ(back.particles.size(), 10U);
  EXPECT_LT(angle_between(back.particles[9].particle_from_ref, set.particles[9].particle_from_ref), 1e-6);
}

TEST_F(AnnotationTest, PointsWithoutPoses) {
  const auto plain = read_portal(put("p.ndjson", "{\"type\":\"point\",\"location\":{\"x\":1,\"y\":2,\"z\":3}}"), 8);
  EXPECT_EQ(*plain.particles.at(0).coordinate, (Vec3{1, 2, 3}));
  const auto shifted = read_copick(
      put("c.json",
          "{\"points\":[{\"location\":{\"x\":80,\"y\":0,\"z\":0},\"transformation_\":[[0,-1,0,4],[1,0,0,5],[0,0,1,6],"
          "[0,0,0,1]]},{\"location\":{\"x\":8,\"y\":0,\"z\":0},\"transformation_\":null}]}"),
      8);
  EXPECT_EQ(shifted.particles.at(0).shift_A, (Vec3{4, 5, 6}));
  EXPECT_LT((shifted.particles[0].particle_from_ref * Vec3{1, 0, 0} - Vec3{0, 1, 0}).norm(), 1e-12);
  EXPECT_EQ(*shifted.particles[1].coordinate, (Vec3{1, 0, 0}));
}

TEST_F(AnnotationTest, FaultsAreNamedPointByPoint) {
  const auto file = put("bad.json",
                        "{\"points\":[{\"location\":{\"x\":1,\"y\":2,\"z\":3}},{\"location\":{\"x\":1,\"y\":\"2\"}},7,"
                        "{\"location\":{\"x\":1,\"y\":2,\"z\":3},\"transformation_\":[[1,0,0,0],[0,1,0,0],[0,0,-1,0],"
                        "[0,0,0,1]]},{\"location\":{\"x\":1,\"y\":2,\"z\":3},\"transformation_\":[[1,0],[0,1]]}]}");
  EXPECT_THAT(message_of<IoError>([&] { read_copick(file, 8); }),
              AllOf(HasSubstr("bad.json"), Not(HasSubstr("point 1:")), HasSubstr("point 2: y is missing or no number"),
                    HasSubstr("point 3: location is missing"), HasSubstr("point 4: its matrix is no rotation"),
                    HasSubstr("point 5: its matrix is not 4 × 4 numbers")));
  EXPECT_THAT(message_of<IoError>([&] { read_copick(put("e.json", "{}"), 8); }), HasSubstr("has no \"points\""));
  EXPECT_THAT(message_of<IoError>([&] { read_copick(put("e.json", "{\"points\":[]}"), 8); }), HasSubstr("no points"));
  EXPECT_THAT(message_of<IoError>([&] { read_portal(put("e.ndjson", "{\"location\":{\"x\":1,"), 8); }),
              HasSubstr("line 1 is not JSON"));
  EXPECT_THAT(message_of<IoError>([&] { read_copick(put("e.json", "3e7177"), 8); }), HasSubstr("number overflow"));
}

TEST_F(AnnotationTest, WhatTheyCannotHold) {
  ParticleSet set = random_set(2);
  set.particles[1].micrograph = "other";
  EXPECT_THAT(message_of<UserError>([&] { write_portal(path("a.ndjson"), set); }), HasSubstr("2 tomograms"));
  set.particles[1].coordinate.reset();
  EXPECT_THAT(message_of<UserError>([&] { write_copick(path("a.json"), set); }), HasSubstr("the list has none"));
}

}  // namespace
}  // namespace tessera
