// SPDX-License-Identifier: GPL-3.0-or-later
// One experiment on simulated particles: simulate, average, judge beside the average at the true poses and classes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tessera/base/class_scores.h"
#include "tessera/pipeline/average.h"
#include "tessera/pipeline/simulate_particles.h"

namespace tessera::science {

// What is to be reached; nothing set: the result is reported only.
struct Target {
  std::optional<double> correlation_ratio;   // of every map, at least, times that at true poses and classes
  std::optional<double> fsc_ratio;           // FSC-0.5 resolution of every map, at most, times that at true poses
  std::optional<double> most_misclassified;  // share of particles
};

struct Experiment {
  SimulateParticlesRequest simulation;  // its output is chosen here
  AverageRequest average;               // particles and output are chosen here
  double compare_A = 12;                // correlations are of maps low-passed to this
  std::vector<std::string> symmetry;    // of each structure, to score in its map; "" for none
  Target target;
};

struct MapScore {
  double correlation = 0, fsc_half_A = 0;  // as `tessera compare`: best rigid fit, same hand, inside the envelope
  std::optional<double> symmetry;          // [F] 3.2.3
};

struct StructureResult {
  std::string name;
  MapScore ceiling;               // average of this structure's particles at their true poses
  std::optional<MapScore> found;  // of the class matched to it; none where no class was
  double ratio() const { return found ? found->correlation / ceiling.correlation : 0; }
  double coarser() const { return found ? found->fsc_half_A / ceiling.fsc_half_A : 1e9; }
};

struct Outcome {
  std::vector<StructureResult> structures;
  ClassScores classes;                   // all right where one class was asked for and simulated
  double core_seconds = 0, seconds = 0;  // of the average alone: of all threads, by the clock
  int iterations = 0;
  std::string stop_reason;
};

bool reaches(const Outcome& outcome, const Target& target);

// The data of one seed, with its ceilings; methods are then run on the same particles.
class Trial {
 public:
  // Everything goes below `folder`, which is made. Ceilings use experiment.average with one class.
  Trial(const Experiment& experiment, const std::filesystem::path& folder, ExecContext& context);
  // `method`: experiment.average with other options; `name` names its folder.
  Outcome run(AverageRequest method, const std::string& name);
  // Any map beside the truth of a structure (from 0).
  MapScore judge(const std::filesystem::path& map, size_t structure) const;
  const StructureResult& ceiling(size_t structure) const { return ceilings_[structure]; }
  std::filesystem::path data() const { return folder_ / "data"; }                         // of `simulate particles`
  std::filesystem::path folder(const std::string& name) const { return folder_ / name; }  // of `average`

 private:
  std::filesystem::path particles_of(size_t structure) const;

  const Experiment& experiment_;
  std::filesystem::path folder_;
  ExecContext& context_;
  SimulateParticlesOutcome simulated_;
  std::vector<StructureResult> ceilings_;
};

}  // namespace tessera::science
