// SPDX-License-Identifier: GPL-3.0-or-later
// Reference-free averaging and classification: expectation–maximisation from particles to the maps of classes.
#pragma once

#include <functional>

#include "tessera/average/at_poses.h"
#include "tessera/average/class_ends.h"
#include "tessera/average/convergence.h"
#include "tessera/average/judged_maps.h"
#include "tessera/average/noise_control.h"
#include "tessera/average/options.h"

namespace tessera {

struct AverageResult {
  AverageState state;
  std::vector<AverageMaps> maps;  // of each class
  std::string stop_reason;
  ClassEnds class_ends;                       // none but of several classes
  std::optional<NoiseControl> noise_control;  // none when no iteration was left to do
};

// What is given beside the particles.
struct AverageGiven {
  std::vector<Volume<float>> references = {};  // a map for each class to start from instead of options.start; or none
  std::vector<WeightedPose> poses = {};        // with options.fixed_poses: of each particle; their classes do not count
  Volume<float> mask = {};                     // 0 … 1, of all references and of the FSC; empty: soft spheres
};

// Called after each iteration with everything worth saving. Maps of an iteration have the shells that its M-step
// summed; those of the result have all.
using IterationCallback = std::function<void(const AverageState&, const std::vector<AverageMaps>&)>;

// The E- and M-steps of `options.iterations` or until the maps rest. `resume`: continue from a saved state.
// The references of a particle exclude its own fold.
//
// A class with a point group is averaged without until the group's axes are known: from the start where they are given,
// otherwise from the iteration that options.symmetry_from tells on. It is turned into them with its poses, and from
// then on every M-step makes its sums symmetric.
//
// A mask says where in the references to look. With options.fixed_poses the classes share, outside of it, the mean of
// their averages, so that they differ inside alone; otherwise there is nothing outside. Maps are not masked.
AverageResult average_particles(ParticleStack& stack, const AverageOptions& options, ExecContext& context,
                                const IterationCallback& after_iteration, const AverageState* resume = nullptr,
                                const AverageGiven& given = {});

}  // namespace tessera
