// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/pose_search.h"

#include <algorithm>
#include <cmath>

#include "tessera/fft/plan.h"
#include "tessera/pick/windowed_noise.h"
#include "tessera/so3/point_group.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

// What a component of a box is multiplied with so that its noise has variance 1, DC at the centre voxel. Where nothing
// but what the window brings over was seen, the factor must not grow beyond all bounds.
Volume<float> whitening_of(const Volume<float>& noise, const Volume<float>& weight) {
  double sum = 0, count = 0;
  for (int64_t i = 0; i < noise.size(); ++i)
    if (weight[i] != 0) sum += noise[i], ++count;
  const auto least = static_cast<float>(std::max(1e-30, count > 0 ? 1e-3 * sum / count : 1.0));
  Volume<float> out(noise.shape());
  for (int64_t i = 0; i < noise.size(); ++i) out[i] = 1 / std::sqrt(std::max(noise[i], least));
  return out;
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
  Volume<float> whitening;  // DC at the centre voxel
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
  Volume<float> weight = transfer.weight(box, voxel_size_A);
  made->whitening = whitening_of(windowed_noise(noise, variance, made->sphere), weight);
  for (int64_t i = 0; i < weight.size(); ++i) weight[i] *= made->whitening[i];
  made->weight = FourierWeight::from_volume(weight);
  const auto shell = static_cast<int64_t>(static_cast<double>(box) * voxel_size_A / options.resolution_A);
  const int64_t band = std::clamp<int64_t>(shell, 4, box / 2 - 1);
  made->reference = std::make_unique<PaddedSpectrum>(resize_volume(map, Shape3::cube(box)), band);
  // The sums of align run over all box³ components, of which a masked box has only Σ sphere² independent ones.
  double squares = 0;
  for (const float m : made->sphere) squares += static_cast<double>(m) * m;
  const double noise_variance = static_cast<double>(Shape3::cube(box).count()) / squares;
  const AlignOptions align = align_options(max_shift);
  made->search = std::make_unique<RotationSearch>(make_search(box, search_grid(box, band, radius, align), align));
  made->aligner = std::make_unique<Aligner>(
      *made->search, *made->reference, std::vector<const FourierWeight*>{&made->weight}, band,
      std::vector<double>(shell_count(box), noise_variance), align, point_group(options.symmetry));
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
  for_each_frequency(particle.spectrum, [&](int64_t i, int64_t kz, int64_t ky, int64_t kx) {
    const auto at = [&](int64_t k) { return (k + g.box / 2) % g.box; };
    particle.spectrum.data()[i] *= g.whitening(at(kz), at(ky), at(kx));
  });
  particle.samples = g.search->sample_particle(PaddedSpectrum(particle.spectrum, g.search->shells() + 1), g.weight);
  const auto poses = g.aligner->align(particle, 0, Pose{start, centre - voxel}, -1, work);
  const RefinedPose& best = poses.front();
  return {voxel + best.pose.shift_voxels, best.pose.particle_from_ref, best.score.correlation(),
          best.score.power > 0 ? best.score.cross / best.score.power : 0};
}

}  // namespace tessera
