// SPDX-License-Identifier: GPL-3.0-or-later
// Reference-free averaging of synthetic particles (METHODS' EM pilot): correlation to the truth at the best rotation,
// beside the average at the true poses.
//   synthetic_average [particles] [snr] [seeds] [method] [start]
#include <fmt/format.h>

#include <cstdlib>

#include "tessera/average/averager.h"
#include "tessera/base/stopwatch.h"
#include "tessera/volume/shells.h"
#include "tests/support/synthetic_particles.h"

using namespace tessera;

namespace {

// Correlation of a map to the truth after the best rigid fit of one on the other.
double fitted_correlation(const Volume<float>& map, const Volume<float>& truth) {
  const int64_t n = map.shape().x, band = n / 2 - 3;
  AlignOptions options;
  options.max_shift_voxels = static_cast<double>(n) / 5;
  const FourierWeight one = FourierWeight::uniform(n);
  const PaddedSpectrum reference(truth, band);
  const RotationSearch search = make_search(n, search_grid(n, 8, static_cast<double>(n) / 3, options), options);
  const Aligner aligner(search, reference, {&one}, band, std::vector<double>(shell_count(n), 1.0), options);
  PreparedParticle particle;
  particle.spectrum = centred_spectrum(map);
  particle.samples = search.sample_particle(PaddedSpectrum(map, band), one);
  Aligner::Workspace work;
  const auto best = aligner.align(particle, 0, std::nullopt, -1, work)[0].pose;
  const Volume<float> turned = rotate_volume(truth, best.particle_from_ref.matrix(), best.shift_voxels);
  return masked_correlation(map, turned, soft_sphere(map.shape(), static_cast<double>(n) / 2 - 5, 3));
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 50;
  const double snr = argc > 2 ? std::atof(argv[2]) : 0.05;
  const int seeds = argc > 3 ? std::atoi(argv[3]) : 3;
  const int64_t box = 32;
  Threads threads;
  LocalComm comm;
  SilentSink sink;
  for (int seed = 1; seed <= seeds; ++seed) {
    ExecContext context{threads, comm, sink, static_cast<uint64_t>(seed)};
    const auto phantom = synthetic::make_phantom(8, 60, seed);
    ParticleSource source;
    source.count = count;
    source.box = box;
    source.voxel_size_A = 10;
    source.weights.push_back(FourierWeight::from_volume(synthetic::wedge(box, 60)));
    std::vector<WeightedPose> poses;
    for (int i = 0; i < count; ++i) poses.push_back({synthetic::random_pose(seed, i, 2)});
    source.load = [&](int64_t i) {
      return synthetic::particle(phantom, box, poses[i].pose, source.weights[0], snr, seed, i);
    };
    AverageOptions options;
    options.align.max_shift_voxels = 3;
    if (argc > 4) options.method = argv[4];
    if (argc > 5) options.start = argv[5];
    ParticleStack stack(source, stack_mask_radius(box, 10, options), context);
    const auto truth = synthetic::render(phantom, box, {});
    const AverageMaps ceiling = average_at_poses(stack, poses, options, context)[0];
    const Stopwatch watch;
    const auto result = average_particles(stack, options, context, [&](const auto& state, const auto& maps) {
      const IterationReport& r = state.reports.back();
      fmt::print(
          "  {:2} LL {:9.2f} cc {:6.2f} eff {:5.2f} turn {:6.2f}° map {:.4f} res {:5.1f} band {:5.1f} radius {:5.1f} "
          "truth {:.3f} ({:.2f}+{:.2f}+{:.2f} s)\n",
          r.iteration, r.mean_log_likelihood, r.mean_correlation, r.effective_candidates, r.mean_rotation_change_deg,
          r.map_correlation, r.resolution_A, r.band_limit_A, r.mask_radius_A, fitted_correlation(maps[0].map, truth),
          r.reference_seconds, r.expectation_seconds, r.maximisation_seconds);
    });
    const double seconds = watch.seconds();
    fmt::print("seed {}: correlation {:.3f}, ceiling {:.3f} ({:.1f} Å, at true poses {:.1f} Å), {:.1f} s, {}\n", seed,
               fitted_correlation(result.maps[0].map, truth), fitted_correlation(ceiling.map, truth),
               result.maps[0].resolution_A, ceiling.resolution_A, seconds, result.stop_reason);
  }
  return 0;
}
