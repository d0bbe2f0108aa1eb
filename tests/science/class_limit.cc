// SPDX-License-Identifier: GPL-3.0-or-later
// What no classification of simulated particles can beat on average: an ideal observer, who knows the true maps, their
// scale and the noise, but no pose. It sums the likelihood of each particle over all rotations of a grid and all shifts
// and takes the likelier structure.
//   class_limit FOLDER…   of `simulate particles`; --help lists the options
#include <algorithm>
#include <filesystem>

#include "tessera/align/compare.h"
#include "tessera/average/marginal.h"
#include "tessera/cli/option_parser.h"
#include "tessera/io/mrc.h"
#include "tessera/pipeline/particle_files.h"
#include "tessera/volume/fourier.h"
#include "tests/science/experiment_report.h"
#include "tests/science/program.h"

namespace tessera::science {
namespace {
namespace fs = std::filesystem;

struct Request {
  std::vector<std::string> folders;
  int degrees = 32;
  double max_shift_voxels = 4;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"folders", "", "Of `simulate particles`, with two structures or more", "Arguments"}, folders);
    visit(Option{"degrees", "", "Of the spherical harmonics: rotations are 180° over this apart", "Options"}, degrees);
    visit(Option{"max-shift", "voxels", "Of the simulation", "Options"}, max_shift_voxels);
  }
};

// Scale of the true maps in the particles, and E|N|² of a component per shell: from the particles at their true poses.
struct Imaging {
  double scale = 1;
  std::vector<double> noise_variance;
};

Imaging imaging_of(const ParticleStack& stack, const std::vector<Volume<float>>& truth,
                   const std::vector<WeightedPose>& poses, int64_t shells) {
  std::vector<double> data(shells + 1), model(data), cross(data), count(data);
  for (int64_t i = 0; i < stack.count(); ++i) {
    const HalfSpectrum turned = centred_spectrum(transformed_map(truth[poses[i].class_index], poses[i].pose));
    const ObservedComponents seen(stack.weight(i), shells);
    const auto particle = stack.particle(i);
    for (size_t k = 0; k < seen.size(); ++k) {
      const std::complex<float> x = particle->spectrum.data()[seen.index[k]];
      const std::complex<float> y = seen.model_factor(k) * turned.data()[seen.index[k]];
      const int s = seen.shell[k];
      data[s] += std::norm(x);
      model[s] += std::norm(y);
      cross[s] += (std::conj(y) * x).real();
      count[s] += seen.noise_factor(k);
    }
  }
  double numerator = 0, denominator = 0;
  for (int64_t s = 1; s <= shells; ++s) {
    numerator += cross[s] * count[s] / data[s];
    denominator += model[s] * count[s] / data[s];
  }
  Imaging out{numerator / denominator, std::vector<double>(shells + 1, 1.0)};
  for (int64_t s = 1; s <= shells; ++s)
    out.noise_variance[s] = (data[s] - 2 * out.scale * cross[s] + out.scale * out.scale * model[s]) / count[s];
  return out;
}

// The exact sum over one grid.
class Observer {
 public:
  Observer(const ParticleStack& stack, const std::vector<Volume<float>>& truth, const Imaging& imaging, int degrees,
           int shells, double max_shift)
      : stack_(stack),
        spacing_(0.35 * static_cast<double>(stack.box()) / shells),
        search_(stack.box(), degrees, shells, translation_ball(max_shift, spacing_)),
        model_(search_, stack.weights(), imaging.noise_variance),
        log_prior_(truth.size(), -std::log(static_cast<double>(truth.size()))) {
    const FourierWeight all = FourierWeight::uniform(stack.box());
    for (Volume<float> map : truth) {
      for (float& v : map) v *= static_cast<float>(imaging.scale);
      RotationSearch::Workspace work;
      search_.shifted_harmonics(search_.sample_particle({map, shells + 1}, all), 0, work.harmonics, work);
      references_.push_back(model_.reference(work.harmonics));
    }
  }

