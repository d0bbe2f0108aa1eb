// SPDX-License-Identifier: GPL-3.0-or-later
// How little the features of a network care about pose and wedge: distances between particles of one class, whose
// rotations, shifts and tilt ranges differ, beside those between classes (docs/subdivision.md).
//   invariance [--model builtin] [--structure FILE...] [--copies 20] [--snr 0.05] [--seed 1] [--threads 1]
// Structures: those named, else the model's classes that are built-in. Particles are as the model was trained on: box,
// voxel size, defocus 5 µm, Cs 2 mm, resolution two voxels.
#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "tessera/cli/option_parser.h"
#include "tessera/io/particles.h"
#include "tessera/pipeline/classify.h"
#include "tessera/pipeline/simulate_particles.h"
#include "tests/science/program.h"
#include "tests/science/work_folder.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

struct InvarianceOptions {
  std::string model = "builtin";
  std::vector<std::string> structures;
  int copies = 20, threads = 1;
  double snr = 0.05;
  uint64_t seed = 1;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"model", "file", "That tells classes of boxes apart", "Data"}, model);
    visit(Option{"structure", "file", "Instead of the model's built-in classes", "Data"}, structures);
    visit(Option{"copies", "", "Of each structure, in every set", "Data"}, copies);
    visit(Option{"snr", "", "Of the sets with noise", "Data"}, snr);
    visit(Option{"seed", "", "Of the first set", "Data"}, seed);
    visit(Option{"threads", "", "Worker threads", "Data"}, threads);
  }
};

// Rows of one kind of feature, class after class.
struct Rows {
  std::vector<float> values;
  size_t width = 0, count = 0;

  double distance(size_t i, const Rows& other, size_t j) const {
    double sum = 0;
    for (size_t k = 0; k < width; ++k) {
      const double by = values[i * width + k] - other.values[j * width + k];
      sum += by * by;
    }
    return std::sqrt(sum);
  }
};

struct Features {
  Rows linear, penultimate;
};

struct Comparison {
  double within = 0, between = 0;  // mean distances
  double nearest = 0;              // share of rows whose nearest class mean is that of their class
};

// `moved` against `still`: both have `copies` rows of each class, of different particles.
Comparison compare(const Rows& moved, const Rows& still, size_t copies) {
  Comparison out;
  const size_t classes = still.count / copies;
  Rows means{std::vector<float>(classes * still.width), still.width, classes};
  for (size_t j = 0; j < still.count; ++j)
    for (size_t k = 0; k < still.width; ++k)
      means.values[j / copies * still.width + k] += still.values[j * still.width + k] / static_cast<float>(copies);
  double same = 0, other = 0;
  for (size_t i = 0; i < moved.count; ++i) {
    size_t nearest = 0;
    for (size_t c = 0; c < classes; ++c)
      if (moved.distance(i, means, c) < moved.distance(i, means, nearest)) nearest = c;
    out.nearest += (nearest == i / copies) / static_cast<double>(moved.count);
    for (size_t j = 0; j < still.count; ++j) {
      const bool of_class = i / copies == j / copies;
      (of_class ? out.within : out.between) += moved.distance(i, still, j);
      ++(of_class ? same : other);
    }
  }
  out.within /= same;
  out.between /= other;
  return out;
}

class Invariance {
 public:
  explicit Invariance(InvarianceOptions options)
      : options_(std::move(options)), pool_(options_.threads), work_("invariance", "") {
    const Model model = read_model(model_file(options_.model));
    voxel_size_A_ = model.voxel_size_A;
    box_ = model.network.box;
    for (const BuiltinInfo& info : builtin_structures())
      for (const ModelClass& known : model.classes)
        if (known.name == info.name) names_.push_back("builtin:" + info.name);
    if (!options_.structures.empty()) names_ = options_.structures;
    if (names_.size() < 2) throw UserError("fewer than two structures; name some with --structure");
  }

  int run() {
    fmt::print(
        "{} classes, {} particles of each in every set; uniform rotations, ±60°, unshifted, if not said "
        "otherwise. Distance within a class / between classes, and particles nearest to their class's mean\n\n",
        names_.size(), options_.copies);
    fmt::print(
        "| noise | particles compared with those of the first set | linear outputs | | penultimate features | "
        "|\n|---|---|---|---|---|---|\n");
    panel("none", [](ImagingOptions& imaging) { imaging.noise_free = true; });
    panel(fmt::format("SNR {:g}", options_.snr), [&](ImagingOptions& imaging) { imaging.snr = options_.snr; });
    return 0;
  }

