// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/grid_expectation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "tessera/average/marginal.h"
#include "tessera/average/share_assignments.h"
#include "tessera/base/errors.h"
#include "tessera/base/stopwatch.h"
#include "tessera/base/units.h"
#include "tessera/parallel/blocks.h"

namespace tessera {
namespace {

double cube(double edge) {
  return edge * edge * edge;
}

constexpr double least_doubt = 0.01;
constexpr double least_spread = 10;  // effective poses of a particle, as the draws from a grid have them
constexpr double least_probability = 1e-6;

// The share of particles expected in a wrong class, as their posteriors have it.
double doubt(const std::vector<Assignment>& assignments, int classes) {
  double out = 0;
  for (const Assignment& one : assignments) {
    std::vector<double> share(classes);
    for (const WeightedPose& p : one.poses) share[p.class_index] += p.probability;
    out += 1 - *std::max_element(share.begin(), share.end());
  }
  return out / static_cast<double>(assignments.size());
}

// Posteriors spread over more poses than candidates stand for: as the grid before found, or not looked at yet.
bool may_be_wide(const std::vector<IterationReport>& reports) {
  if (reports.empty() || reports.back().temperature > 1) return true;
  return reports.back().pose_grid_degrees > 0 && !grid_found_narrow(reports);
}

// Half the shells, on which translations look alike twice as far, with the degrees that resolve them.
PoseGrid half_of(const PoseGrid& grid) {
  const int64_t shells = std::max<int64_t>(std::min<int64_t>(4, grid.shells), grid.shells / 2);
  const auto degrees = static_cast<int>(grid.degrees * shells / grid.shells);
  return {degrees + 2 + degrees % 2, shells, grid.max_shift_voxels};
}

// The references of all classes and folds on one grid.
class GridReferences {
 public:
  GridReferences(const ExpectationInput& input, const PoseGrid& grid, ExecContext& context)
      : input_(input),
        max_shift_(std::max(grid.max_shift_voxels, 0.5)),
        covering_radius_(0.35 * static_cast<double>(input.stack.box()) / static_cast<double>(grid.shells)),
        search_(input.stack.box(), grid.degrees, static_cast<int>(grid.shells),
                translation_ball(grid.max_shift_voxels, covering_radius_)),
        model_(search_, input.stack.weights(), input.aligners[0][0]->noise_variance()),
        references_(input.aligners[0].size()) {
    for (size_t k = 0; k < input.aligners.size(); ++k)
      if (input.class_prior[k] > 0) classes_.push_back(static_cast<int>(k));
    for (const int k : classes_) log_prior_.push_back(std::log(input.class_prior[k]));
    const FourierWeight all = FourierWeight::uniform(input.stack.box());
    context.threads.for_each(std::ssize(references_), [&](int64_t fold, int) {
      RotationSearch::Workspace work;
      for (const int k : classes_) {
        search_.shifted_harmonics(search_.sample_particle(input.aligners[k][fold]->reference(), all), 0, work.harmonics,
                                  work);
        references_[fold].push_back(model_.reference(work.harmonics, input.posterior.temperature));
      }
    });
  }

  // Of everything. Classes are counted without the empty ones.
  MarginalParticle posterior(int64_t i, MarginalModel::Workspace& work) const {
    return posterior(i, log_prior_, {}, work);
  }

  // Of what a coarser grid does not rule out.
  MarginalParticle posterior(int64_t i, const MarginalParticle& said, const GridReferences& coarse,
                             MarginalModel::Workspace& work) const {
    std::vector<double> log_prior = log_prior_;
    for (size_t c = 0; c < classes_.size(); ++c)
      if (said.class_probability[c] <= least_probability) log_prior[c] = -std::numeric_limits<double>::infinity();
    return posterior(i, log_prior, translations_near(said, coarse), work);
  }

  // Between the mean over all poses and the sum over candidates with the Laplace volumes of their peaks, both of six
  // dimensions: log 8π²·(4/3)πr³/(2π)³.
  double log_poses() const { return std::log(8 * pi * pi * 4 / 3 * pi * cube(max_shift_) / cube(2 * pi)); }

  // Poses drawn from the posterior that `work` holds.
  std::vector<WeightedPose> draw(const MarginalParticle& said, Random& random,
                                 const MarginalModel::Workspace& work) const {
    std::vector<WeightedPose> out = model_.draw(said, PoseGrid::draws, random, work);
    std::vector<double> drawn(classes_.size());
    for (const WeightedPose& p : out) drawn[p.class_index] += p.probability;
    double kept = 0;
    for (WeightedPose& p : out) {
      p.probability *= said.class_probability[p.class_index] / drawn[p.class_index];
      kept += p.probability;
      p.class_index = classes_[p.class_index];
    }
    for (WeightedPose& p : out) p.probability /= kept;
    sort_poses(out);
    return out;
  }

 private:
  MarginalParticle posterior(int64_t i, const std::vector<double>& log_prior, const std::vector<int>& looked_at,
                             MarginalModel::Workspace& work) const {
    const SphereSamples samples =
        search_.sample_particle(input_.stack.padded(i, search_.shells() + 1), input_.stack.weight(i));
    return model_.expect(samples, input_.stack.group(i), references_[input_.fold_of[i]], log_prior, looked_at, nullptr,
                         work);
  }

