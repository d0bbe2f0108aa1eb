// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/marginal_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "tessera/average/annealing.h"
#include "tessera/average/convergence.h"
#include "tessera/average/recentre.h"
#include "tessera/average/reference_set.h"
#include "tessera/base/stopwatch.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

// `count` of the pool, ascending.
std::vector<int64_t> sample_of(std::vector<int64_t> pool, int64_t count, uint64_t seed) {
  Random random(seed, "marginal start particles");
  for (int64_t i = 0; i < count; ++i) std::swap(pool[i], pool[i + static_cast<int64_t>(random.below(pool.size() - i))]);
  pool.resize(count);
  std::sort(pool.begin(), pool.end());
  return pool;
}

// Nats on a particle's rotation that make an average worth keeping (docs/decisions.md).
constexpr double condensed_information = 2;

int shells_for(const ParticleStack& stack, const AverageOptions& options, int degrees, double radius) {
  const double shells = options.initial_resolution_A
                            ? static_cast<double>(stack.box()) * stack.voxel_size_A() / *options.initial_resolution_A
                            : (degrees - 2) * static_cast<double>(stack.box()) / (2 * pi * radius);
  return static_cast<int>(std::clamp<int64_t>(std::lround(shells), 4, highest_shell(stack, options)));
}

// What a start shares between its rounds.
struct Setting {
  ParticleStack& stack;
  const AverageOptions& options;
  const MarginalStartOptions& start;
  StartLog& log;
  ExecContext& context;
  std::vector<int64_t> members;

  std::unique_ptr<Annealing> annealing(int degrees, int shells, double radius) const {
    return std::make_unique<Annealing>(stack, options, members, degrees, shells, radius, start.folds, context);
  }
  void report(const std::string& what, const Annealing& of, double ridge, double temperature, const Expected& said,
              int64_t particles) const {
    log.add({"all poses" + start.of_class + ", " + what, particles, options.classes, of.search().shells(), temperature,
             ridge, said.information, said.effective_poses});
    context.sink.message(
        Severity::debug,
        fmt::format("start{}, {}: ridge {:.3f}, temperature {:.2f}, log-evidence {:.3f}, information on rotations "
                    "{:.3f}, effective poses {:.0f}, own share {:.2f} nats",
                    start.of_class, what, ridge, temperature, said.log_evidence, said.information, said.effective_poses,
                    said.own_nats));
  }
};

// From a round average.
double found_radius(const Setting& setting, double outer_radius) {
  const int degrees = setting.start.degrees / 2;
  const auto round =
      setting.annealing(degrees, shells_for(setting.stack, setting.options, degrees, outer_radius / 2), outer_radius);
  round->scatter();
  for (int i = 1; i <= 4; ++i) {
    const Expected said = round->iterate(1, 1);
    setting.report(fmt::format("radius {}", i), *round, 1, 1, said, std::ssize(setting.members));
  }
  return round->radius(outer_radius);
}

struct Annealed {
  std::unique_ptr<Annealing> particles;
  std::unique_ptr<Annealing> scout;  // before the finer iterations; none if there were none
  Expected said;
  double ridge = 0;
};

// Cools until an average has condensed, with half the degrees while it is round, and holds it while it improves; where
// posteriors stay wide, no few poses stand for a particle, and iterations on finer and colder grids use what more of
// its components say.
Annealed anneal(const Setting& setting, double radius) {
  const MarginalStartOptions& start = setting.start;
  const int shells = shells_for(setting.stack, setting.options, start.degrees, radius);
  AnnealingSchedule schedule;
  auto particles = setting.annealing(start.degrees / 2, shells, radius);
  particles->scatter();
  std::unique_ptr<Annealing> round;
  Progress progress(setting.context.sink, "start" + start.of_class, start.iterations);
  Expected said;
  double ridge = 0, temperature = 1;
  for (int iteration = 1; iteration <= start.iterations; ++iteration) {
    const bool stirs = !round && schedule.stirs();
    if (stirs) {
      round = std::exchange(particles, setting.annealing(start.degrees, shells, radius));
      schedule.reheat();
    }
    ridge = schedule.ridge();
    temperature = schedule.temperature();
    said = particles->iterate(ridge, temperature, stirs ? round.get() : nullptr);
    setting.report(fmt::format("iteration {}", iteration), *particles, ridge, temperature, said,
                   std::ssize(setting.members));
    progress.advance();
    if (!schedule.next(said)) break;
  }
  std::unique_ptr<Annealing> scout;
  for (int step = 1; step <= start.finer_steps && said.effective_poses > most_effective_candidates; ++step) {
    const int degrees = start.degrees_after(step);
    auto finer = setting.annealing(degrees, shells_for(setting.stack, setting.options, degrees, radius), radius);
    temperature = std::max(1.0, 0.5 * temperature);
    said = finer->iterate(ridge, temperature, particles.get());
    setting.report(fmt::format("finer {}", step), *finer, ridge, temperature, said, std::ssize(setting.members));
    particles.swap(finer);
    if (!scout) scout = std::move(finer);
  }
  return {std::move(particles), std::move(scout), said, ridge};
}

