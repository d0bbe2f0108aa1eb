// SPDX-License-Identifier: GPL-3.0-or-later
// What each deviation from the published method is worth: from the default, one of its choices at a time put back to
// what [F] says; from the paper mode, one lever at a time put in. Reference-free averages of a phantom; correlation
// with the truth over that of the average at the true poses. Prints Markdown, a row as soon as its seeds are done.
//   ablation [particles] [snr] [seeds] [box] [default|paper]; SNR = var(signal)/var(noise) over the box
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <functional>

#include "tessera/align/compare.h"
#include "tessera/average/averager.h"
#include "tessera/average/paper.h"
#include "tessera/base/stopwatch.h"
#include "tests/science/program.h"
#include "tests/support/synthetic_particles.h"

using namespace tessera;

namespace {

struct Variant {
  const char* name;
  std::function<void(AverageOptions&)> change;
};

const std::vector<Variant> from_default = {
    {"default", [](AverageOptions&) {}},
    {"--volumes voronoi", [](AverageOptions& o) { o.model.volumes = "voronoi"; }},
    {"--volumes none", [](AverageOptions& o) { o.model.volumes = "none"; }},
    {"--imputation", [](AverageOptions& o) { o.model.imputation = true; }},
    {"--shift-prior", [](AverageOptions& o) { o.model.shift_prior = true; }},
    {"--posterior-noise", [](AverageOptions& o) { o.model.posterior_noise = true; }},
    {"--no-noise-per-shell", [](AverageOptions& o) { o.noise_per_shell = false; }},
    {"--no-wiener", [](AverageOptions& o) { o.wiener = false; }},
    {"--band nyquist", [](AverageOptions& o) { o.model.band = "nyquist"; }},
    {"--folds 1", [](AverageOptions& o) { o.folds = 1; }},
    {"--search magnitudes", [](AverageOptions& o) { o.align.search = "magnitudes"; }},
    {"--maxima-window 20 --candidates 50",
     [](AverageOptions& o) {
       o.align.maxima_window_deg = 20;
       o.align.candidates = 50;
     }},
    {"--bandwidth 36 --whole-band",
     [](AverageOptions& o) {
       o.align.bandwidth = 36;
       o.align.whole_band = true;
     }},
    {"--no-refine", [](AverageOptions& o) { o.align.refine = false; }},
    {"--no-mask-particles", [](AverageOptions& o) { o.model.mask_particles = false; }},
    {"--no-mask-references", [](AverageOptions& o) { o.model.mask_references = false; }},
    {"--no-recentre", [](AverageOptions& o) { o.model.recentre = false; }},
    {"--no-keep-pose", [](AverageOptions& o) { o.model.keep_pose = false; }},
    {"--start split", [](AverageOptions& o) { o.start = "split"; }},
    {"--start random", [](AverageOptions& o) { o.start = "random"; }},
    {"--method fa", [](AverageOptions& o) { o.method = "fa"; }},
};

const std::vector<Variant> from_paper = {
    {"--paper", [](AverageOptions&) {}},
    {"--mean-removed", [](AverageOptions& o) { o.align.mean_removed = true; }},
    {"--refine", [](AverageOptions& o) { o.align.refine = true; }},
    {"--refine --volumes laplace",
     [](AverageOptions& o) {
       o.align.refine = true;
       o.model.volumes = "laplace";
     }},
    {"--no-imputation", [](AverageOptions& o) { o.model.imputation = false; }},
    {"--noise-per-shell", [](AverageOptions& o) { o.noise_per_shell = true; }},
    {"--wiener", [](AverageOptions& o) { o.wiener = true; }},
    {"--band grown", [](AverageOptions& o) { o.model.band = "grown"; }},
    {"--folds 8", [](AverageOptions& o) { o.folds = 8; }},
    {"--mask-particles", [](AverageOptions& o) { o.model.mask_particles = true; }},
    {"--mask-references", [](AverageOptions& o) { o.model.mask_references = true; }},
    {"--recentre", [](AverageOptions& o) { o.model.recentre = true; }},
    {"--keep-pose", [](AverageOptions& o) { o.model.keep_pose = true; }},
    {"--no-shift-prior", [](AverageOptions& o) { o.model.shift_prior = false; }},
    {"--uniform-euler", [](AverageOptions& o) { o.model.uniform_euler = true; }},
    {"--start particles", [](AverageOptions& o) { o.start = "particles"; }},
    {"--start random", [](AverageOptions& o) { o.start = "random"; }},
    {"--start particles --no-imputation",
     [](AverageOptions& o) {
       o.start = "particles";
       o.model.imputation = false;
     }},
    {"--search phases --no-whole-band --bandwidth 0",
     [](AverageOptions& o) {
       o.align.search = "phases";
       o.align.whole_band = false;
       o.align.bandwidth = 0;
     }},
    {"--method fa", [](AverageOptions& o) {
       o.method = "fa";
       set_paper_mode(o);
     }}};

struct Settings {
  int particles = 30, seeds = 3, iterations = 10;
  double snr = 0.02;
  int64_t box = 24;
};

// The particles of one seed and the correlation at their true poses.
class Set {
 public:
  Set(const Settings& settings, int seed)
      : settings_(settings),
        context_{threads_, comm_, sink_, static_cast<uint64_t>(seed)},
        phantom_(synthetic::make_phantom(static_cast<double>(settings.box) / 4, 40, seed, 1.4)) {
    source_.count = settings.particles;
    source_.box = settings.box;
    source_.voxel_size_A = 10;
    source_.weights.push_back(FourierWeight::from_volume(synthetic::wedge(settings.box, 60)));
    for (int i = 0; i < settings.particles; ++i) poses_.push_back({synthetic::random_pose(seed, i, 1.5)});
    source_.load = [this, seed](int64_t i) {
      return synthetic::particle(phantom_, settings_.box, poses_[i].pose, source_.weights[0], settings_.snr, seed, i);
    };
    AverageOptions options;
    ceiling_ = correlation(average_at_poses(stack(options), poses_, options, context_)[0]);
  }
  Set(const Set&) = delete;

