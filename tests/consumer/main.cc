// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a map and reads it back, and turns RELION's angles into Dynamo's.
#include <cstdio>

#include "tessera/base/errors.h"
#include "tessera/io/mrc.h"
#include "tessera/so3/zxz_angles.h"

int main(int, char** argv) try {
  using namespace tessera;
  Map map{Volume<float>(Shape3::cube(8)), 6.5, {}};
  map.voxels(1, 2, 3) = 4;
  write_mrc(argv[1], map);
  const Map back = read_mrc(argv[1]);
  const DynamoAngles angles = dynamo_angles(Rotation::from_relion({107.81, 63.924, -65.55}));
  std::printf("%g %g %.2f %.3f %.2f\n", back.voxel_size_A, back.voxels(1, 2, 3), angles.tdrot_deg, angles.tilt_deg,
              angles.narot_deg);
} catch (const tessera::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.exit_code();
}
