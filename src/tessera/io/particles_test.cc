// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/particles.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "tessera/base/errors.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class ParticlesTest : public test::ScratchFolder {
 protected:
  ParticleSet read(const std::string& text) const { return read_particles(put("list.star", text)); }
  std::string refusal(const std::string& text) const {
    const auto file = put("bad.star", text);
    const std::string message = message_of<IoError>([&] { read_particles(file); });
    EXPECT_THAT(message, HasSubstr("bad.star"));
    return message;
  }
};

const std::string optics_text =
    "data_optics\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n_rlnImageSize\n_rlnVoltage\n1 4 32 200\n3 6.5 64 300\n";

double angle_deg(const Rotation& a, const Rotation& b) {
  return angle_between(a, b) * 180 / std::numbers::pi;
}

ParticleSet random_set(uint64_t seed, int count) {
  Random random(seed, "particles test");
  ParticleSet set;
  set.optics = {{"first", 32, 4.25, 200, 2.7, 0.07, {"x"}}, {"second", 64, 6, 300, 0.01, 0.1, {"y"}}};
  set.optics[1].ctf_premultiplied = seed % 2 == 1;
  set.extra_optics_columns = {"rlnMtfFileName"};
  set.extra_columns = {"rlnTomoName", "rlnNote"};
  for (int i = 0; i < count; ++i) {
    Particle& p = set.particles.emplace_back();
    p.image = "sub/particle " + std::to_string(i) + ".mrc";
    p.weight = i % 2 ? "wedge.mrc" : "other.mrc";
    p.optics_group = static_cast<int>(random.below(2));
    p.half = 1 + static_cast<int>(random.below(2));
    p.class_number = 1 + static_cast<int>(random.below(5));
    p.particle_from_ref = Rotation::random(random);
    p.shift_A = {random.uniform(-50, 50), random.uniform(-50, 50), random.uniform(-50, 50)};
    p.log_likelihood = random.uniform(-1e6, 0);
    p.probability = random.uniform();
    p.micrograph = "tomogram_7";
    p.coordinate = Vec3{random.uniform(0, 900), random.uniform(0, 900), random.uniform(0, 200)};
    p.extra = {"TS_" + std::to_string(i), "it's two words"};
  }
  return set;
}

TEST_F(ParticlesTest, RoundTrip) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const ParticleSet set = random_set(seed, 30);
    write_particles(path("a.star"), set);
    const ParticleSet back = read_particles(path("a.star"));
    ASSERT_EQ(back.particles.size(), 30u);
    EXPECT_EQ(back.directory, folder_);
    EXPECT_EQ(back.extra_columns, set.extra_columns);
    EXPECT_EQ(back.extra_optics_columns, set.extra_optics_columns);
    for (size_t g = 0; g < 2; ++g) {
      EXPECT_EQ(back.optics[g].name, set.optics[g].name);
      EXPECT_EQ(back.optics[g].box, set.optics[g].box);
      EXPECT_EQ(back.optics[g].voxel_size_A, set.optics[g].voxel_size_A);
      EXPECT_EQ(back.optics[g].voltage_kV, set.optics[g].voltage_kV);
      EXPECT_EQ(back.optics[g].cs_mm, set.optics[g].cs_mm);
      EXPECT_EQ(back.optics[g].amplitude_contrast, set.optics[g].amplitude_contrast);
      EXPECT_EQ(back.optics[g].extra, set.optics[g].extra);
      EXPECT_EQ(back.optics[g].ctf_premultiplied, set.optics[g].ctf_premultiplied);
    }
    const double half_unit = 0.51e-6;  // six decimals are written
    for (size_t i = 0; i < 30; ++i) {
      const Particle &p = set.particles[i], &q = back.particles[i];
      EXPECT_EQ(std::tie(q.image, q.weight, q.optics_group, q.half, q.class_number, q.micrograph, q.extra),
                std::tie(p.image, p.weight, p.optics_group, p.half, p.class_number, p.micrograph, p.extra));
      EXPECT_LT(angle_deg(p.particle_from_ref, q.particle_from_ref), 3 * half_unit);
      EXPECT_LT((p.shift_A - q.shift_A).norm(), 2 * half_unit);
      EXPECT_LT((*p.coordinate - *q.coordinate).norm(), 2 * half_unit);
      EXPECT_NEAR(p.log_likelihood, q.log_likelihood, half_unit);
      EXPECT_NEAR(p.probability, q.probability, half_unit);
    }
    write_particles(path("b.star"), back);
    const ParticleSet again = read_particles(path("b.star"));
    for (size_t i = 0; i < 30; ++i)  // resuming from a list that was read must not wander
      EXPECT_LT((back.particles[i].shift_A - again.particles[i].shift_A).norm(), 1e-12);
  }
}