  // Translations beside those that a coarser grid finds likely, the likeliest first to be kept where not all fit.
  std::vector<int> translations_near(const MarginalParticle& said, const GridReferences& coarse) const {
    const std::vector<Vec3>&here = search_.translations(), &there = coarse.search_.translations();
    std::vector<std::pair<double, int>> found;
    for (int t = 0; t < std::ssize(here); ++t) {
      double probability = 0;
      for (size_t c = 0; c < there.size(); ++c)
        if ((here[t] - there[c]).norm() <= coarse.covering_radius_)
          probability = std::max(probability, said.translation_probability[c]);
      if (probability > least_probability) found.emplace_back(-probability, t);
    }
    std::sort(found.begin(), found.end());
    const auto bytes = static_cast<double>(classes_.size() * search_.correlator().grid_size() * sizeof(float));
    found.resize(std::min(found.size(), std::max<size_t>(1, static_cast<size_t>(PoseGrid::posterior_bytes / bytes))));
    std::vector<int> out;
    for (const auto& [probability, t] : found) out.push_back(t);
    std::sort(out.begin(), out.end());
    return out;
  }

  const ExpectationInput& input_;
  double max_shift_, covering_radius_;  // no shift is further from a translation, voxels
  RotationSearch search_;
  MarginalModel model_;
  std::vector<int> classes_;  // those that are not empty
  std::vector<double> log_prior_;
  std::vector<std::vector<MarginalModel::Reference>> references_;  // [fold][class]
};

// From the posterior that `work` holds.
Assignment assignment(const ExpectationInput& input, int64_t i, const GridReferences& grid,
                      const MarginalParticle& said, uint64_t seed, const MarginalModel::Workspace& work) {
  Random random(seed, "draws from the grid", static_cast<uint64_t>(i));
  Assignment out;
  out.poses = grid.draw(said, random, work);
  out.log_likelihood = said.log_evidence + grid.log_poses();
  const auto particle = input.stack.particle(i);
  WeightedPose& best = out.poses.front();
  const Aligner& aligner = *input.aligners[best.class_index][input.fold_of[i]];
  const RefinedPose refined = aligner.refine(*particle, input.stack.group(i), best.pose);
  best = {refined.pose, best.probability, best.class_index, refined.score.log_likelihood_ratio(),
          refined.half_log_determinant};
  out.correlation = refined.score.correlation();
  out.residual = residual_of(input.stack, i, *particle, aligner, refined.pose);
  return out;
}

}  // namespace

bool grid_found_narrow(const std::vector<IterationReport>& reports) {
  const auto last =
      std::find_if(reports.rbegin(), reports.rend(), [](const auto& r) { return r.pose_grid_degrees > 0; });
  return last != reports.rend() && last->effective_candidates <= least_spread;
}

std::optional<PoseGrid> grid_of_poses(const ParticleStack& stack, const AverageOptions& options,
                                      const AverageState& state, double temperature) {
  const ModelOptions& model = options.model;
  if (!model.all_poses || options.method != "faml" || options.classes < 2 || options.fixed_poses || model.imputation ||
      model.shift_prior || model.volumes != "laplace" || temperature > 1)
    return std::nullopt;
  if (doubt(state.assignments, options.classes) <= least_doubt && !may_be_wide(state.reports)) return std::nullopt;
  const int degrees =
      bandwidth_for(state.largest_mask_radius(), state.band_limit, stack.box(), PoseGrid::most_degrees + 2);
  if (degrees > PoseGrid::most_degrees) return std::nullopt;
  return PoseGrid{degrees, state.band_limit, options.align.max_shift_voxels};
}

std::vector<Assignment> expectation_over_grid(const ExpectationInput& input, const PoseGrid& grid, ExecContext& context,
                                              const std::string& title, ExpectationTimes* times) {
  const ParticleStack& stack = input.stack;
  const GridReferences fine(input, grid, context);
  const GridReferences coarse(input, half_of(grid), context);
  const std::vector<int64_t> mine = Blocks(stack.count()).items_of(context.comm);
  std::vector<Assignment> out(stack.count());
  struct Workspace {
    MarginalModel::Workspace grid;
    Aligner::Workspace candidates;
  };
  std::vector<Workspace> work(context.threads.count());
  Progress progress(context.sink, title, std::ssize(mine));
  std::mutex mutex;
  context.threads.for_each(std::ssize(mine), [&](int64_t item, int worker) {
    if (context.stop_requested()) throw Interrupted("stopped by request");
    const int64_t i = mine[item];
    Stopwatch watch;
    const MarginalParticle roughly = coarse.posterior(i, work[worker].grid);
    const MarginalParticle said = fine.posterior(i, roughly, coarse, work[worker].grid);
    const double on_grid = watch.lap();
    const bool narrow = said.effective_poses < PoseGrid::least_effective_poses;
    out[i] = narrow ? assign(input, i, context.seed, work[worker].candidates)
                    : assignment(input, i, fine, said, context.seed, work[worker].grid);
    std::lock_guard lock(mutex);
    if (times) {
      times->rotation += on_grid;
      if (!narrow) times->refinement += watch.lap();
    }
    progress.advance();
  });
  share_assignments(out, mine, context.comm);
  return out;
}

}  // namespace tessera
