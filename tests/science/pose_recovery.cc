// SPDX-License-Identifier: GPL-3.0-or-later
// Pose recovery against a clean reference at 32³, ±60°: the fraction of poses within 10°, over seeds, for the magnitude
// search to Nyquist, the same band-limited, and the phase-aware one. "of": the fraction for the likelier of the pose
// found and the end of a climb from the true one, which no search by likelihood can exceed: the rest is the noise's.
//   pose_recovery [trials per cell] [seeds] [structure: builtin:NAME, a file, or phantom:N, N Gaussians]
#include <fmt/format.h>

#include <cstdlib>

#include "tessera/align/aligner.h"
#include "tessera/align/compare.h"
#include "tessera/base/stopwatch.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/density.h"
#include "tessera/volume/shells.h"
#include "tests/support/synthetic_particles.h"

using namespace tessera;

namespace {

constexpr int64_t box = 32;
constexpr double max_shift = 2.5;

struct Score {
  int hits = 0, reachable = 0, trials = 0;
  double seconds = 0;
};

Volume<float> truth_of(const std::string& structure, uint64_t seed) {
  if (structure.starts_with("phantom:"))
    return synthetic::render(synthetic::make_phantom(9, std::stoi(structure.substr(8)), seed), box, {});
  const AtomicModel model = load_structure(structure);
  DensityOptions options;
  options.box = box;
  options.resolution_A = 0.1;
  options.allow_outside = true;
  options.voxel_size_A = 6;
  // Voxels so large that the structure fills two thirds of the box.
  options.voxel_size_A = 1.5 * density_of(model, options).diameter_A / box;
  options.resolution_A = 2 * options.voxel_size_A;
  return density_of(model, options).map.voxels;
}

Score recover(const Volume<float>& truth, const std::string& mode, double snr, int trials, uint64_t seed,
              int64_t band) {
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const PaddedSpectrum reference(truth, band);
  AlignOptions options;
  options.search = mode;
  options.max_shift_voxels = 3;
  const RotationSearch search = make_search(box, search_grid(box, band, 12, options), options);
  const double variance = statistics(truth).variance / snr * static_cast<double>(truth.size()) / 2;
  const Aligner aligner(search, reference, {&weight}, band, std::vector<double>(shell_count(box), variance), options);
  Aligner::Workspace work;
  Score out;
  for (int i = 0; i < trials; ++i) {
    const Pose pose = synthetic::random_pose(seed, i, max_shift);
    const Volume<float> volume = synthetic::noisy(transformed_map(truth, pose), weight, snr, seed, i);
    const Stopwatch watch;
    PreparedParticle particle;
    particle.spectrum = centred_spectrum(volume);
    particle.samples = search.sample_particle(PaddedSpectrum(volume, band), weight);
    const auto found = aligner.align(particle, 0, std::nullopt, -1, work);
    out.seconds += watch.seconds();
    const RefinedPose from_truth = aligner.refine(particle, 0, pose);
    const auto right = [&](const RefinedPose& p) {
      return angle_between(p.pose.particle_from_ref, pose.particle_from_ref) < 10 * degree;
    };
    out.hits += right(found[0]);
    out.reachable += right(from_truth.score.correlation() > found[0].score.correlation() ? from_truth : found[0]);
    ++out.trials;
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 24, seeds = argc > 2 ? std::atoi(argv[2]) : 5;
  const std::string structure = argc > 3 ? argv[3] : "builtin:ribosome";
  fmt::print("{}, 32³, ±60°, clean reference, {} particles × {} seeds\n", structure, trials, seeds);
  fmt::print("within 10°, mean ± sd over seeds, of what can be reached (ms a particle)\n");
  fmt::print("{:>6} {:>34} {:>34} {:>34}\n", "SNR", "magnitudes to Nyquist", "magnitudes, band-limited", "phases");
  std::vector<Volume<float>> truths;
  for (int seed = 1; seed <= seeds; ++seed) truths.push_back(truth_of(structure, seed));
  for (const double snr : {0.03, 0.015, 0.008, 0.004}) {
    std::string line = fmt::format("{:>6}", snr);
    for (const auto& [mode, band] :
         {std::pair("magnitudes", 15), std::pair("magnitudes", 10), std::pair("phases", 15)}) {
      double mean = 0, square = 0, reachable = 0, seconds = 0;
      for (int seed = 1; seed <= seeds; ++seed) {
        const Score s = recover(truths[seed - 1], mode, snr, trials, seed, band);
        const double fraction = 100.0 * s.hits / s.trials;
        mean += fraction / seeds;
        square += fraction * fraction / seeds;
        reachable += 100.0 * s.reachable / s.trials / seeds;
        seconds += s.seconds / s.trials / seeds;
      }
      const double sd = std::sqrt(std::max(0.0, square - mean * mean) * seeds / std::max(1, seeds - 1));
      line += fmt::format(" {:>10.1f} ± {:>4.1f} of {:>5.1f} % ({:>4.1f})", mean, sd, reachable, 1e3 * seconds);
    }
    fmt::print("{}\n", line);
  }
  return 0;
}
