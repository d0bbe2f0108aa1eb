// SPDX-License-Identifier: GPL-3.0-or-later
// Template matching on simulated tomograms of the four built-in structures of examples/scenes/crowded_*.toml: F1 by
// class beside that of differences of Gaussians, then the ribosome from its picks: extracted, averaged at the poses
// that were picked and after alignment, and compared with the truth.
//   template_picking TOMOGRAM_FOLDER...    each as `tessera simulate tomogram` writes it with --defocus 4
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/pipeline/average.h"
#include "tessera/pipeline/compare.h"
#include "tessera/pipeline/extract.h"
#include "tests/science/picked.h"
#include "tests/science/program.h"
#include "tests/science/work_folder.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using namespace science;

const std::vector<std::string> four_structures = {"builtin:ribosome", "builtin:chaperonin", "builtin:proteasome",
                                                  "builtin:ferritin"};

void print_classes(const EvaluatePicksOutcome& matched, const EvaluatePicksOutcome& blobs) {
  fmt::print("{:<12} {:>5} {:>7} {:>10} {:>7} {:>7} {:>8} {:>15}\n", "class", "n", "picks", "precision", "recall", "F1",
             "error/Å", "F1 dog, as many");
  for (size_t i = 0; i < matched.scores.classes.size(); ++i) {
    const GroupScore& group = matched.scores.classes[i];
    fmt::print("{:<12} {:>5} {:>7} {:>10.3f} {:>7.3f} {:>7.3f} {:>8.1f} {:>15.3f}\n", matched.class_names[i],
               group.rates.particles, group.rates.picks, group.rates.precision(), group.rates.recall(), group.f1,
               group.error.median_A, blobs.scores.classes.at(i).f1);
  }
}

void print_map(const fs::path& map, const fs::path& truth, const char* what, ExecContext& context) {
  CompareRequest request;
  request.map = map.string();
  request.reference = truth.string();
  const HandComparison same = run_compare(request, context).comparison.same_hand;
  fmt::print("{:<32} correlation {:.3f}, FSC 0.5 {:.1f} Å, 0.143 {:.1f} Å\n", what, same.correlation_masked,
             same.fsc_half_A, same.fsc_0143_A);
}

// Cuts the first class of a list out of the tomogram and averages it at the poses of the list.
void average_at_poses(const fs::path& folder, const fs::path& list, const fs::path& work, ExecContext& context) {
  ExtractRequest extraction;
  extraction.tomogram = (folder / "tomogram.mrc").string();
  extraction.picks = list.string();
  extraction.classes = {1};
  extraction.extraction.box = 48;
  extraction.transfer = transfer_of(folder);
  extraction.output = (work / "particles").string();
  const ExtractOutcome extracted = run_extract(extraction, context);
  fmt::print("{}: {} ribosomes extracted, {} of them at the border\n", list.filename().string(), extracted.particles,
             extracted.padded.size());
  AverageRequest average;
  average.particles = (work / "particles/particles.star").string();
  average.poses = average.particles;
  average.output = (work / "at_poses").string();
  run_average(average, context);
}

void recover_ribosome(const fs::path& folder, const fs::path& work, const fs::path& picks, ExecContext& context) {
  average_at_poses(folder, folder / "truth.star", work / "true", context);
  print_map(work / "true/at_poses/class_1.mrc", folder / "truth_1.mrc", "averaged at the true poses", context);
  average_at_poses(folder, picks, work / "picked", context);
  print_map(work / "picked/at_poses/class_1.mrc", folder / "truth_1.mrc", "averaged at the poses picked", context);
  AverageRequest average;
  average.particles = (work / "picked/particles/particles.star").string();
  average.references = {(work / "picked/at_poses/class_1.mrc").string()};
  average.output = (work / "aligned").string();
  average.average.iterations = 6;
  run_average(average, context);
  print_map(work / "aligned/class_1.mrc", folder / "truth_1.mrc", "aligned from there", context);
}

void run(const fs::path& folder, const fs::path& work, ExecContext& context) {
  fs::create_directories(work);
  const fs::path picks = work / "picks.star", blobs = work / "dog.star";
  PickRequest request = by_template(folder, picks, four_structures);
  request.matching.match.symmetry = {"C1", "D7", "D7", "O"};
  const double seconds = processor_seconds_of([&] { run_pick(request, context); });
  const EvaluatePicksOutcome matched = judge(folder, picks, true, context);
  const PickRates& all = matched.scores.all;
  run_pick(by_differences(folder, blobs, all.particles), context);
  fmt::print("\n{}: {} particles, {} picks, {:.0f} s of processor; all classes F1 {:.3f}, average precision {:.3f}\n",
             folder.filename().string(), all.particles, all.picks, seconds, all.f_score(1),
             matched.scores.average_precision);
  print_classes(matched, judge(folder, blobs, false, context));
  recover_ribosome(folder, work, picks, context);
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, [](const std::vector<std::string>& words) {
    if (words.empty()) throw tessera::UserError("name folders that `tessera simulate tomogram` wrote");
    tessera::test::Workers workers(0);
    const tessera::science::WorkFolder work("template-picking", "");
    for (size_t i = 0; i < words.size(); ++i) tessera::run(words[i], work.path / std::to_string(i), workers.context);
    return 0;
  });
}
