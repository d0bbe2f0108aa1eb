// SPDX-License-Identifier: GPL-3.0-or-later
// What a user may choose about averaging.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tessera/align/aligner.h"
#include "tessera/average/model_options.h"
#include "tessera/base/option.h"

namespace tessera {

struct AverageOptions {
  std::string method = "faml";  // faml: candidates weighted by their posterior; fa: the best candidate alone
  int classes = 1;
  int iterations = 20;
  // marginal: every pose of a grid weighed (marginal_start.h); particles: the best of several single-particle starts;
  // auto: particles, and marginal where these do not correlate far better than noise (one class); random: random poses;
  // split: even random classes, no turns
  std::string start = "auto";
  int starts = 4;
  int class_starts = 4;  // of each class alone, once there are several
  int class_start_iterations = 5;
  int start_iterations = 2;
  int start_particles = 100;                   // for each class; 0: all
  std::optional<double> initial_resolution_A;  // none: a third of the mask's diameter, or an eighth of the box's edge
  std::optional<double> mask_diameter_A;       // none: found from the average
  std::optional<double> limit_resolution_A;    // never use shells beyond
  std::optional<double> join_resolution_A;     // none: twice the initial resolution
  int folds = 8;                               // a particle is aligned to the other folds' average; 1: to the whole
  std::optional<double> shift_window_voxels;   // none: half of max_shift from the fifth iteration, all in every fourth
  double posterior_floor = 1e-3;
  std::vector<std::string> symmetry;  // point groups (so3/point_group.h): one for all classes, or one for each
  std::string symmetry_axes = "auto";
  int symmetry_from = 3;
  std::optional<double> symmetry_resolution_A;
  bool fixed_poses = false;  // the given poses stay; classes alone are inferred
  bool noise_per_shell = true;
  bool wiener = true;
  ModelOptions model;
  AlignOptions align;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"method", "", "faml: weigh candidate poses by their posterior; fa: keep the best alone", "Method"},
          method);
    visit(Option{"classes", "", "Number of classes", "Method"}, classes);
    visit(Option{"iterations", "", "Upper limit of iterations", "Method"}, iterations);
    visit(Option{"start", "",
                 "marginal: weigh every pose of a grid; particles: the likeliest of several single-particle starts; "
                 "auto: with one class both, and of the two what explains particles better; random: random poses; "
                 "split: random classes, unturned",
                 "Start"},
          start);
    visit(Option{"starts", "", "Starts tried", "Start"}, starts);
    visit(Option{"class-starts", "",
                 "With several classes, starts tried anew for each from its own particles alone; 0: none", "Start"},
          class_starts);
    visit(Option{"class-start-iterations", "", "Iterations given to each of these", "Start"}, class_start_iterations);
    visit(Option{"start-iterations", "", "Iterations given to each start", "Start"}, start_iterations);
    visit(Option{"start-particles", "", "Particles for each class that the starts are tried on; 0: all", "Start"},
          start_particles);
    visit(Option{"initial-resolution", "Å",
                 "Band limit of the first iterations; if not given, a third of the mask's diameter or, without one, an "
                 "eighth of the box",
                 "Start"},
          initial_resolution_A);
    visit(Option{"mask-diameter", "Å", "Diameter of the soft spherical mask; found from the average if not given",
                 "Regularisation"},
          mask_diameter_A);
    visit(Option{"limit-resolution", "Å", "Never align with shells beyond this resolution", "Regularisation"},
          limit_resolution_A);
    visit(Option{"folds", "", "Align each particle to the average of the other folds; 1: to the average of all",
                 "Regularisation"},
          folds);
    visit(Option{"join-resolution", "Å",
                 "Up to it the half-sets share their reference, which keeps them in one frame; twice the initial "
                 "resolution if not given",
                 "Regularisation"},
          join_resolution_A);
    visit(Option{"shift-window", "voxels",
                 "Search shifts only this near the last one (negative: all); if not given, half of --max-shift after "
                 "four iterations, and all in every fourth",
                 "Search"},
          shift_window_voxels);
    visit(Option{"posterior-floor", "", "Candidates less probable are not averaged", "Regularisation"},
          posterior_floor);
    visit(Option{"symmetry", "",
                 "Point group in RELION's axes, C1 to C99, D1 to D99, T, O, I (I1 to I4): one for all classes, or one "
                 "for each",
                 "Symmetry"},
          symmetry);
    visit(
        Option{"symmetry-axes", "",
               "given: references and poses lie in the group's axes; found: they are looked for in the average, which "
               "is then turned; auto: given with --reference, --poses or --fixed-poses",
               "Symmetry"},
        symmetry_axes);
    visit(Option{"symmetry-from", "",
                 "Look for the axes from this iteration on (0: in every start); the symmetry is imposed as soon as the "
                 "half-sets bear it out, or three iterations later",
                 "Symmetry"},
          symmetry_from);
    visit(Option{"symmetry-resolution", "Å", "Not before this resolution is reached, or the run ends", "Symmetry"},
          symmetry_resolution_A);
    visit(Option{"fixed-poses", "", "Keep the poses of the particle list: infer classes, not poses", "Start"},
          fixed_poses);
    visit(Option{"noise-per-shell", "", "Estimate the noise in each Fourier shell; otherwise one value",
                 "Regularisation"},
          noise_per_shell);
    visit(Option{"wiener", "", "Wiener filter from the half-set FSC", "Regularisation"}, wiener);
    model.describe(visit);
    align.describe(visit);
  }
};

}  // namespace tessera
