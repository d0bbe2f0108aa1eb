// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of a simulated tomogram: lists beside the voxels of labels and instances.
#pragma once

#include <string>
#include <vector>

#include "tessera/io/particles.h"
#include "tessera/simulate/scene.h"
#include "tessera/simulate/scene_potential.h"
#include "tessera/simulate/tilt_options.h"

namespace tessera {

// Label 0 is background; then come the species in their order, then each name of plain filaments, then membranes, then
// gold, each only if the scene has it.
struct LabelNames {
  std::vector<std::string> names;  // of labels 1, 2, …
  std::vector<int> of_instance;    // label of instance i at [i]; [0] is 0
};
LabelNames label_scene(const Scene& scene, const InstanceNumbers& numbers);

// Replaces instance numbers by labels, in place.
void instances_to_labels(Volume<float>& instances, const LabelNames& labels);

struct TruthContext {
  const Scene& scene;
  const InstanceNumbers& numbers;
  const LabelNames& labels;
  const std::vector<SpeciesDensity>& species;
  const TiltSeriesOptions& tilts;
};

// The bodies as a RELION particle list: coordinates in voxels of the tomogram (rlnCoordinate*, from 0), pose
// (rlnAngle*, origins 0), rlnClassNumber the species from 1, rlnMicrographName tomogram.mrc, and tesseraSpecies,
// tesseraInstance, tesseraFilament and tesseraMembrane (from 1; 0: none), tesseraRadius (voxels; of the farthest atom
// from the centre of mass). rlnImageName is number@tomogram.mrc: nothing is cut out yet.
ParticleSet truth_particles(const TruthContext& truth);

// labels.star: value, name, kind and voxels of every label; instances.star: every instance with its label and place.
StarTable label_table(const TruthContext& truth, const std::vector<int64_t>& voxels);
StarTable instance_table(const TruthContext& truth, const std::vector<GoldBead>& beads,
                         const std::vector<int64_t>& voxels);
// filaments.star: the nodes of every filament in order, in voxels, with unit tangents.
StarTable filament_table(const Scene& scene);
// membranes.star: the vertices of every membrane, in voxels, with outward unit normals (mean of the triangles around,
// weighted by area).
StarTable membrane_table(const Scene& scene);
// tilts_truth.star: what each exposure really was.
StarTable tilt_table(const std::vector<Tilt>& tilts);

}  // namespace tessera
