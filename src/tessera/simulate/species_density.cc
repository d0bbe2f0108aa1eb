// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/species_density.h"

#include <cmath>
#include <filesystem>

#include "tessera/fft/plan.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/central_slices.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

constexpr double protein_Da_per_A3 = 0.81;

// The smallest box that holds a ball of the species' radius, blurred.
int64_t box_needed(double radius_A, double resolution_A, double voxel_size_A) {
  const double half = (radius_A + resolution_A) / voxel_size_A + 4;
  return fast_even_size(std::max<int64_t>(16, 2 * static_cast<int64_t>(std::ceil(half))));
}

SpeciesDensity density_of_species(const SceneSpecies& species, const std::string& file, double voxel_size_A,
                                  int64_t box, const SpecimenOptions& options, ExecContext& context) {
  const double resolution = options.resolution(voxel_size_A);
  SpeciesDensity out;
  double volume_A3 = 0;
  if (file.empty()) {
    const MaterialDensities materials = material_densities(options.kernel);
    out.map = ball_density(species.radius_A, voxel_size_A, box, resolution / (2 * std::sqrt(3.0)), materials.protein);
    volume_A3 = 4.18879020478639 * std::pow(species.radius_A, 3);
  } else {
    AtomSelection selection;
    selection.assembly = species.assembly != "asymmetric unit";
    DensityOptions density;
    density.box = static_cast<int>(box);
    density.voxel_size_A = voxel_size_A;
    density.resolution_A = resolution;
    density.kernel = options.kernel;
    DensityResult made = density_of(load_structure(file, selection), density);
    for (const std::string& note : made.notes) context.sink.message(Severity::info, species.name + ": " + note);
    out.map = std::move(made.map);
    volume_A3 = made.mass_Da / protein_Da_per_A3;
  }
  out.threshold = std::max(threshold_of_volume(out.map, volume_A3), 1e-12);
  out.reach_A = species.radius_A + resolution + voxel_size_A;
  return out;
}

}  // namespace

void SpecimenOptions::add_faults(Faults& faults) const {
  if (kernel != "potential" && kernel != "situs")
    faults.add(fmt::format("--kernel must be potential or situs; \"{}\" was given", kernel));
  if (resolution_A && !(*resolution_A > 0 && std::isfinite(*resolution_A)))
    faults.add(fmt::format("--resolution must be positive, {} Å was given", *resolution_A));
  if (particle_box != 0 && (particle_box < 16 || particle_box > 1024 || particle_box % 2 != 0))
    faults.add(fmt::format("--particle-box must be even and 16 to 1024 voxels (or 0), {} was given", particle_box));
  if (gold_beads < 0) faults.add(fmt::format("--gold-beads {}: not fewer than none", gold_beads));
  if (!(gold_diameter_A > 0 && gold_diameter_A <= 1000))
    faults.add(fmt::format("--gold-diameter must lie between 0 and 1000 Å, {} was given", gold_diameter_A));
}

std::vector<std::string> locate_structures(const Scene& scene, const SpecimenOptions& options, Faults& faults) {
  std::vector<std::string> out;
  for (const SceneSpecies& species : scene.species) {
    std::string file = species.structure;
    if (!file.empty() && !file.starts_with("builtin:")) {
      std::error_code error;
      const auto beside = std::filesystem::path(options.structures) / std::filesystem::path(file).filename();
      if (!options.structures.empty() && std::filesystem::is_regular_file(beside, error)) file = beside.string();
      if (!std::filesystem::is_regular_file(file, error))
        faults.add(
            fmt::format("species '{}': its structure {} is not there any more; put it back, or name the folder "
                        "that has it by --structures",
                        species.name, file));
    }
    out.push_back(file);
  }
  return out;
}

std::vector<SpeciesDensity> make_species_densities(const Scene& scene, const std::vector<std::string>& files,
                                                   const SpecimenOptions& options, ExecContext& context) {
  std::vector<SpeciesDensity> out;
  Faults faults;
  Progress progress(context.sink, "densities of the species", static_cast<int64_t>(scene.species.size()));
  for (size_t s = 0; s < scene.species.size(); ++s) {
    const SceneSpecies& species = scene.species[s];
    const int64_t needed = box_needed(species.radius_A, options.resolution(scene.voxel_size_A), scene.voxel_size_A);
    const int64_t box = options.particle_box > 0 ? options.particle_box : needed;
    if (box < needed) {
      faults.add(
          fmt::format("species '{}' needs a box of {} voxels, --particle-box gives {}", species.name, needed, box));
      continue;
    }
    try {
      out.push_back(density_of_species(species, files[s], scene.voxel_size_A, box, options, context));
    } catch (const UserError& error) {
      faults.add(fmt::format("species '{}': {}", species.name, error.what()));
    }
    progress.advance();
  }
  faults.raise<UserError>("the scene cannot be drawn");
  return out;
}

std::vector<double> projection_variances(const Scene& scene, const std::vector<SpeciesDensity>& species,
                                         const std::vector<double>& tilts, ExecContext& context) {
  constexpr int64_t most_bodies = 24;
  std::vector<double> out(species.size(), 0.0);
  for (size_t s = 0; s < species.size(); ++s) {
    std::vector<const SceneBody*> members;
    for (const SceneBody& body : scene.bodies)
      if (body.species == static_cast<int32_t>(s)) members.push_back(&body);
    if (members.empty()) continue;
    const auto size = static_cast<int64_t>(members.size()), count = std::min(size, most_bodies);
    const CentralSlices slices(species[s].map.voxels);
    const int64_t n = slices.box();
    std::vector<double> variance(count, 0.0);
    context.threads.for_each(count, [&](int64_t i, int) {
      const Mat3 matrix = members[i * size / count]->scene_from_ref.matrix();
      HalfSpectrum image({1, n, n});
      for (const double tilt : tilts) {
        slices.project(matrix, {}, tilt, image);
        for_each_frequency(image, [&](int64_t k, int64_t, int64_t v, int64_t u) {
          if (u != 0 || v != 0) variance[i] += image.multiplicity(u) * static_cast<double>(std::norm(image.data()[k]));
        });
      }
    });
    for (const double value : variance) out[s] += value;
    out[s] /= std::pow(static_cast<double>(n), 4) * static_cast<double>(tilts.size() * variance.size());
  }
  return out;
}

}  // namespace tessera
