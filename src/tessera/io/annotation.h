// SPDX-License-Identifier: GPL-3.0-or-later
// Places and poses in a tomogram as copick (.json) and the CryoET Data Portal (.ndjson) keep them: a corner of the
// tomogram is the origin, rotation matrices carry the reference to the particle. Lists of places: no images.
#pragma once

#include <filesystem>

#include "tessera/io/particles.h"

namespace tessera {

// `voxel_size_A`: of the tomogram whose voxels rlnCoordinate* then count. IoError listing every faulty point: no
// location, not a number, a matrix that is no rotation.
// copick: points[].location in Å, points[].transformation_ (4×4: rotation, and a shift in Å that is added),
// points[].score; run_name names the tomogram.
ParticleSet read_copick(const std::filesystem::path& path, double voxel_size_A);
// A line of JSON for each point: location in voxels, and for an orientedPoint xyz_rotation_matrix.
ParticleSet read_portal(const std::filesystem::path& path, double voxel_size_A);

// Atomic. Places with their shifts, poses and scores; all else is left out. UserError where particles have no place or
// lie in several tomograms, which these files do not tell apart.
void write_copick(const std::filesystem::path& path, const ParticleSet& set);
void write_portal(const std::filesystem::path& path, const ParticleSet& set);

}  // namespace tessera