  // looked_at: indices of translations; none: all.
  MarginalParticle sees(int64_t i, const std::vector<int>& looked_at, MarginalModel::Workspace& work) const {
    const SphereSamples samples = search_.sample_particle(stack_.padded(i, search_.shells() + 1), stack_.weight(i));
    return model_.expect(samples, stack_.group(i), references_, log_prior_, looked_at, nullptr, work);
  }

  // Translations beside those that a coarser observer found a share of the posterior at.
  std::vector<int> near(const MarginalParticle& said, const Observer& coarse) const {
    std::vector<int> out;
    const auto& here = search_.translations();
    const auto& there = coarse.search_.translations();
    for (int t = 0; t < std::ssize(here); ++t)
      for (size_t c = 0; c < there.size(); ++c)
        if (said.translation_probability[c] > 1e-6 && (here[t] - there[c]).norm() <= 1.5 * coarse.spacing_) {
          out.push_back(t);
          break;
        }
    return out;
  }

 private:
  const ParticleStack& stack_;
  double spacing_;  // no shift is further from one of the grid
  RotationSearch search_;
  MarginalModel model_;
  std::vector<double> log_prior_;
  std::vector<MarginalModel::Reference> references_;
};

int64_t misclassified(const std::string& folder, const Request& request, ExecContext& context, int64_t& total) {
  std::vector<Volume<float>> truth;
  for (int k = 1; fs::exists(fs::path(folder) / fmt::format("truth_{}.mrc", k)); ++k)
    truth.push_back(read_mrc(fs::path(folder) / fmt::format("truth_{}.mrc", k)).voxels);
  ParticleFiles files(fs::path(folder) / "particles.star", {}, context);
  AverageOptions options;
  options.model.mask_particles = false;
  const ParticleStack stack = files.load(options, context);
  const auto poses = files.poses_from(fs::path(folder) / "truth.star", static_cast<int>(truth.size()));
  const int shells = static_cast<int>(stack.box() / 2 - 1);
  const Imaging imaging = imaging_of(stack, truth, poses, shells);
  const Observer observer(stack, truth, imaging, request.degrees, shells, request.max_shift_voxels);
  const Observer scout(stack, truth, imaging, request.degrees / 2, shells / 2, request.max_shift_voxels);
  std::vector<MarginalModel::Workspace> work(context.threads.count());
  std::vector<char> wrong(stack.count(), 0);
  context.threads.for_each(stack.count(), [&](int64_t i, int worker) {
    const MarginalParticle first = scout.sees(i, {}, work[worker]);
    const auto probability = observer.sees(i, observer.near(first, scout), work[worker]).class_probability;
    wrong[i] = std::max_element(probability.begin(), probability.end()) - probability.begin() != poses[i].class_index;
  });
  total = stack.count();
  return std::count(wrong.begin(), wrong.end(), 1);
}

int run(const std::vector<std::string>& words) {
  Request request;
  OptionParser parser("class_limit", "Particles that an ideal observer of the true maps misclassifies");
  request.describe(parser);
  if (words.empty() || words[0] == "--help") {
    fmt::print("{}", parser.help());
    return 0;
  }
  parser.parse(words);
  Threads threads;
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink, 1};
  fmt::print("| data | misclassified |\n|---|---|\n");
  Spread spread;
  for (const std::string& folder : request.folders) {
    int64_t total = 0;
    const int64_t wrong = misclassified(folder, request, context, total);
    spread.add(static_cast<double>(wrong));
    fmt::print("| {} | {} of {} |\n", folder, wrong, total);
    std::fflush(stdout);
  }
  fmt::print("| mean | {} |\n", spread.text(1));
  return 0;
}

}  // namespace
}  // namespace tessera::science

int main(int argc, char** argv) {
  return tessera::science::run_program(argc, argv, tessera::science::run);
}
