// SPDX-License-Identifier: GPL-3.0-or-later
// Particle lists of Dynamo (.tbl) and of TOM and AV3 (.em): rows of numbers that name image and tomogram by a number.
// Angles: so3/zxz_angles.h. Shifts are added: the particle is at place + shift, in voxels.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "tessera/io/particles.h"

namespace tessera {

struct NumberedParticle {
  int64_t number = 0;  // "tag": names the image
  int64_t tomogram = 0;
  int class_number = 0;
  Rotation particle_from_ref;
  Vec3 shift_voxels;
  Vec3 place_voxels;  // in the tomogram; zero where the list tells none
  double score = 0;   // cross-correlation
};

struct NumberedList {
  std::vector<NumberedParticle> particles;
  double voxel_size_A = 0;                              // 0: not stated
  std::optional<std::array<double, 2>> tilt_range_deg;  // first and last; none: not stated, or not the same throughout
};

// A table of Dynamo: a line of numbers for each particle, 26 columns or more. Used are 1 tag, 4–6 shift, 7–9 angles, 10
// correlation, 14 and 15 tilt range, 20 tomogram, 22 class, 24–26 place, 36 voxel size. IoError naming every faulty
// row: too few columns or not as many as in the first, no number, a tag or tomogram that is not whole.
NumberedList read_dynamo_table(const std::filesystem::path& path);
// 36 columns, 6 decimals. Atomic.
void write_dynamo_table(const std::filesystem::path& path, const NumberedList& list);

// A motive list of AV3: an EM file of 20 × particles × 1 numbers. Used are rows 1 correlation, 4 number, 5 tomogram,
// 8–10 place, 11–13 shift, 17–19 angles, 20 class. IoError as read_em, and on another shape or numbers not whole.
NumberedList read_motive_list(const std::filesystem::path& path);
// float32: about seven digits. Atomic.
void write_motive_list(const std::filesystem::path& path, const NumberedList& list);
// Whether an EM file has the shape of a motive list.
bool is_motive_list(const std::filesystem::path& em_file);

// `images` by number; empty: a list of places alone. Numbers stay as rlnTomoParticleId, correlations as
// rlnAutopickFigureOfMerit, tomograms as tomogram_N. IoError listing the particles without an image, and those that
// share a number.
ParticleSet particle_set(const NumberedList& list, double voxel_size_A,
                         const std::map<int64_t, std::filesystem::path>& images, const std::string& source);

// What such lists cannot hold is left out: half-sets, weights, likelihoods, further columns. Numbers are
// rlnTomoParticleId where that is whole and different for all, otherwise 1, 2, …; tomograms the number that ends their
// names where those differ, otherwise 1, 2, … in the order of their appearance. UserError where voxel sizes differ.
NumberedList numbered_list(const ParticleSet& set);

}  // namespace tessera
