// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/pose_search.h"

#include <algorithm>
#include <cmath>

#include "tessera/fft/plan.h"
#include "tessera/so3/point_group.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

// Mean of the noise spectrum over the components of each shell that the tomogram shows, times `scale`.
std::vector<double> shell_noise(const NoiseSpectrum& noise, const FourierWeight& weight, int64_t box, double scale) {
  std::vector<double> sum(shell_count(box)), count(shell_count(box));
  const HalfSpectrum layout(Shape3::cube(box));
  const auto n = static_cast<double>(box);
  for_each_frequency(layout, [&](int64_t, int64_t kz, int64_t ky, int64_t kx) {
    const Vec3 k{static_cast<double>(kx), static_cast<double>(ky), static_cast<double>(kz)};
    const auto shell = std::llround(k.norm());
    if (shell >= std::ssize(sum)) return;
    const bool seen = weight(wrapped_index(kz, box), wrapped_index(ky, box), kx) != 0;
    sum[shell] += (seen ? 1.0 : 1e-6) * noise(k * (1 / n));
    count[shell] += seen ? 1.0 : 1e-6;
  });
  for (size_t s = 0; s < sum.size(); ++s) sum[s] *= scale / count[s];
  return sum;
}

AlignOptions align_options(double max_shift_voxels) {
  AlignOptions options;
  options.max_shift_voxels = max_shift_voxels;
  options.max_bandwidth = 16;
  options.candidates = 12;
  options.refined = 3;
  return options;
}

}  // namespace

struct PoseSearch::Grids {
  int64_t box = 0;
  Volume<float> sphere;
  double sphere_sum = 0;
  FourierWeight weight;
  std::unique_ptr<PaddedSpectrum> reference;
  std::unique_ptr<RotationSearch> search;
  std::unique_ptr<Aligner> aligner;
};

PoseSearch::PoseSearch(const Volume<float>& map, double radius, double voxel_size_A, const TomogramTransfer& transfer,
                       const NoiseSpectrum& noise, double variance, const PoseSearchOptions& options) {
  auto made = std::make_unique<Grids>();
  constexpr double edge = 3;
  const double max_shift = options.max_shift_A / voxel_size_A;
  made->box = fast_even_size(static_cast<int64_t>(std::ceil(2 * (radius + edge + 1 + max_shift))));
  const int64_t box = made->box;
  made->sphere = soft_sphere(Shape3::cube(box), radius + 1, edge);
  double squares = 0;
  for (const float m : made->sphere) made->sphere_sum += m, squares += static_cast<double>(m) * m;
  made->weight = FourierWeight::from_volume(transfer.weight(box, voxel_size_A));
  const auto shell = static_cast<int64_t>(static_cast<double>(box) * voxel_size_A / options.resolution_A);
  const int64_t band = std::clamp<int64_t>(shell, 4, box / 2 - 1);
  made->reference = std::make_unique<PaddedSpectrum>(resize_volume(map, Shape3::cube(box)), band);
  const AlignOptions align = align_options(max_shift);
  made->search = std::make_unique<RotationSearch>(make_search(box, search_grid(box, band, radius, align), align));
  made->aligner = std::make_unique<Aligner>(
      *made->search, *made->reference, std::vector<const FourierWeight*>{&made->weight}, band,
      shell_noise(noise, made->weight, box, variance * squares), align, point_group(options.symmetry));
  grids_ = std::move(made);
}

PoseSearch::~PoseSearch() = default;
PoseSearch::PoseSearch(PoseSearch&&) noexcept = default;

int64_t PoseSearch::box() const {
  return grids_->box;
}

FoundPose PoseSearch::find(const Tomogram& tomogram, Vec3 centre, const Rotation& start,
                           Aligner::Workspace& work) const {
  const Grids& g = *grids_;
  const Vec3 voxel{std::round(centre.x), std::round(centre.y), std::round(centre.z)};
  const auto first = [&](double at) { return static_cast<int64_t>(at) - g.box / 2; };
  TomogramBox window = read_box(tomogram, first(voxel.z), first(voxel.y), first(voxel.x), Shape3::cube(g.box));
  double sum = 0, area = 0;  // over what lies inside the tomogram
  for (int64_t z = window.z0; z < window.z1; ++z)
    for (int64_t y = window.y0; y < window.y1; ++y)
      for (int64_t x = window.x0; x < window.x1; ++x)
        sum += g.sphere(z, y, x) * window.voxels(z, y, x), area += g.sphere(z, y, x);
  const auto mean = static_cast<float>(area > 0 ? sum / area : 0);
  Volume<float> voxels(window.voxels.shape());
  for (int64_t z = window.z0; z < window.z1; ++z)
    for (int64_t y = window.y0; y < window.y1; ++y)
      for (int64_t x = window.x0; x < window.x1; ++x)
        voxels(z, y, x) = (window.voxels(z, y, x) - mean) * g.sphere(z, y, x);
  PreparedParticle particle;
  particle.spectrum = centred_spectrum(voxels);
  particle.samples = g.search->sample_particle(PaddedSpectrum(particle.spectrum, g.search->shells() + 1), g.weight);
  const auto poses = g.aligner->align(particle, 0, Pose{start, centre - voxel}, -1, work);
  const RefinedPose& best = poses.front();
  return {voxel + best.pose.shift_voxels, best.pose.particle_from_ref, best.score.correlation(),
          best.score.power > 0 ? best.score.cross / best.score.power : 0};
}

}  // namespace tessera
