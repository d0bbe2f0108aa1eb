// SPDX-License-Identifier: GPL-3.0-or-later
// A packed scene as voxels: its potential, and which instance every voxel belongs to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/scene.h"
#include "tessera/simulate/soft_shapes.h"
#include "tessera/simulate/turned_density.h"
#include "tessera/volume/volume.h"

namespace tessera {

// The density of a species as it goes into the scene.
struct SpeciesDensity {
  Map map;               // n³ at the scene's voxel size, the centre of mass at voxel n/2: the truth of its particles
  double threshold = 0;  // voxels above it add up to the volume of the molecule: mass / (0.81 Da/Å³)
  double reach_A = 0;    // no density to speak of farther from the centre
};

struct GoldBead {
  Vec3 position_A;
  double radius_A = 0;
};

// The threshold above which the densest voxels add up to `volume_A3` (at least one voxel).
double threshold_of_volume(const Map& map, double volume_A3);

// The density of a plain ball in a box of n³ voxels.
Map ball_density(double radius_A, double voxel_size_A, int64_t box, double sigma_A, double protein_density);

// Up to `count` beads that touch the upper or the lower face of the box, in turn, and no ball of the scene nor each
// other (bodies without balls: a ball of their species' radius). Fewer where 2000 draws find no place for the next one.
std::vector<GoldBead> place_gold_beads(const Scene& scene, int64_t count, double diameter_A, uint64_t seed);

// Instances are numbered from 1: the bodies of the scene in their order, then the filaments without a species, then the
// membranes, then the beads. 0 is nothing.
struct InstanceNumbers {
  int64_t bodies = 0, filaments = 0, membranes = 0, beads = 0;
  std::vector<int64_t> tubes;  // indices into Scene::filaments of those drawn as tubes, in their order
  int64_t of_body(int64_t i) const { return 1 + i; }
  int64_t of_tube(int64_t i) const { return 1 + bodies + i; }
  int64_t of_membrane(int64_t i) const { return 1 + bodies + filaments + i; }
  int64_t of_bead(int64_t i) const { return 1 + bodies + filaments + membranes + i; }
  int64_t count() const { return bodies + filaments + membranes + beads; }
};
InstanceNumbers number_instances(const Scene& scene, size_t beads);

struct SceneVolumes {
  Volume<float> potential;  // of scene.shape(), in the units of the kernel
  Volume<float> instances;  // the same shape; whole numbers, exact in float32 up to 16,777,216
};

struct SceneDrawing {
  double resolution_A = 20;  // shapes without atoms are blurred by σ = R/(2√3), as the species' densities are
  std::string kernel = "potential";  // of simulate/density.h
};

// The sum of all bodies, tubes, beads and membranes; a membrane gives way to a protein in it as far as the protein
// fills the voxel. A voxel belongs to the bead in it; else to the body with the largest density there as a multiple of
// its threshold, if above it; else to the tube or bilayer whose surface encloses its centre. Parts outside the box are
// cut off. Computed in slabs of planes, each by one thread in the order of the scene: the same bits for any number of
// threads. Memory: the two volumes, and 12 bytes a voxel of a slab (8 planes) for each thread. About 40 ns per voxel of
// a body's bounding box.
SceneVolumes draw_scene(const Scene& scene, const std::vector<SpeciesDensity>& species,
                        const std::vector<GoldBead>& beads, const SceneDrawing& drawing, ExecContext& context);

}  // namespace tessera
