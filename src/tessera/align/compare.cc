// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/align/compare.h"

#include <algorithm>
#include <cmath>

#include "tessera/align/aligner.h"
#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/rescale.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

Volume<float> cubed(const Volume<float>& volume, int64_t box) {
  return resize_volume(volume, Shape3::cube(box));
}

Volume<float> mirrored(const Volume<float>& volume) {  // z → −z about the centre voxel
  const int64_t n = volume.shape().z;
  Volume<float> out(volume.shape());
  for (int64_t z = 0; z < n; ++z) {
    const int64_t from = 2 * (n / 2) - z;
    if (from < 0 || from >= n) continue;
    std::copy_n(&volume(from, 0, 0), volume.shape().y * volume.shape().x, &out(z, 0, 0));
  }
  return out;
}

Volume<float> filtered(const Volume<float>& volume, double shell) {
  HalfSpectrum spectrum = centred_spectrum(volume);
  low_pass(spectrum, shell, 2);
  return centred_volume(std::move(spectrum));
}

Volume<float> product(const Volume<float>& a, const Volume<float>& b) {
  Volume<float> out(a.shape());
  for (int64_t i = 0; i < a.size(); ++i) out[i] = a[i] * b[i];
  return out;
}

HandComparison compare_hand(const Volume<float>& map, const Volume<float>& reference, double voxel_size_A,
                            double low_pass_shell, double max_shift, bool fit) {
  const int64_t n = map.shape().x;
  HandComparison out;
  if (fit) out.map_from_reference = best_fit(map, reference, max_shift);
  const Volume<float> moved = fit ? transformed_map(reference, out.map_from_reference) : reference;
  const Volume<float> mask = envelope_mask(moved, 3, 3);
  out.fsc = fourier_shell_correlation(centred_spectrum(product(map, mask)), centred_spectrum(product(moved, mask)));
  out.fsc_half_A = fsc_resolution_A(out.fsc, 0.5, n, voxel_size_A);
  out.fsc_0143_A = fsc_resolution_A(out.fsc, 0.143, n, voxel_size_A);
  const Volume<float> a = filtered(map, low_pass_shell), b = filtered(moved, low_pass_shell);
  out.correlation_masked = masked_correlation(a, b, mask);
  out.correlation_box = correlation(a, b);
  return out;
}

}  // namespace

Pose best_fit(const Volume<float>& map, const Volume<float>& reference, double max_shift) {
  const int64_t n = map.shape().x, band = std::max<int64_t>(4, n / 2 - 2), coarse = std::min<int64_t>(8, band);
  AlignOptions options;
  options.max_shift_voxels = max_shift;
  options.candidates = 24;
  options.refined = 8;
  const FourierWeight everything = FourierWeight::uniform(n);
  const PaddedSpectrum target(reference, band + 1);
  const RotationSearch search = make_search(n, search_grid(n, coarse, static_cast<double>(n) / 3, options), options);
  const Aligner aligner(search, target, {&everything}, band, std::vector<double>(shell_count(n), 1.0), options);
  PreparedParticle particle;
  particle.spectrum = centred_spectrum(map);
  particle.samples = search.sample_particle(PaddedSpectrum(map, search.shells() + 1), everything);
  Aligner::Workspace work;
  return aligner.align(particle, 0, std::nullopt, -1, work).front().pose;
}

Volume<float> resample_map(const Map& map, int64_t box, double voxel_size_A) {
  const Shape3 shape = map.voxels.shape();
  if (std::abs(map.voxel_size_A / voxel_size_A - 1) < 1e-3) return resize_volume(map.voxels, Shape3::cube(box));
  const int64_t n = std::max({shape.z, shape.y, shape.x});
  return rescaled(cubed(map.voxels, n), map.voxel_size_A, box, voxel_size_A);
}