 private:
  using Change = std::function<void(ImagingOptions&)>;

  void panel(const std::string& noise, const Change& with_noise) {
    const Features still = features_of(with_noise, [](ImagingOptions&) {});
    const auto line = [&](const std::string& what, const Change& change) {
      const Features moved = features_of(with_noise, change);
      fmt::print("| {} | {} |", noise, what);
      for (const auto& [a, b] :
           {std::pair(&moved.linear, &still.linear), std::pair(&moved.penultimate, &still.penultimate)}) {
        const Comparison one = compare(*a, *b, static_cast<size_t>(options_.copies));
        fmt::print(" {:.2f} / {:.2f} = {:.2f} | {:.1f} % |", one.within, one.between, one.within / one.between,
                   100 * one.nearest);
      }
      fmt::print("\n");
      std::fflush(stdout);
    };
    line("others, rotated", [](ImagingOptions&) {});
    line("turned about their axis alone", [](ImagingOptions& imaging) { imaging.rotation_axis = "y"; });
    line("shifted, to 2 voxels", [](ImagingOptions& imaging) { imaging.max_shift_voxels = 2; });
    line("shifted, to 4 voxels", [](ImagingOptions& imaging) { imaging.max_shift_voxels = 4; });
    line("tilted to ±50°", [](ImagingOptions& imaging) { imaging.tilt_range_deg = {-50, 50}; });
    line("tilted to ±40°", [](ImagingOptions& imaging) { imaging.tilt_range_deg = {-40, 40}; });
    line("defocus 3 µm", [](ImagingOptions& imaging) { imaging.defocus_um = 3; });
  }

  // Of particles that no other set has.
  Features features_of(const Change& with_noise, const Change& change) {
    LocalComm comm;
    SilentSink sink;
    ExecContext context{pool_, comm, sink, options_.seed + static_cast<uint64_t>(sets_++)};
    SimulateParticlesRequest request;
    request.structures = names_;
    request.copies = {options_.copies};
    request.density.box = box_;
    request.density.voxel_size_A = voxel_size_A_;
    request.density.resolution_A = 2 * voxel_size_A_;
    request.imaging.defocus_um = 5;
    request.imaging.cs_mm = 2;
    request.imaging.max_shift_voxels = 0;
    with_noise(request.imaging);
    change(request.imaging);
    request.output = (work_.path / fmt::format("set_{}", sets_)).string();
    run_simulate_particles(request, context);
    const std::string list = request.output + "/truth.star";
    const NetworkResult found = apply_network(model_file(options_.model).string(), list, 64, "cpu", true, context);
    std::vector<size_t> order;  // class after class
    const auto particles = read_particles(list).particles;
    for (size_t k = 1; k <= names_.size(); ++k)
      for (size_t i = 0; i < particles.size(); ++i)
        if (particles[i].class_number == static_cast<int>(k)) order.push_back(i);
    std::filesystem::remove_all(request.output);
    return {rows(found.predictions.linear, order), rows(found.predictions.features, order)};
  }

  static Rows rows(const std::vector<float>& values, const std::vector<size_t>& order) {
    Rows out{{}, values.size() / order.size(), order.size()};
    for (const size_t i : order)
      out.values.insert(out.values.end(), &values[i * out.width], &values[i * out.width] + out.width);
    return out;
  }

  InvarianceOptions options_;
  Threads pool_;
  science::WorkFolder work_;
  std::vector<std::string> names_;
  double voxel_size_A_ = 0;
  int64_t box_ = 0;
  int sets_ = 0;
};

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, [](const std::vector<std::string>& words) {
    tessera::InvarianceOptions options;
    tessera::OptionParser parser("invariance", "Features against pose and wedge");
    options.describe(parser);
    if (!words.empty() && words[0] == "--help") {
      fmt::print("{}", parser.help());
      return 0;
    }
    parser.parse(words);
    return tessera::Invariance(std::move(options)).run();
  });
}
