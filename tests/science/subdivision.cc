// SPDX-License-Identifier: GPL-3.0-or-later
// Table 2 of [S]: accuracy of telling 22 complexes and empty boxes apart, by method, SNR and tilt range. Resumable.
//   subdivision [--snr 0.1 0.05] [--tilt 60] [--methods residual3d fresh inception3d dsrf3d rif-svm] [--copies 60]
//               [--structure FILE...] [--epochs 0] [--seed 1] [--threads 1] --output FOLDER
// Structures: those named, else the panel of 22 under $TESSERA_DATA, else the built-in ones. Every cell simulates twice
// `copies` boxes of each class (40³ at 9.2 Å, splat alone, defocus 5 µm, Cs 2 mm, as [S] 3.1.1) and trains on one half,
// tests on the other. fresh: residual3d on particles simulated anew, its halves for choosing the epoch and test. Cells
// that FOLDER/results.json has are kept; a training that was stopped goes on. The table is printed at the end.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>

#include "tessera/base/stopwatch.h"
#include "tessera/cli/option_parser.h"
#include "tessera/io/atomic_file.h"
#include "tessera/pipeline/train.h"
#include "tessera/subdivide/invariant_features.h"
#include "tessera/subdivide/svm.h"
#include "tests/science/program.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr const char* panel[] = {"groel_1oel.pdb.gz",
                                 "groel_groes_1aon.pdb.gz",
                                 "proteasome20s_1pma.pdb.gz",
                                 "ribosome70s.pdb.gz",
                                 "apoferritin_6z6u.pdb.gz",
                                 "rubisco_1bxn.pdb.gz",
                                 "glutamine_synthetase_2gls.pdb.gz",
                                 "aminopeptidase_1gyt.pdb.gz",
                                 "enolase_1w6t.pdb.gz",
                                 "atcase_7at1.pdb.gz",
                                 "atp_synthase_5dn6.pdb.gz",
                                 "rna_polymerase_5nss.pdb.gz",
                                 "cand1_cul1_1u6g.pdb.gz",
                                 "p97_3cf3.pdb.gz",
                                 "hsp110_hsp70_3d2f.pdb.gz",
                                 "hsluv_1g3i.pdb.gz",
                                 "rna_polymerase2_1wcm.pdb.gz",
                                 "thermosome_1a6d.pdb.gz",
                                 "hsp90_2cg9.pdb.gz",
                                 "cav1_channel_5gjv.pdb.gz",
                                 "nucleosome_3kuy.pdb.gz",
                                 "fumarase_3e04.cif.gz"};

struct GridOptions {
  std::vector<double> snr{0.1, 0.05}, tilt{60};
  std::vector<std::string> methods{"residual3d", "fresh", "inception3d", "dsrf3d", "rif-svm"}, structures;
  int copies = 60, epochs = 0, threads = 1;
  uint64_t seed = 1;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"snr", "", "Signal-to-noise ratios", "Grid"}, snr);
    visit(Option{"tilt", "degrees", "Ends of the tilt range", "Grid"}, tilt);
    visit(Option{"methods", "",
                 "residual3d, fresh, inception3d, dsrf3d, their -0.7 (dropout as the public code), rif-svm", "Grid"},
          methods);
    visit(Option{"copies", "", "Boxes of each class to train on, and as many to test", "Grid"}, copies);
    visit(Option{"structure", "file", "Instead of the panel", "Grid"}, structures);
    visit(Option{"epochs", "", "Of the networks; 0: their own", "Grid"}, epochs);
    visit(Option{"seed", "", "Of data and training", "Grid"}, seed);
    visit(Option{"threads", "", "Worker threads", "Grid"}, threads);
    visit(Option{"output", "folder", "Data, models and results", "Grid"}, output);
  }
};

std::vector<std::string> structures_of(const GridOptions& options) {
  if (!options.structures.empty()) return options.structures;
  std::vector<std::string> out;
  if (const char* data = std::getenv("TESSERA_DATA")) {
    for (const char* name : panel)
      for (const fs::path& folder : {fs::path(data), fs::path(data) / "structures"})
        if (fs::exists(folder / name)) out.push_back((folder / name).string());
    if (out.size() == std::size(panel)) return out;
    fmt::print("TESSERA_DATA lacks {} of the panel's 22 files; ", std::size(panel) - out.size());
  }
  fmt::print("built-in structures instead of the panel\n");
  out.clear();
  for (const BuiltinInfo& info : builtin_structures()) out.push_back("builtin:" + info.name);
  return out;
}

fs::path data_of(const GridOptions& options, double snr, double tilt, ExecContext& context) {
  const fs::path folder = fs::path(options.output) / fmt::format("data_{:g}_{:g}", snr, tilt);
  if (fs::exists(folder / "truth.star")) return folder;
  SimulateParticlesRequest request;
  request.structures = structures_of(options);
  request.copies = {2 * options.copies};
  request.empty = 2 * options.copies;
  request.density.box = 40;
  request.density.voxel_size_A = request.density.resolution_A = 9.2;
  request.density.kernel = "situs";
  request.imaging.snr = snr;
  request.imaging.tilt_range_deg = {-tilt, tilt};
  request.imaging.defocus_um = 5;
  request.imaging.cs_mm = 2;
  request.output = folder.string();
  run_simulate_particles(request, context);
  return folder;
}

