// SPDX-License-Identifier: GPL-3.0-or-later
// Particles of a simulated tomogram at their true places, and what they are compared with.
#pragma once

#include <cmath>
#include <vector>

#include "tessera/simulate/ground_truth.h"
#include "tessera/simulate/particles.h"
#include "tessera/simulate/turned_density.h"
#include "tessera/simulate/view_filter.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/shells.h"

namespace tessera::test {

// A cube about a voxel of a tomogram that holds it.
inline Volume<float> cut_out(const Volume<float>& tomogram, int64_t box, int64_t x0, int64_t y0, int64_t z0) {
  Volume<float> out(Shape3::cube(box));
  for (int64_t z = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x) out(z, y, x) = tomogram(z0 + z - box / 2, y0 + y - box / 2, x0 + x - box / 2);
  return out;
}

// The density in a particle's pose, within a ball of radius reach().
inline Volume<float> posed(const Volume<float>& reference, const Rotation& rotation, Vec3 shift) {
  const TurnedDensity density(reference);
  const int64_t box = density.box();
  const Mat3 back = rotation.matrix().transposed();
  Volume<float> out(Shape3::cube(box));
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const Vec3 from =
            Vec3{static_cast<double>(x - box / 2), static_cast<double>(y - box / 2), static_cast<double>(z - box / 2)} -
            shift;
        if (from.dot(from) < density.reach() * density.reach()) out[i] = density.at(back * from);
      }
  return out;
}

struct Curve {
  std::vector<double> mean, variance_of_mean;
};

struct Curves {
  std::vector<std::vector<double>> all;
  Curve summary() const {
    Curve out;
    const auto count = static_cast<double>(all.size());
    for (size_t s = 0; s < all.front().size(); ++s) {
      double sum = 0, square = 0;
      for (const auto& curve : all) sum += curve[s], square += curve[s] * curve[s];
      out.mean.push_back(sum / count);
      out.variance_of_mean.push_back((square / count - std::pow(sum / count, 2)) / (count - 1));
    }
    return out;
  }
};

inline std::vector<double> fsc(const Volume<float>& a, const Volume<float>& b) {
  return fourier_shell_correlation(centred_spectrum(a), centred_spectrum(b));
}

// Particles of the tomogram, at the places and poses that truth.star tells.
template <typename Visit>
void for_each_particle(const Scene& scene, const std::vector<SpeciesDensity>& species, const TiltSeriesOptions& options,
                       const Volume<float>& tomogram, Visit&& visit) {
  const InstanceNumbers numbers = number_instances(scene, 0);
  const LabelNames labels = label_scene(scene, numbers);
  for (const Particle& particle : truth_particles({scene, numbers, labels, species, options}).particles) {
    const Vec3 at = *particle.coordinate;
    const int64_t box = species[particle.class_number - 1].map.voxels.shape().x;
    const int64_t x = std::llround(at.x), y = std::llround(at.y), z = std::llround(at.z);
    const Vec3 shift = at - Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
    visit(cut_out(tomogram, box, x, y, z), Rotation::from_relion(particle.particle_from_ref.relion()), shift);
  }
}

// FSC against the truth, of particles that simulate_particles makes and of those cut from a tomogram.
inline Curves boxed_curves(const Map& density, int64_t copies, const ImagingOptions& imaging, ExecContext& context) {
  Curves out;
  out.all.resize(copies);
  simulate_particles({{density, copies}}, imaging, context, [&](const SimulatedParticle& p) {
    out.all[p.index] = fsc(p.subtomogram, posed(density.voxels, p.particle_from_ref, p.shift_voxels));
  });
  return out;
}
inline Curves cut_curves(const Scene& scene, const SpeciesDensity& species, const TiltSeriesOptions& options,
                         const Volume<float>& tomogram) {
  Curves out;
  for_each_particle(scene, {species}, options, tomogram,
                    [&](const Volume<float>& particle, const Rotation& rotation, Vec3 shift) {
                      out.all.push_back(fsc(particle, posed(species.map.voxels, rotation, shift)));
                    });
  return out;
}

}  // namespace tessera::test