Volume<float> transformed_map(const Volume<float>& map, const Pose& pose) {
  const int64_t n = map.shape().x;
  const PaddedSpectrum spectrum(map, n / 2);
  HalfSpectrum out(map.shape());
  const Mat3 back = pose.particle_from_ref.inverse().matrix();
  const double turn = -2 * pi / static_cast<double>(n), limit = static_cast<double>((n - 1) / 2);
  for_each_frequency(out, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const Vec3 k{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)};
    if (k.norm() > limit) return;
    const Vec3 q = back * k;
    out.data()[i] = spectrum.sample(static_cast<float>(q.x), static_cast<float>(q.y), static_cast<float>(q.z)) *
                    std::complex<float>(std::polar(1.0, turn * k.dot(pose.shift_voxels)));
  });
  return centred_volume(std::move(out));
}

Volume<float> envelope_mask(const Volume<float>& map, double grow, double edge) {
  const int64_t n = map.shape().x;
  const Volume<float> smooth = filtered(map, std::max(4.0, static_cast<double>(n) / 5));
  float largest = 0;
  for (const float v : smooth) largest = std::max(largest, v);
  Volume<uint8_t> core(map.shape());
  for (int64_t i = 0; i < smooth.size(); ++i) core[i] = smooth[i] > 0.1f * largest;
  // Distance to the core by brute force within reach: the reach is a few voxels.
  const auto reach = static_cast<int64_t>(std::ceil(grow + edge));
  Volume<float> out(map.shape());
  const auto near = [&](int64_t v) { return std::clamp<int64_t>(v, 0, n - 1); };
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x) {
        if (!core(z, y, x)) continue;
        const bool inner = core(near(z - 1), y, x) && core(near(z + 1), y, x) && core(z, near(y - 1), x) &&
                           core(z, near(y + 1), x) && core(z, y, near(x - 1)) && core(z, y, near(x + 1));
        out(z, y, x) = 1;
        if (inner) continue;
        for (int64_t dz = -reach; dz <= reach; ++dz)
          for (int64_t dy = -reach; dy <= reach; ++dy)
            for (int64_t dx = -reach; dx <= reach; ++dx) {
              const int64_t zz = z + dz, yy = y + dy, xx = x + dx;
              if (zz < 0 || yy < 0 || xx < 0 || zz >= n || yy >= n || xx >= n) continue;
              const double d = std::sqrt(static_cast<double>(dz * dz + dy * dy + dx * dx));
              if (d >= grow + edge) continue;
              const double value = d <= grow ? 1 : 0.5 * (1 + std::cos(pi * (d - grow) / edge));
              out(zz, yy, xx) = std::max(out(zz, yy, xx), static_cast<float>(value));
            }
      }
  return out;
}

Comparison compare_maps(const Map& map, const Map& reference, const CompareOptions& options, ExecContext& context) {
  const Shape3 shape = map.voxels.shape();
  int64_t n = std::max({shape.z, shape.y, shape.x});
  n += n % 2;
  const Volume<float> first = cubed(map.voxels, n), second = resample_map(reference, n, map.voxel_size_A);
  for (const auto& [volume, name] : {std::pair(&first, "map"), std::pair(&second, "reference")})
    if (!(statistics(*volume).variance > 0))
      throw UserError(fmt::format("the {} is constant: nothing to compare", name));
  Comparison out;
  const double nyquist_A = 2 * map.voxel_size_A, extent_A = static_cast<double>(n) * map.voxel_size_A;
  out.resolution_A = std::max(options.resolution_A.value_or(nyquist_A), nyquist_A);
  const double shell = extent_A / out.resolution_A;
  const double max_shift = options.max_shift_A ? *options.max_shift_A / map.voxel_size_A : static_cast<double>(n) / 4;
  const Volume<float> mirror = mirrored(second);
  context.threads.for_each(2, [&](int64_t hand, int) {
    (hand == 0 ? out.same_hand : out.mirrored) =
        compare_hand(first, hand == 0 ? second : mirror, map.voxel_size_A, shell, max_shift, options.fit);
  });
  if (!options.symmetry.empty()) out.symmetry = find_symmetry(first, options.symmetry, {}, context);
  return out;
}

}  // namespace tessera
