// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/relion_tomo.h"

#include <algorithm>
#include <array>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"

namespace tessera {
namespace {

using Columns3 = std::array<const char*, 3>;
constexpr Columns3 centred = {"rlnCenteredCoordinateXAngst", "rlnCenteredCoordinateYAngst",
                              "rlnCenteredCoordinateZAngst"};
constexpr Columns3 subtomogram = {"rlnTomoSubtomogramRot", "rlnTomoSubtomogramTilt", "rlnTomoSubtomogramPsi"};

std::optional<size_t> column_of(const ParticleSet& set, const std::string& name) {
  const auto at = std::find(set.extra_columns.begin(), set.extra_columns.end(), name);
  if (at == set.extra_columns.end()) return std::nullopt;
  return static_cast<size_t>(at - set.extra_columns.begin());
}

bool has_all(const ParticleSet& set, const Columns3& names) {
  return std::all_of(names.begin(), names.end(), [&](const char* name) { return column_of(set, name).has_value(); });
}

void drop(ParticleSet& set, const Columns3& names) {
  for (const char* name : names) {
    const size_t at = *column_of(set, name);
    set.extra_columns.erase(set.extra_columns.begin() + static_cast<std::ptrdiff_t>(at));
    for (Particle& p : set.particles)
      if (at < p.extra.size()) p.extra.erase(p.extra.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

std::optional<Vec3> vector_in(const ParticleSet& set, const Particle& p, const Columns3& names) {
  const auto x = extra_number(set, p, names[0]), y = extra_number(set, p, names[1]), z = extra_number(set, p, names[2]);
  if (!x || !y || !z) return std::nullopt;
  return Vec3{*x, *y, *z};
}

void set_optics_column(ParticleSet& set, const std::string& name, const std::string& value) {
  auto& names = set.extra_optics_columns;
  auto at = static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
  if (at == names.size()) names.push_back(name);
  for (OpticsGroup& group : set.optics) {
    group.extra.resize(names.size(), "None");
    group.extra[at] = value;
  }
}

void count_from_corner(ParticleSet& set, const TomogramFrame& tomogram, const std::string& source) {
  const auto centre = [&](int64_t n) { return static_cast<double>(n / 2 - (tomogram.centre_below ? 1 : 0)); };
  const Vec3 middle = {centre(tomogram.shape.x), centre(tomogram.shape.y), centre(tomogram.shape.z)};
  Faults faults;
  for (size_t i = 0; i < set.particles.size(); ++i) {
    const auto place_A = vector_in(set, set.particles[i], centred);
    if (place_A)
      set.particles[i].coordinate = *place_A * (1 / tomogram.voxel_size_A) + middle;
    else
      faults.add(fmt::format("row {}: a centred coordinate is not a number", i + 1));
  }
  faults.raise<IoError>(source);
  drop(set, centred);
  set_optics_column(set, "rlnMicrographPixelSize", fmt::format("{:.6f}", tomogram.voxel_size_A));
}

}  // namespace

void to_relion_31(ParticleSet& set, const std::optional<TomogramFrame>& tomogram, const std::string& source) {
  if (const auto name = column_of(set, "rlnTomoName"))
    for (Particle& p : set.particles)
      if (p.micrograph.empty() && *name < p.extra.size()) p.micrograph = p.extra[*name];
  if (has_all(set, centred)) {
    if (!tomogram)
      throw UserError(
          fmt::format("{}: places are counted from the centre of the tomogram (RELION 5); give --tomogram, "
                      "the map they are to be counted in",
                      source));
    count_from_corner(set, *tomogram, source);
  }
  const bool no_images =
      std::all_of(set.particles.begin(), set.particles.end(), [](const Particle& p) { return p.image.empty(); });
  if (!has_all(set, subtomogram) || !no_images) return;
  for (Particle& p : set.particles) {
    const Vec3 angles = vector_in(set, p, subtomogram).value_or(Vec3{});
    const Rotation tomogram_from_image = Rotation::from_relion({angles.x, angles.y, angles.z});
    p.particle_from_ref = tomogram_from_image * p.particle_from_ref;
    p.shift_A = tomogram_from_image * p.shift_A;
  }
  drop(set, subtomogram);
}

}  // namespace tessera
