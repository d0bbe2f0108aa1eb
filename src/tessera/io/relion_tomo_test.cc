// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/relion_tomo.h"

#include <gmock/gmock.h>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using test::message_of;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class RelionTomoTest : public test::ScratchFolder {
 protected:
  ParticleSet read(const std::string& text) const { return read_any_list(put("list.star", text)); }
};

TEST_F(RelionTomoTest, Relion5CountsFromTheCentre) {
  const std::string list =
      "data_optics\n_rlnOpticsGroup 1\n_rlnTomoTiltSeriesPixelSize 1.5\n"
      "data_particles\nloop_\n_rlnTomoName\n_rlnCenteredCoordinateXAngst\n_rlnCenteredCoordinateYAngst\n"
      "_rlnCenteredCoordinateZAngst\n_rlnOpticsGroup\n_rlnAngleRot\nTS_3 -100 0 50 1 30\n";
  ParticleSet set = read(list);
  to_relion_31(set, TomogramFrame{{40, 60, 81}, 10, false}, "list.star");
  EXPECT_EQ(*set.particles[0].coordinate, (Vec3{30, 30, 25})) << "81/2, 60/2, 40/2 and −10, 0, 5 voxels";
  EXPECT_EQ(set.particles[0].micrograph, "TS_3");
  EXPECT_EQ(coordinate_voxel_size_A(set, 0), 10);
  EXPECT_THAT(set.extra_columns, UnorderedElementsAre("rlnTomoName"));
  ParticleSet below = read(list);
  to_relion_31(below, TomogramFrame{{40, 60, 81}, 10, true}, "list.star");
  EXPECT_EQ(*below.particles[0].coordinate, (Vec3{29, 29, 24}));
  ParticleSet unknown = read(list);
  EXPECT_THAT(message_of<UserError>([&] { to_relion_31(unknown, {}, "list.star"); }), HasSubstr("--tomogram"));
  write_particles(path("new.star"), set);  // picks for extract
  EXPECT_EQ(read_picks(path("new.star")).optics[0].voxel_size_A, 10);
  EXPECT_EQ(*read_picks(path("new.star")).particles[0].coordinate, (Vec3{30, 30, 25}));
}

TEST_F(RelionTomoTest, Relion4CountsInVoxelsOfTheTiltSeries) {
  const auto file = put("list.star",
                        "data_optics\n_rlnOpticsGroup 1\n_rlnTomoTiltSeriesPixelSize 1.5\n_rlnImagePixelSize 6\n"
                        "data_particles\nloop_\n_rlnTomoName\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnCoordinateZ\n"
                        "TS_3 400 500 600\n");
  EXPECT_EQ(read_picks(file).optics[0].voxel_size_A, 1.5);
  EXPECT_EQ(coordinate_voxel_size_A(read_any_list(file), 0), 1.5);
}

TEST_F(RelionTomoTest, FlatImagesAreNotOurs) {  // stacks of 2-D images, as RELION 5 makes by default
  const ParticleSet set = read(
      "data_optics\n_rlnOpticsGroup 1\n_rlnImagePixelSize 6\n_rlnImageDimensionality 2\n"
      "data_particles\nloop_\n_rlnImageName\n_rlnOpticsGroup\nsub/1.mrcs 1\n");
  EXPECT_EQ(set.particles[0].image, "");
  EXPECT_THAT(message_of<IoError>([&] { read_particles(path("list.star")); }), HasSubstr("2-D images"));
}

TEST_F(RelionTomoTest, AnglesOfTheSubtomogramAreJoined) {
  // Sub angles turn by 90° about z (rot = −90 carries x to y), the particle's own by 90° about x… by their matrices:
  // A = A_subtomogram A_particle, place = coordinate − A_subtomogram origin.
  const std::string head =
      "data_optics\n_rlnOpticsGroup 1\n_rlnImagePixelSize 6\ndata_particles\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n"
      "_rlnCoordinateZ\n_rlnTomoSubtomogramRot\n_rlnTomoSubtomogramTilt\n_rlnTomoSubtomogramPsi\n_rlnAngleRot\n"
      "_rlnAngleTilt\n_rlnAnglePsi\n_rlnOriginXAngst\n_rlnOriginYAngst\n_rlnOriginZAngst\n";
  ParticleSet set = read(head + "1 2 3 -90 0 0 0 90 0 -5 0 0\n");
  to_relion_31(set, {}, "list.star");
  const Particle& p = set.particles[0];
  // tilt 90° carries x to z (conventions), then z stays; it carries z to −x, which the first turn carries to −y.
  EXPECT_LT((p.particle_from_ref * Vec3{1, 0, 0} - Vec3{0, 0, 1}).norm(), 1e-9);
  EXPECT_LT((p.particle_from_ref * Vec3{0, 0, 1} - Vec3{0, -1, 0}).norm(), 1e-9);
  EXPECT_LT((p.shift_A - Vec3{0, 5, 0}).norm(), 1e-9) << "5 Å along x of the image is y of the tomogram";
  EXPECT_TRUE(set.extra_columns.empty());
}

}  // namespace
}  // namespace tessera