struct Score {
  double accuracy = 0;
  Interval interval;
  double seconds = 0;  // of training one subtomogram once; of rif-svm of all the work a subtomogram
};

Score by_network(const GridOptions& options, const std::string& method, const fs::path& data, ExecContext& context) {
  TrainRequest request;
  const bool fresh = method == "fresh";
  const bool public_dropout = method.ends_with("-0.7");
  request.network = fresh ? "residual3d" : public_dropout ? method.substr(0, method.size() - 4) : method;
  request.particles = (data / "truth.star").string();
  request.train.epochs = options.epochs;
  request.test = 0.5;
  request.validation = request.network == "residual3d" && !fresh ? 0.1 : 0;
  request.augment = request.network == "residual3d";
  if (public_dropout) request.dropout = 0.7;
  if (fresh) {
    request.fresh.folder = data.string();
    request.fresh.poses = 40;
    request.fresh.noises = 128;
    request.fresh.snr_factor = {1, 12};
    request.train.rate = 0.003;
    if (options.epochs == 0) request.train.epochs = 12;
  }
  request.output = (fs::path(options.output) / (data.filename().string() + "_" + method)).string();
  request.resume = true;
  const TrainOutcome outcome = run_train(request, context);
  return {*outcome.test_accuracy, outcome.test_interval, outcome.seconds_per_example};
}

Score by_support_vectors(const fs::path& data, ExecContext& context) {
  const Stopwatch watch;
  const LabelledParticles list = read_labelled_particles(data / "truth.star", {}, false);
  const Split split = split_by_class(list.labels, 0, 0.5, context.seed);
  const auto features = [&](const std::vector<int64_t>& items, std::vector<int>& labels) {
    for (const int64_t i : items) labels.push_back(list.labels[i]);
    return invariant_features(FileExamples(list.files(items), labels, list.box, {}), {}, context);
  };
  std::vector<int> training_labels, test_labels;
  Points training = features(split.training, training_labels);
  const Points test = features(split.test, test_labels);
  const SupportVectors machine(std::move(training), training_labels, {}, context);
  const auto found = machine.classify(test, context.threads);
  std::vector<double> right;
  for (size_t i = 0; i < found.size(); ++i) right.push_back(found[i] == test_labels[i]);
  Score score;
  for (const double one : right) score.accuracy += one / static_cast<double>(right.size());
  score.interval = bootstrap_mean(right, context.seed);
  score.seconds = watch.seconds() / static_cast<double>(list.labels.size());
  return score;
}

class PrintingSink : public Sink {
 public:
  void message(Severity, const std::string& text) override {
    fmt::print(stderr, "{}\n", text);
    std::fflush(stderr);
  }
  void progress(const std::string&, int64_t, int64_t, double) override {}
};

int run(const GridOptions& options) {
  Threads pool(options.threads);
  LocalComm comm;
  PrintingSink sink;
  ExecContext context{pool, comm, sink, options.seed};
  fs::create_directories(options.output);
  const fs::path file = fs::path(options.output) / "results.json";
  nlohmann::ordered_json results = nlohmann::ordered_json::object();
  if (fs::exists(file)) results = nlohmann::ordered_json::parse(read_text_file(file));
  for (const double snr : options.snr)
    for (const double tilt : options.tilt)
      for (const std::string& method : options.methods) {
        const std::string cell = fmt::format("{} SNR {:g} ±{:g}° {} + {} of each class, epochs {}, seed {}", method,
                                             snr, tilt, options.copies, options.copies, options.epochs, options.seed);
        if (!results.contains(cell)) {
          const fs::path data = data_of(options, snr, tilt, context);
          const Score score =
              method == "rif-svm" ? by_support_vectors(data, context) : by_network(options, method, data, context);
          results[cell] = {{"accuracy", score.accuracy},
                           {"low", score.interval.low},
                           {"high", score.interval.high},
                           {"seconds_per_subtomogram", score.seconds}};
          write_text_file(file, results.dump(1) + "\n");
        }
        const auto& one = results.at(cell);
        fmt::print("{:<60} {:.3f} ({:.3f} … {:.3f})  {:.4f} s\n", cell, one.at("accuracy").get<double>(),
                   one.at("low").get<double>(), one.at("high").get<double>(),
                   one.at("seconds_per_subtomogram").get<double>());
        std::fflush(stdout);
      }
  return 0;
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, [](const std::vector<std::string>& words) {
    tessera::GridOptions options;
    tessera::OptionParser parser("subdivision", "Table 2 of [S]");
    options.describe(parser);
    if (words.empty() || words[0] == "--help") {
      fmt::print("{}", parser.help());
      return 0;
    }
    parser.parse(words);
    if (options.output.empty()) throw tessera::UserError("--output is missing; name the folder of the results");
    return tessera::run(options);
  });
}
