// SPDX-License-Identifier: GPL-3.0-or-later
// What the E- and M-steps assume: each choice in which the default leaves [F], and the constants of [F]'s own choice.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "tessera/base/option.h"

namespace tessera {

struct ModelOptions {
  bool paper = false;               // a preset: average/paper.h
  std::string volumes = "laplace";  // of candidates in Eq. 4: laplace | voronoi (Eq. 5–6) | none
  int voronoi_samples = 10000;
  double voronoi_translation_weight = 1;
  bool uniform_euler = false;    // Voronoi samples by independent Euler angles, as printed
  bool imputation = false;       // Eq. 10 and 12 with their terms (1 − w)
  bool shift_prior = false;      // ζ of Eq. 13 and 15
  bool posterior_noise = false;  // σ² from all poses by their probability (Eq. 12) instead of the best
  std::string band = "grown";    // shells that align: grown from the half-set FSC, or nyquist
  double ridge = 1e-3;           // without Wiener filter and imputation: share of a shell's mean weight
  bool mask_particles = true;
  bool whiten = true;  // average/noise_shape.h
  bool mask_references = true;
  bool recentre = true;
  bool keep_pose = true;    // the pose of the iteration before is among the candidates
  bool reseed = true;       // classes that die
  bool class_split = true;  // average/class_split.h
  bool stop_at_rest = true;
  bool common_mean = true;  // average/common_mean.h
  bool all_poses = true;    // average/grid_expectation.h
  bool class_ends = true;   // average/class_ends.h
  double similarity = 0;    // average/similarity.h
  int similarity_iterations = 5;
  std::optional<double> temperature;  // none: 3 with several classes, 1 with one
  int temperature_iterations = 8;

  // Imputation fills in what was not observed by the noise of its shell.
  bool whitened() const { return whiten && !imputation; }
  // By which log-likelihoods are divided after so many of `iterations` iterations: falls geometrically to 1, in the
  // first half of them at the latest.
  double temperature_after(int iteration, int iterations, int classes) const {
    const double first = temperature.value_or(classes > 1 ? 3 : 1);
    return std::pow(first, std::max(0.0, 1 - static_cast<double>(iteration) / warm_iterations(iterations)));
  }
  int warm_iterations(int iterations) const { return std::max(1, std::min(temperature_iterations, iterations / 2)); }
  // Imputed sums weigh every component alike: nothing is to be bounded, and Eq. 10 stays exact.
  double ridge_share() const { return imputation ? 0 : ridge; }

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"paper", "",
                 "The published method, Equations 1 to 15: sets the options of this list and of the search "
                 "that differ from it, save those that are given",
                 "Model"},
          paper);
    visit(Option{"volumes", "",
                 "What a candidate pose stands for: laplace (width of its peak), voronoi (its cell among "
                 "the candidates) or none",
                 "Model"},
          volumes);
    visit(Option{"voronoi-samples", "", "Random poses that measure the cells of one particle's candidates", "Model"},
          voronoi_samples);
    visit(Option{"voronoi-translation-weight", "1/voxel²",
                 "Squared shift against the squared difference of rotation matrices in the distance of poses", "Model"},
          voronoi_translation_weight);
    visit(Option{"uniform-euler", "",
                 "Draw those poses by independent uniform Euler angles; otherwise uniform rotations", "Model"},
          uniform_euler);
    visit(Option{"imputation", "",
                 "Fill unobserved components of particles with the reference; otherwise weigh by what "
                 "was observed",
                 "Model"},
          imputation);
    visit(Option{"shift-prior", "", "Normal prior on shifts, its width estimated; otherwise uniform", "Model"},
          shift_prior);
    visit(Option{"posterior-noise", "", "Noise from every pose by its probability; otherwise from the best", "Model"},
          posterior_noise);
    visit(Option{"band", "", "Shells that align: grown with the half-set FSC, or nyquist for all", "Model"}, band);
    visit(Option{"ridge", "",
                 "Without the Wiener filter and imputation: what is added to weights, as a share of their shell's mean",
                 "Model"},
          ridge);
    visit(Option{"mask-particles", "", "Soft spherical mask on the particles", "Model"}, mask_particles);
    visit(Option{"whiten", "", "Even out noise that depends on the angle to the tilt axis within a shell", "Model"},
          whiten);
    visit(Option{"mask-references", "", "Soft spherical mask on the references", "Model"}, mask_references);
    visit(Option{"recentre", "", "Move averages to where their particles are boxed", "Model"}, recentre);
    visit(Option{"keep-pose", "", "The last pose of a particle is always among its candidates", "Model"}, keep_pose);
    visit(Option{"reseed", "", "Classes that die take particles of the largest", "Model"}, reseed);
    visit(
        Option{"class-split", "",
               "After the annealing a class that dies takes one of the two structures that another class turns out to "
               "be, if any does; otherwise, in the first half of the run, the worst half of the largest",
               "Model"},
        class_split);
    visit(Option{"stop-at-rest", "", "Stop when nothing changes; otherwise do all iterations", "Model"}, stop_at_rest);
    visit(Option{"common-mean", "",
                 "Estimate classes as the average of all plus what half-sets agree that each differs by; otherwise "
                 "each alone",
                 "Model"},
          common_mean);
    visit(Option{"all-poses", "",
                 "Once several classes have parted, weigh every pose of a grid for as long as particles are in doubt "
                 "between them; otherwise candidates alone",
                 "Model"},
          all_poses);
    visit(
        Option{"class-ends", "",
               "At the end of a run with several classes average each anew over all poses of its own particles, where "
               "that explains them better",
               "Model"},
        class_ends);
    visit(Option{"similarity", "",
                 "Hold classes alike at first: each gets this many times the mean of all added to its "
                 "own sums, in the first iteration",
                 "Model"},
          similarity);
    visit(Option{"similarity-iterations", "", "Iterations in which that falls to nothing", "Model"},
          similarity_iterations);
    visit(Option{"temperature", "",
                 "Divide log-likelihoods by this in the first iteration: classes that are alike part later and better; "
                 "if not given, 3 with several classes, 1 with one",
                 "Model"},
          temperature);
    visit(Option{"temperature-iterations", "",
                 "Iterations in which that falls to 1, at most half of all; shares of classes are equal meanwhile",
                 "Model"},
          temperature_iterations);
  }
};

}  // namespace tessera