  double ratio(AverageOptions options) {
    ParticleStack particles = stack(options);
    return correlation(average_particles(particles, options, context_, nullptr).maps[0]) / ceiling_;
  }
  double ceiling() const { return ceiling_; }

 private:
  ParticleStack stack(const AverageOptions& options) {
    return {source_,
            {.mask_radius = stack_mask_radius(settings_.box, 10, options), .masked = options.model.mask_particles},
            context_};
  }
  double correlation(const AverageMaps& maps) {
    const Map truth{synthetic::render(phantom_, settings_.box, {}), 10};
    CompareOptions options;
    options.resolution_A = 30;
    return compare_maps({maps.map, 10}, truth, options, context_).same_hand.correlation_masked;
  }

  const Settings& settings_;
  Threads threads_{1};
  LocalComm comm_;
  SilentSink sink_;
  ExecContext context_;
  synthetic::Phantom phantom_;
  ParticleSource source_;
  std::vector<WeightedPose> poses_;
  double ceiling_ = 0;
};

void run(const std::vector<Variant>& variants, bool paper, const Settings& settings,
         std::vector<std::unique_ptr<Set>>& sets) {
  fmt::print("\n| {} | correlation, of that at true poses | s |\n|---|---|---|\n",
             paper ? "from the paper mode" : "from the default");
  for (const Variant& variant : variants) {
    AverageOptions options;
    options.align.max_shift_voxels = 2;
    options.starts = 2;
    options.iterations = settings.iterations;
    if (paper) set_paper_mode(options);
    variant.change(options);
    double sum = 0, square = 0;
    const Stopwatch watch;
    for (auto& set : sets) {
      const double ratio = set->ratio(options);
      sum += ratio;
      square += ratio * ratio;
    }
    const double seconds = watch.seconds();
    const auto count = static_cast<double>(sets.size());
    const double sd = std::sqrt(std::max(0.0, square - sum * sum / count) / std::max(1.0, count - 1));
    fmt::print("| {} | {:.3f} ± {:.3f} | {:.1f} |\n", variant.name, sum / count, sd, seconds / count);
    std::fflush(stdout);
  }
}

int run_words(const std::vector<std::string>& words) {
  Settings settings;
  if (words.size() > 0) settings.particles = std::stoi(words[0]);
  if (words.size() > 1) settings.snr = std::stod(words[1]);
  if (words.size() > 2) settings.seeds = std::stoi(words[2]);
  if (words.size() > 3) settings.box = std::stoi(words[3]);
  const std::string part = words.size() > 4 ? words[4] : "";
  std::vector<std::unique_ptr<Set>> sets;
  double ceiling = 0;
  for (int seed = 1; seed <= settings.seeds; ++seed) {
    sets.push_back(std::make_unique<Set>(settings, seed));
    ceiling += sets.back()->ceiling() / settings.seeds;
  }
  fmt::print("{} particles of {}³, SNR {:g}, ±60°, {} seeds; correlation at true poses {:.3f}\n", settings.particles,
             settings.box, settings.snr, settings.seeds, ceiling);
  if (part != "paper") run(from_default, false, settings, sets);
  if (part != "default") run(from_paper, true, settings, sets);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return science::run_program(argc, argv, run_words);
}
