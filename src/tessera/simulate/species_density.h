// SPDX-License-Identifier: GPL-3.0-or-later
// The densities of a scene's species, and how strong their signal is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/density.h"
#include "tessera/simulate/scene_potential.h"

namespace tessera {

struct SpecimenOptions {
  std::optional<double> resolution_A;
  std::string kernel = "potential";
  int particle_box = 0;
  std::string structures;
  int gold_beads = 0;
  double gold_diameter_A = 100;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"resolution", "Å",
                 "Target resolution R: a Gaussian of σ = R/(2√3) per axis; twice the voxel size if not given",
                 "Specimen"},
          resolution_A);
    visit(Option{"kernel", "", "potential (electrostatic, solvent subtracted) or situs (mass, as pdb2vol)", "Specimen"},
          kernel);
    visit(Option{"particle-box", "voxels",
                 "Edge of the truth maps and of the box the SNR is measured over; 0: as small as each species allows",
                 "Specimen"},
          particle_box);
    visit(Option{"structures", "folder", "Look for structure files of the scene here, by their name", "Specimen"},
          structures);
    visit(Option{"gold-beads", "", "Fiducials, on the lower and upper face of the box in turn", "Specimen"},
          gold_beads);
    visit(Option{"gold-diameter", "Å", "Of a bead", "Specimen"}, gold_diameter_A);
  }
  void add_faults(Faults& faults) const;
  double resolution(double voxel_size_A) const { return resolution_A.value_or(2 * voxel_size_A); }
};

// Where each species' file is: as the scene says or in options.structures; empty for plain balls. Faults for those that
// are nowhere, naming the species.
std::vector<std::string> locate_structures(const Scene& scene, const SpecimenOptions& options, Faults& faults);

// The maps of all species at the scene's voxel size, species without bodies included. `files` from locate_structures.
// UserError naming species that do not fit the particle box, with the box each needs.
std::vector<SpeciesDensity> make_species_densities(const Scene& scene, const std::vector<std::string>& files,
                                                   const SpecimenOptions& options, ExecContext& context);

// Mean over (at most 24 of) a species' bodies and the tilts of the variance of its projection over its box, n × n
// pixels, before CTF, the particle alone: what simulate particles calls the definition `projection`. 0 for a species
// without bodies.
std::vector<double> projection_variances(const Scene& scene, const std::vector<SpeciesDensity>& species,
                                         const std::vector<double>& tilts, ExecContext& context);

}  // namespace tessera
