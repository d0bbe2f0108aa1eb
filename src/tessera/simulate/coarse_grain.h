// SPDX-License-Identifier: GPL-3.0-or-later
// A macromolecule as a few rigidly bonded balls ([P] 2.1.1).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/io/atoms.h"
#include "tessera/parallel/threads.h"
#include "tessera/simulate/balls.h"
#include "tessera/simulate/molecular_surface.h"

namespace tessera {

struct CoarseGrainOptions {
  int atoms_per_ball = 5000;
  int least_balls = 3;
  int restarts = 10;
  std::string start = "k-means++";

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"atoms-per-ball", "", "Atoms that one ball stands for: k = ⌈atoms/this⌉", "Coarse-graining"},
          atoms_per_ball);
    visit(Option{"least-balls", "", "Fewest balls of a structure; three fix its orientation", "Coarse-graining"},
          least_balls);
    visit(Option{"restarts", "", "Starts of the clustering; the tightest result is kept", "Coarse-graining"}, restarts);
    visit(Option{"start", "", "First cluster centres: k-means++ or random (atoms drawn at random)", "Coarse-graining"},
          start);
  }
  void add_faults(Faults& faults) const;
};

struct CoarseVolumes {
  double isosurface_A3 = 0;                                            // structure_volume.h
  double multi_ball_A3 = 0;                                            // union of the balls
  double single_ball_A3 = 0;                                           // smallest ball around all atoms
  double saved() const { return 1 - multi_ball_A3 / single_ball_A3; }  // what several balls save over one
};

// Positions are relative to the centre of mass of the heavy atoms, the reference frame of scene.h.
struct CoarseModel {
  std::string name;
  std::vector<Ball> balls;
  std::vector<int64_t> atoms_of_ball;
  Ball single;                        // smallest ball around all atoms
  Vec3 centre_of_mass_A;              // in the structure's own frame
  int64_t atoms = 0;                  // heavy
  double mass_kDa = 0, radius_A = 0;  // of the farthest atom from the centre of mass
  CoarseVolumes volumes;
  std::shared_ptr<const MolecularSurface> surface;
};

// k = max(least_balls, ⌈N/atoms_per_ball⌉) clusters of the N heavy atoms by k-means ([P] Eq. 1–4); a ball's centre is
// the mean of its atoms, its radius the distance of the farthest of them. UserError: no heavy atoms, fewer than k of
// them.
CoarseModel coarse_grain(const AtomicModel& model, const CoarseGrainOptions& options, uint64_t seed, Threads& threads);

}  // namespace tessera
