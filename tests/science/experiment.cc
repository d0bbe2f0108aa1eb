// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/science/experiment.h"

#include <ctime>

#include "tessera/base/stopwatch.h"
#include "tessera/io/particles.h"
#include "tessera/pipeline/compare.h"
#include "tessera/pipeline/evaluate_classes.h"

namespace tessera::science {
namespace fs = std::filesystem;

bool reaches(const Outcome& outcome, const Target& target) {
  const auto share = static_cast<double>(outcome.classes.misclassified) / static_cast<double>(outcome.classes.total);
  if (target.most_misclassified && share > *target.most_misclassified) return false;
  for (const StructureResult& structure : outcome.structures) {
    if (target.correlation_ratio && structure.ratio() < *target.correlation_ratio) return false;
    if (target.fsc_ratio && structure.coarser() > *target.fsc_ratio) return false;
  }
  return true;
}

Trial::Trial(const Experiment& experiment, const fs::path& folder, ExecContext& context)
    : experiment_(experiment), folder_(folder), context_(context) {
  SimulateParticlesRequest simulation = experiment.simulation;
  simulation.output = folder_ / "data";
  simulated_ = run_simulate_particles(simulation, context);
  for (size_t i = 0; i < simulation.structures.size(); ++i) {
    AverageRequest request = experiment.average;
    request.average.classes = 1;
    request.particles = request.poses = particles_of(i);
    request.output = folder_ / fmt::format("ceiling_{}", i + 1);
    run_average(request, context);
    ceilings_.push_back({fs::path(simulation.structures[i]).filename().string(), {}, {}});
    ceilings_.back().ceiling = judge(fs::path(request.output) / "class_1.mrc", i);
  }
}

// A list of the particles of one structure alone at their true poses, all of class 1.
fs::path Trial::particles_of(size_t structure) const {
  const fs::path star = folder_ / "data" / fmt::format("particles_of_{}.star", structure + 1);
  ParticleSet set = read_particles(folder_ / "data" / "truth.star");
  std::erase_if(set.particles,
                [&](const Particle& particle) { return particle.class_number != static_cast<int>(structure) + 1; });
  for (Particle& particle : set.particles) particle.class_number = 1;
  write_particles(star, set);
  return star;
}

MapScore Trial::judge(const fs::path& map, size_t structure) const {
  CompareRequest request;
  request.map = map;
  request.reference = folder_ / "data" / fs::path(simulated_.classes[structure].truth_map).filename();
  request.compare.resolution_A = experiment_.compare_A;
  if (structure < experiment_.symmetry.size()) request.compare.symmetry = experiment_.symmetry[structure];
  const Comparison comparison = run_compare(request, context_).comparison;
  MapScore score{comparison.same_hand.correlation_masked, comparison.same_hand.fsc_half_A, {}};
  if (comparison.symmetry) score.symmetry = comparison.symmetry->correlation;
  return score;
}

Outcome Trial::run(AverageRequest method, const std::string& name) {
  method.particles = folder_ / "data" / "particles.star";
  method.output = folder(name);
  const std::clock_t core_start = std::clock();
  const Stopwatch watch;
  const AverageOutcome average = run_average(method, context_);
  Outcome out;
  out.core_seconds = static_cast<double>(std::clock() - core_start) / CLOCKS_PER_SEC;
  out.seconds = watch.seconds();
  out.iterations = average.iterations;
  out.stop_reason = average.stop_reason;
  EvaluateClassesRequest evaluation;
  evaluation.result = fs::path(method.output) / "particles.star";
  evaluation.truth = folder_ / "data" / "truth.star";
  out.classes = run_evaluate_classes(evaluation, context_).scores;
  out.structures = ceilings_;
  for (const ClassScore& score : out.classes.classes) {
    const auto structure = static_cast<size_t>(score.true_class - 1);
    if (!score.matched || structure >= out.structures.size()) continue;  // empty boxes have no map
    const fs::path map = fs::path(method.output) / fmt::format("class_{}.mrc", score.found_class);
    out.structures[structure].found = judge(map, structure);
  }
  return out;
}

}  // namespace tessera::science