TEST_F(ParticlesTest, OptionalColumnsAreLeftOutWhenUnused) {
  ParticleSet set;
  set.optics = {{"one", 8, 2, 300, 2.7, 0.1, {}}};
  set.particles.resize(2);
  set.particles[0].image = "a.mrc";
  set.particles[1].image = "b.mrc";
  write_particles(path("a.star"), set);
  for (const char* name : {"rlnCtfImage", "rlnRandomSubset", "rlnClassNumber", "rlnCoordinateX", "rlnMaxValue"})
    EXPECT_THAT(bytes_of(path("a.star")), Not(HasSubstr(name)));
  const Particle back = read_particles(path("a.star")).particles[1];
  EXPECT_EQ(std::tie(back.weight, back.half, back.class_number), std::make_tuple("", 0, 0));
  EXPECT_FALSE(back.coordinate.has_value());
  EXPECT_EQ(angle_between(back.particle_from_ref, Rotation()), 0);
}

TEST_F(ParticlesTest, Relion31) {
  const ParticleSet set = read(optics_text +
                               "data_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n_rlnAngleRot\n_rlnAngleTilt\n"
                               "_rlnAnglePsi\n_rlnOriginXAngst\n_rlnOriginYAngst\n_rlnOriginZAngst\n_rlnRandomSubset\n"
                               "a.mrc 3 90 0 0 1.5 -2 +3e0 2\nb.mrc 1 0 90 0 0 0 0 1\n");
  ASSERT_EQ(set.optics.size(), 2u);
  EXPECT_EQ(set.optics[1].voxel_size_A, 6.5);
  EXPECT_EQ(set.optics[0].voltage_kV, 200);
  const Particle &a = set.particles[0], &b = set.particles[1];
  EXPECT_EQ(a.optics_group, 1) << "group 3 is the second";
  EXPECT_EQ(b.optics_group, 0);
  EXPECT_EQ(a.shift_A, (Vec3{-1.5, 2, -3})) << "RELION subtracts origins";
  EXPECT_EQ(a.half, 2);
  // Reference to particle is the inverse of Rz(rot) Ry(tilt) Rz(psi): rot 90° carries y to x; tilt 90° carries x to z.
  EXPECT_LT((a.particle_from_ref * Vec3{0, 1, 0} - Vec3{1, 0, 0}).norm(), 1e-12);
  EXPECT_LT((b.particle_from_ref * Vec3{1, 0, 0} - Vec3{0, 0, 1}).norm(), 1e-12);
}

TEST_F(ParticlesTest, Relion30InPixels) {
  for (const char* name : {"", "images", "particles"}) {
    const ParticleSet set = read(std::string("data_") + name +
                                 "\nloop_\n_rlnImageName #1\n_rlnMagnification #2\n_rlnDetectorPixelSize #3\n"
                                 "_rlnOriginX #4\n_rlnOriginY #5\n_rlnOriginZ #6\n_rlnVoltage #7\n_rlnOther #8\n"
                                 "a.mrc 10000 2.62 2 -1 0.5 200 kept\n");
    ASSERT_EQ(set.optics.size(), 1u);
    EXPECT_NEAR(set.optics[0].voxel_size_A, 2.62, 1e-12);  // 10⁴ × 2.62 µm / 10000
    EXPECT_EQ(set.optics[0].voltage_kV, 200);
    EXPECT_LT((set.particles[0].shift_A - Vec3{-5.24, 2.62, -1.31}).norm(), 1e-12);
    EXPECT_THAT(set.extra_columns, ElementsAre("rlnOther"));
    write_particles(path("new.star"), set);  // becomes a file of 3.1 that means the same
    const ParticleSet back = read_particles(path("new.star"));
    EXPECT_NEAR(back.optics[0].voxel_size_A, 2.62, 1e-9);
    EXPECT_LT((back.particles[0].shift_A - set.particles[0].shift_A).norm(), 1e-6);
    EXPECT_THAT(bytes_of(path("new.star")), AllOf(HasSubstr("data_optics"), Not(HasSubstr("rlnMagnification"))));
  }
}