// Nats a particle: its evidence under the average that lacks it, less what may be its echo.
double explained(const Setting& setting, double radius, const Annealing& average, double ridge,
                 const std::string& what) {
  constexpr double echo_share = 0.25;
  const int degrees = setting.start.degrees;
  const auto grid = setting.annealing(degrees, shells_for(setting.stack, setting.options, degrees, radius), radius);
  const Expected said = grid->iterate(ridge, 1, &average);
  setting.report(what, *grid, ridge, 1, said, std::ssize(setting.members));
  return said.log_evidence - echo_share * said.own_nats;
}

// Whether the poses of another start explain particles better. They become averages like those that were annealed by an
// iteration at temperature 1, after which a particle's echo is known, and one above, in which it is held.
bool is_beaten(const Setting& setting, double radius, const Annealed& annealed, const std::vector<Assignment>& rival) {
  const int degrees = setting.start.degrees;
  const auto other = setting.annealing(degrees, shells_for(setting.stack, setting.options, degrees, radius), radius);
  other->place(rival);
  for (const double temperature : {1.0, 1.5}) {
    const Expected said = other->iterate(annealed.ridge, temperature);
    setting.report("of the best start", *other, annealed.ridge, temperature, said, std::ssize(setting.members));
  }
  const double own = explained(setting, radius, *annealed.particles, annealed.ridge, "compared");
  const double others = explained(setting, radius, *other, annealed.ridge, "compared, of the best start");
  setting.context.sink.message(Severity::info, fmt::format("evidence of a particle: {:.1f} nats from the average over "
                                                           "all poses, {:.1f} from the best start",
                                                           own, others));
  return others > own;
}

}  // namespace

bool tries_marginal_start(const AverageOptions& options) {
  if (options.start != "auto") return options.start == "marginal";
  return options.method == "faml" && options.classes == 1 && options.symmetry.empty() && !options.fixed_poses;
}

MarginalStart marginal_start(ParticleStack& stack, const std::vector<int64_t>& pool, const AverageOptions& options,
                             double outer_radius, StartLog& log, ExecContext& context,
                             const std::vector<Assignment>* rival, const MarginalStartOptions& start) {
  const int64_t most = static_cast<int64_t>(options.start_particles) * options.classes;
  const int64_t count = options.start_particles > 0 ? std::min(most, std::ssize(pool)) : std::ssize(pool);
  const Setting setting{stack, options, start, log, context, sample_of(pool, count, context.seed)};
  const double radius = options.mask_diameter_A ? outer_radius : found_radius(setting, outer_radius);
  Annealed annealed = anneal(setting, radius);
  MarginalStart result;
  result.condensed = annealed.said.information >= condensed_information;
  result.beaten = result.condensed && rival && is_beaten(setting, radius, annealed, *rival);
  if (result.beaten || (rival && !result.condensed)) return result;
  Expected said;
  AverageState& out = result.state;
  out.noise_variance = stack.observed_variance();
  out.band_limit = annealed.particles->search().shells();
  out.summed_shells = shells_to_sum(stack, out.band_limit);
  const Stopwatch watch;
  out.assignments = annealed.particles->draw(pool, annealed.ridge, start.draws, said, annealed.scout.get());
  const auto share = occupancies(out.assignments, options.classes);
  for (int k = 0; k < options.classes; ++k) {
    out.classes.push_back({share[k], radius});
    move_reference(out.assignments, k, mean_offset(out.assignments, k), options.align.max_shift_voxels);
  }
  const double extent = static_cast<double>(stack.box()) * stack.voxel_size_A();
  context.sink.message(
      Severity::info,
      fmt::format("start{} over all poses to {:.0f} Å: radius {:.0f} Å, {:.1f} nats on the rotation of a "
                  "particle, {:.0f} effective poses",
                  start.of_class, extent / static_cast<double>(out.band_limit), radius * stack.voxel_size_A(),
                  said.information, said.effective_poses));
  if (said.effective_poses <= most_effective_candidates) {
    setting.report("draws", *annealed.particles, annealed.ridge, 1, said, std::ssize(pool));
    return result;
  }
  IterationReport& line = out.reports.emplace_back();
  line.iteration = out.iteration = 1;
  line.of_start = true;
  line.pose_grid_degrees = annealed.particles->search().bandwidth();
  line.band_limit = out.band_limit;
  line.band_limit_A = extent / static_cast<double>(out.band_limit);
  line.mean_log_likelihood = said.log_evidence;
  line.effective_candidates = said.effective_poses;
  line.mask_radius_A = radius * stack.voxel_size_A();
  line.expectation_seconds = watch.seconds();
  return result;
}

}  // namespace tessera
