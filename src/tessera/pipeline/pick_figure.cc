// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/pick_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tessera/io/png.h"
#include "tessera/report/slab_marks.h"

namespace tessera {
namespace {

constexpr double slab_A = 60;
constexpr Colour blue{60, 140, 255}, green{40, 200, 80}, red{235, 60, 50};

}  // namespace

void write_pick_figure(const std::filesystem::path& path, const Volume<float>& tomogram, double voxel_size_A,
                       const std::vector<TrueParticle>& particles, const std::vector<ScoredPick>& picks,
                       const std::vector<int32_t>& particle_of) {
  const int64_t planes = tomogram.shape().z, middle = planes / 2,
                half = std::min(middle, static_cast<int64_t>(slab_A / voxel_size_A / 2));
  // Å above the middle plane.
  const auto height = [&](Vec3 at_A) { return at_A.z - static_cast<double>(middle) * voxel_size_A; };
  std::vector<uint8_t> hit(particles.size());
  for (const int32_t particle : particle_of)
    if (particle >= 0) hit[particle] = 1;
  SlabPanel truth, found;
  for (size_t i = 0; i < particles.size(); ++i) {
    const TrueParticle& p = particles[i];
    const double off = height(p.position_A);
    if (p.tomogram != 0 || std::abs(off) > slab_A) continue;
    const double cut_A = std::abs(off) < p.radius_A ? std::sqrt(p.radius_A * p.radius_A - off * off) : 0;
    truth.marks.push_back(
        {p.position_A.x / voxel_size_A, p.position_A.y / voxel_size_A, blue, hit[i] != 0, cut_A / voxel_size_A});
  }
  for (size_t i = 0; i < picks.size(); ++i) {
    const Vec3 at = picks[i].position_A;
    if (picks[i].tomogram != 0 || std::abs(height(at)) > slab_A) continue;
    found.marks.push_back({at.x / voxel_size_A, at.y / voxel_size_A, particle_of[i] >= 0 ? green : red, true, 0});
  }
  truth.title = fmt::format("{} true centres (filled: found)", truth.marks.size());
  found.title = fmt::format("{} picks (red: wrong)", found.marks.size());
  write_png(path, slab_figure(mean_plane(tomogram, middle - half, std::min(planes - 1, middle + half)), {truth, found},
                              voxel_size_A, fmt::format("centres within {:g} Å of the plane", slab_A)));
}

}  // namespace tessera