TEST_F(ParticlesTest, AngstromBeforePixels) {
  const ParticleSet set = read(optics_text +
                               "data_particles\nloop_\n_rlnImageName\n_rlnOriginX\n_rlnOriginXAngst\n_rlnOriginY\n"
                               "a.mrc 7 2 3\n");
  EXPECT_EQ(set.particles[0].shift_A, (Vec3{-2, -12, 0})) << "pixels of 4 Å where there are no ångströms";
}

TEST_F(ParticlesTest, UnknownColumnsAndBlocksStay) {
  const ParticleSet set = read("data_general\n_rlnVersion 31\n" + optics_text +
                               "data_particles\nloop_\n_rlnImageName\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnFoo\n"
                               "a.mrc 1 2 bar\nb.mrc 3 4 'b z'\n");
  EXPECT_FALSE(set.particles[0].coordinate.has_value()) << "no z: no position";
  EXPECT_THAT(set.extra_columns, ElementsAre("rlnCoordinateX", "rlnCoordinateY", "rlnFoo"));
  write_particles(path("out.star"), set);
  const ParticleSet back = read_particles(path("out.star"));
  EXPECT_THAT(back.particles[1].extra, ElementsAre("3", "4", "b z"));
  ASSERT_EQ(back.extra_tables.size(), 1u);
  EXPECT_EQ(back.extra_tables[0].name, "general");
  EXPECT_FALSE(back.extra_tables[0].is_loop);
}

TEST_F(ParticlesTest, EveryFaultIsListedAtOnce) {
  const std::string message = refusal(
      optics_text +
      "data_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\n_rlnAngleRot\n_rlnRandomSubset\n_rlnOriginXAngst\n"
      "a.mrc 1 abc 1 0\nb.mrc 9 0 1 0\nc.mrc 1 0 3 0\nd.mrc 1 0 1 nan\ne.mrc 1 12deg 1.5 0\nf.mrc 1 0 1 0\n");
  EXPECT_THAT(message,
              AllOf(HasSubstr("row 1: _rlnAngleRot is 'abc', not a number"),
                    HasSubstr("row 2: optics group 9 is not in data_optics"), HasSubstr("row 3: _rlnRandomSubset is 3"),
                    HasSubstr("row 4: _rlnOriginXAngst is 'nan'"), HasSubstr("row 5: _rlnAngleRot is '12deg'"),
                    HasSubstr("row 5: _rlnRandomSubset is 1.5, not a whole number"), Not(HasSubstr("row 6"))));
}

TEST_F(ParticlesTest, WhatAListMustHave) {
  const std::string rows = "data_particles\nloop_\n_rlnImageName\na.mrc\n";
  EXPECT_THAT(refusal("data_optics\n_rlnImagePixelSize 2\n"), HasSubstr("no data_particles block"));
  EXPECT_THAT(refusal(optics_text + "data_particles\nloop_\n_rlnImageName\n"), HasSubstr("lists no particles"));
  EXPECT_THAT(refusal(optics_text + "data_particles\nloop_\n_rlnAngleRot\n1\n"), HasSubstr("lacks _rlnImageName"));
  EXPECT_THAT(refusal("data_optics\nloop_\n_rlnOpticsGroup\n1\n" + rows), HasSubstr("lacks _rlnImagePixelSize"));
  EXPECT_THAT(refusal("data_optics\nloop_\n_rlnImagePixelSize\n" + rows), HasSubstr("data_optics is empty"));
  EXPECT_THAT(refusal("data_optics\nloop_\n_rlnImagePixelSize\n0\n" + rows), HasSubstr("pixel size 0"));
  EXPECT_THAT(refusal("data_optics\nloop_\n_rlnOpticsGroup\n_rlnImagePixelSize\n1 2\n1 3\n" + rows),
              HasSubstr("optics group 1 is defined twice"));
  EXPECT_THAT(refusal("data_optics\nloop_\n_rlnImagePixelSize\n_rlnImageDimensionality\n2 2\n" + rows),
              HasSubstr("2-D images"));
  EXPECT_THAT(refusal(rows), HasSubstr("voxel size is unknown"));
}

TEST_F(ParticlesTest, FullDiskLeavesTheEarlierList) {
  put("a.star", "earlier");
  EXPECT_THAT(test::message_on_full_disk<IoError>(4096, [&] { write_particles(path("a.star"), random_set(1, 100)); }),
              HasSubstr("a.star"));
  EXPECT_EQ(bytes_of(path("a.star")), "earlier");
  EXPECT_THAT(entries(), ElementsAre("a.star"));
}

}  // namespace
}  // namespace tessera
