// SPDX-License-Identifier: GPL-3.0-or-later
// Pose recovery against a clean reference: METHODS' pilot table, with seeds. Prints the fraction within 10°.
//   pose_recovery [trials per cell] [seeds]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "tessera/align/aligner.h"
#include "tessera/volume/shells.h"
#include "tests/support/synthetic_particles.h"

using namespace tessera;

namespace {

struct Score {
  int hits = 0, trials = 0;
  double seconds = 0;
};

Score recover(const std::string& mode, double snr, int trials, uint64_t seed, int64_t band) {
  const int64_t box = 32;
  const auto phantom = synthetic::make_phantom(9, 60, seed);
  const FourierWeight weight = FourierWeight::from_volume(synthetic::wedge(box, 60));
  const Volume<float> truth = synthetic::render(phantom, box, {});
  const PaddedSpectrum reference(truth, band);
  AlignOptions options;
  options.search = mode;
  options.max_shift_voxels = 3;
  const RotationSearch search = make_search(box, std::min<int64_t>(band, 10), 12, options);
  const double variance = statistics(truth).variance / snr * static_cast<double>(truth.size()) / 2;
  const Aligner aligner(search, reference, {&weight}, band, std::vector<double>(shell_count(box), variance), options);
  RotationSearch::Workspace work;
  Score out;
  for (int i = 0; i < trials; ++i) {
    const Pose pose = synthetic::random_pose(seed, i, 2.5);
    const Volume<float> volume = synthetic::particle(phantom, box, pose, weight, snr, seed, i);
    const auto start = std::chrono::steady_clock::now();
    PreparedParticle particle;
    particle.spectrum = centred_spectrum(volume);
    particle.samples = search.sample_particle(PaddedSpectrum(volume, band), weight);
    const auto found = aligner.align(particle, 0, std::nullopt, -1, work);
    out.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    out.hits += angle_between(found[0].pose.particle_from_ref, pose.particle_from_ref) < 10 * degree;
    ++out.trials;
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const int trials = argc > 1 ? std::atoi(argv[1]) : 24, seeds = argc > 2 ? std::atoi(argv[2]) : 5;
  fmt::print("32³, ±60°, clean reference, {} particles × {} seeds; fraction within 10° (ms per particle)\n", trials,
             seeds);
  fmt::print("{:>8} {:>24} {:>24} {:>24}\n", "SNR", "magnitudes to Nyquist", "magnitudes, band-limited", "phases");
  for (const double snr : {0.03, 0.015, 0.008, 0.004}) {
    std::string line = fmt::format("{:>8}", snr);
    for (const auto& [mode, band] :
         {std::pair("magnitudes", 15), std::pair("magnitudes", 10), std::pair("phases", 10)}) {
      std::vector<double> fractions;
      double seconds = 0;
      for (int seed = 1; seed <= seeds; ++seed) {
        const Score s = recover(mode, snr, trials, seed, band);
        fractions.push_back(static_cast<double>(s.hits) / s.trials);
        seconds += s.seconds / s.trials / seeds;
      }
      double mean = 0, square = 0;
      for (const double f : fractions) mean += f / seeds;
      for (const double f : fractions) square += (f - mean) * (f - mean) / std::max(1, seeds - 1);
      line += fmt::format(" {:>9.1f} ± {:>4.1f} % ({:>4.1f})", 100 * mean, 100 * std::sqrt(square), 1e3 * seconds);
    }
    fmt::print("{}\n", line);
  }
  return 0;
}
