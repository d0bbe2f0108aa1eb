// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/io/em.h"
#include "tessera/io/numbered_list.h"
#include "tessera/so3/zxz_angles.h"

namespace tessera {
namespace {

constexpr int64_t rows = 20;  // numbers of a particle

bool has_shape_of_list(Shape3 shape) {
  return shape.x == rows && shape.z == 1;
}

}  // namespace

bool is_motive_list(const std::filesystem::path& em_file) {
  return has_shape_of_list(read_em_info(em_file).shape);
}

NumberedList read_motive_list(const std::filesystem::path& path) {
  const Map table = read_em(path);
  const Shape3 shape = table.voxels.shape();
  if (!has_shape_of_list(shape))
    throw IoError(fmt::format("{}: {} × {} × {} numbers are no motive list, which is 20 × particles × 1", path.string(),
                              shape.x, shape.y, shape.z));
  NumberedList out;
  Faults faults;
  for (int64_t i = 0; i < shape.y; ++i) {
    // Rows are counted from 1, as AV3 does.
    const auto number = [&](int64_t row) { return static_cast<double>(table.voxels(0, i, row - 1)); };
    const auto vector = [&](int64_t row) { return Vec3{number(row), number(row + 1), number(row + 2)}; };
    const auto whole = [&](int64_t row) {
      const double value = number(row);
      if (value == std::floor(value) && std::abs(value) <= 1e9) return static_cast<int64_t>(value);
      faults.add(fmt::format("particle {}: row {} is {}, not a whole number", i + 1, row, value));
      return int64_t{0};
    };
    NumberedParticle& p = out.particles.emplace_back();
    p.score = number(1);
    p.number = whole(4);
    p.tomogram = whole(5);
    p.place_voxels = vector(8);
    p.shift_voxels = vector(11);
    p.particle_from_ref = from_av3({number(17), number(18), number(19)});
    p.class_number = static_cast<int>(whole(20));
  }
  faults.raise<IoError>(path.string() + ": a motive list is expected");
  return out;
}

void write_motive_list(const std::filesystem::path& path, const NumberedList& list) {
  Map table;
  table.voxel_size_A = 0;
  table.voxels = Volume<float>({1, std::ssize(list.particles), rows});
  for (int64_t i = 0; i < std::ssize(list.particles); ++i) {
    const NumberedParticle& p = list.particles[static_cast<size_t>(i)];
    const auto put = [&](int64_t row, double value) { table.voxels(0, i, row - 1) = static_cast<float>(value); };
    const auto put_vector = [&](int64_t row, Vec3 v) {
      put(row, v.x);
      put(row + 1, v.y);
      put(row + 2, v.z);
    };
    const Av3Angles angles = av3_angles(p.particle_from_ref);
    put(1, p.score);
    put(4, static_cast<double>(p.number));
    put(5, static_cast<double>(p.tomogram));
    put_vector(8, p.place_voxels);
    put_vector(11, p.shift_voxels);
    put_vector(17, {angles.phi_deg, angles.psi_deg, angles.theta_deg});
    put(20, p.class_number);
  }
  write_em(path, table);
}

}  // namespace tessera
