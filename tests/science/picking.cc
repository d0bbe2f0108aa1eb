// SPDX-License-Identifier: GPL-3.0-or-later
// Differences of Gaussians on simulated tomograms: F against σ₁ as in [P] 4.1.2, and classes by default settings.
//   picking [TOMOGRAM_FOLDER...]    each as `tessera simulate tomogram` writes it; none: a scene of built-in structures
// "as many": the best N picks for N particles, where precision, recall and F are one number; "own": as many as the
// method's own threshold lets through. A hit lies within the particle's radius, or within half of it.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tessera/pipeline/evaluate_picks.h"
#include "tessera/pipeline/pack.h"
#include "tessera/pipeline/pick.h"
#include "tessera/pipeline/simulate_tomogram.h"
#include "tests/science/program.h"
#include "tests/science/work_folder.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr double sweep_A[] = {20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 80};

struct Bench {
  fs::path tomogram, truth, list;
  ExecContext& context;
  int particles = 0;

  // Scores the picks of a request with hits within that share of the radius.
  EvaluatePicksOutcome judge(double share) const {
    EvaluatePicksRequest judging;
    judging.picks = list.string();
    judging.truth = truth.string();
    judging.tomogram = tomogram.string();
    judging.radius_share = share;
    return run_evaluate_picks(judging, context);
  }
  bool pick(PickRequest request) const {
    request.tomogram = tomogram.string();
    request.output = list.string();
    try {
      run_pick(request, context);
      return true;
    } catch (const UserError&) {  // nothing reached the threshold, or the scale does not fit
      return false;
    }
  }
};

PickRequest paper(double sigma_A) {
  PickRequest request;
  request.paper = true;
  request.dog.sigma_A = {sigma_A};
  apply_preset(request);
  return request;
}

void print_row(const Bench& bench, const std::string& name, PickRequest request) {
  std::string line = fmt::format("{:>12}", name);
  const bool own = bench.pick(request);
  const EvaluatePicksOutcome mine = own ? bench.judge(1) : EvaluatePicksOutcome();
  line += fmt::format(" {:7} {:9.3f} {:7.3f} {:7.3f} {:7.3f}", mine.scores.all.picks, mine.scores.all.precision(),
                      mine.scores.all.recall(), mine.scores.all.f_score(1), mine.scores.all.f_score(4));
  request.count = bench.particles;
  if (bench.pick(request)) {
    const EvaluatePicksOutcome whole = bench.judge(1), half = bench.judge(0.5);
    line += fmt::format(" {:9} {:7.3f} {:7.3f} {:7.3f} {:7.1f} {:7.3f} {:7.3f}", whole.scores.all.picks,
                        whole.scores.all.f_score(1), whole.chance_f1, whole.scores.average_precision,
                        whole.scores.error.median_A, half.scores.all.f_score(1), half.chance_f1);
  }
  fmt::print("{}\n", line);
}

void print_classes(const Bench& bench) {
  PickRequest as_many;
  as_many.count = bench.particles;
  if (!bench.pick(as_many)) return;
  const EvaluatePicksOutcome best = bench.judge(1);
  PickRequest published;
  double best_sigma = 0, best_f = -1;
  for (const double sigma : sweep_A) {
    published = paper(sigma);
    published.count = bench.particles;
    if (!bench.pick(published)) continue;
    const double f = bench.judge(1).scores.all.f_score(1);
    if (f > best_f) {
      best_f = f;
      best_sigma = sigma;
    }
  }
  published = paper(best_sigma);
  published.count = bench.particles;
  if (!bench.pick(published)) return;
  const EvaluatePicksOutcome other = bench.judge(1);
  fmt::print("\nby class, as many picks as particles   default         paper, σ₁ {:.0f} Å\n", best_sigma);
  fmt::print("{:<28} {:>5}  {:>7} {:>7}  {:>7} {:>7}  {}\n", "class", "n", "recall", "F1", "recall", "F1",
             "median error/Å");
  for (size_t i = 0; i < best.scores.classes.size(); ++i) {
    const GroupScore &a = best.scores.classes[i], &b = other.scores.classes.at(i);
    fmt::print("{:<28} {:>5}  {:>7.3f} {:>7.3f}  {:>7.3f} {:>7.3f}  {:>7.1f}\n", best.class_names[i], a.rates.particles,
               a.rates.recall(), a.f1, b.rates.recall(), b.f1, a.error.median_A);
  }
}

void run(const fs::path& folder, const fs::path& work, ExecContext& context) {
  Bench bench{folder / "tomogram.mrc", folder / "truth.star", work / "picks.star", context};
  bench.particles = static_cast<int>(read_particles(bench.truth).particles.size());
  fmt::print("\n{}: {} particles\n{:>12} {:<41} | {:<49} | half the radius\n", folder.filename().string(),
             bench.particles, "", "own threshold", "as many picks as particles");
  fmt::print("{:>12} {:>7} {:>9} {:>7} {:>7} {:>7} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7}\n", "σ₁/Å", "picks",
             "precision", "recall", "F1", "F4", "picks", "F", "chance", "AP", "error/Å", "F", "chance");
  for (const double sigma : sweep_A) print_row(bench, fmt::format("paper {:.0f}", sigma), paper(sigma));
  print_row(bench, "default", {});
  print_classes(bench);
}

// Four structures, a tenth of the volume, SNR 0.1.
fs::path make_tomogram(const fs::path& work, ExecContext& context) {
  fs::create_directories(work);
  std::ofstream scene(work / "scene.toml");
  scene << "box_A = [1200, 1200, 800]\nvoxel_size_A = 10\n";
  for (const char* name : {"ribosome", "chaperonin", "proteasome", "ferritin"})
    scene << fmt::format("[[species]]\nstructure = \"builtin:{}\"\nvolume_percent = 2.5\n", name);
  scene.close();
  PackRequest packing;
  packing.scene_file = (work / "scene.toml").string();
  packing.output = (work / "packed").string();
  load_scene(packing);
  run_pack(packing, context);
  SimulateTomogramRequest imaging;
  imaging.scene = packing.output;
  imaging.tilts.noise = "gaussian";
  imaging.tilts.snr = 0.1;
  imaging.truth_maps = false;
  imaging.output = (work / "builtin").string();
  run_simulate_tomogram(imaging, context);
  return work / "builtin";
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, [](const std::vector<std::string>& words) {
    tessera::test::Workers workers(0);
    const tessera::science::WorkFolder work("picking", "");
    std::filesystem::create_directories(work.path);
    if (words.empty()) tessera::run(tessera::make_tomogram(work.path, workers.context), work.path, workers.context);
    for (const std::string& folder : words) tessera::run(folder, work.path, workers.context);
    return 0;
  });
}
