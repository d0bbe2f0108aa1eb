// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/imaging.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/base/units.h"
#include "tessera/optics/wedge.h"
#include "tessera/simulate/central_slices.h"
#include "tessera/simulate/reconstruct.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

// What multiplies image components: before the noise joins, and after.
struct Transfer {
  Volume<float> signal, common;  // (1, m, m/2 + 1), the layout of a half spectrum
};

Transfer image_transfer(const ImagingOptions& options, Shape3 image, double voxel_size_A) {
  const ContrastTransfer contrast(options.ctf_parameters());
  const HalfSpectrum layout(image);
  Transfer out{Volume<float>(layout.stored(), 1.0f), Volume<float>(layout.stored(), 1.0f)};
  for_each_frequency(layout, [&](int64_t i, int64_t, int64_t v, int64_t u) {
    const double cycles_per_pixel = std::sqrt(static_cast<double>(u * u + v * v)) / static_cast<double>(image.x);
    const double ctf = options.ctf ? contrast(cycles_per_pixel / voxel_size_A) : 1.0;
    const double sign = options.phase_flip && ctf < 0 ? -1.0 : 1.0;
    const double mtf = options.mtf ? detector_mtf(2 * cycles_per_pixel) : 1.0;
    const bool noise_first = options.noise_stage == "before-ctf";
    out.signal[i] = static_cast<float>(noise_first ? 1.0 : ctf);
    out.common[i] = static_cast<float>(mtf * sign * (noise_first ? ctf : 1.0));
  });
  return out;
}

void multiply(HalfSpectrum& image, const Volume<float>& by) {
  for (int64_t i = 0; i < image.size(); ++i) image.data()[i] *= by[i];
}

struct Workspace {
  TiltReconstruction::Sum sum;
  HalfSpectrum image;
};

}  // namespace

// What the density has no part in.
struct ParticleImager::Shared {
  ImagingOptions options;
  double voxel_size_A;
  TiltReconstruction reconstruction;
  Transfer transfer;
  double image_noise = 0, volume_noise = 0;
  Volume<float> weight;

  Shared(int64_t box, double voxel_size_A, const ImagingOptions& options)
      : options(options),
        voxel_size_A(voxel_size_A),
        reconstruction(box, tilt_angles(options.tilts())),
        transfer(image_transfer(options, reconstruction.image_shape(), voxel_size_A)) {
    add_noise_variances();
    weight = reconstructed_transfer();
  }

  // Work space is kept between calls: fresh memory costs as much as the arithmetic.
  template <typename Body>
  Volume<float> with_workspace(Body&& body) const {
    std::unique_ptr<Workspace> space;
    {
      std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        space = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (!space)
      space = std::make_unique<Workspace>(
          Workspace{TiltReconstruction::Sum(reconstruction), HalfSpectrum(reconstruction.image_shape())});
    Volume<float> out = body(*space);
    std::lock_guard lock(mutex_);
    free_.push_back(std::move(space));
    return out;
  }

 private:
  void add_noise_variances();
  Volume<float> reconstructed_transfer() const;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> free_;
};

// Noise components are independent with variance σ²m² (m² pixels). An image pixel is their mean: Σ T²/m². A voxel is
// Σ w T N e^{…} / 2n³ (simulate/reconstruct.h): with m = 2n its variance is Σ w² T² / n⁴.
void ParticleImager::Shared::add_noise_variances() {
  const HalfSpectrum layout(reconstruction.image_shape());
  const double limit = reconstruction.radius() * reconstruction.radius() - 1e-3;
  const auto n = static_cast<double>(reconstruction.box());
  std::vector<double> column(reconstruction.box() + 1);  // Σ_v T² by |u|
  for_each_frequency(layout, [&](int64_t i, int64_t, int64_t v, int64_t u) {
    if (static_cast<double>(u * u + v * v) > limit) return;
    column[u] += layout.multiplicity(u) * static_cast<double>(transfer.common[i]) * transfer.common[i];
  });
  for (size_t u = 0; u < column.size(); ++u) {
    image_noise += column[u] / (4 * n * n);
    if (column[u] == 0) continue;
    for (size_t j = 0; j < reconstruction.tilts().size(); ++j)
      volume_noise +=
          column[u] * std::pow(reconstruction.sample_weight(j, static_cast<int64_t>(u)), 2) / std::pow(n, 4);
  }
}

Volume<float> ParticleImager::Shared::reconstructed_transfer() const {
  const int64_t n = reconstruction.box();
  const Volume<float> point = with_workspace([&](Workspace& space) {
    std::fill(space.image.begin(), space.image.end(), 1.0f);  // a point at the centre
    multiply(space.image, transfer.signal);
    multiply(space.image, transfer.common);
    for (size_t j = 0; j < reconstruction.tilts().size(); ++j) space.sum.insert(j, space.image);
    return space.sum.finish();
  });
  const HalfSpectrum spectrum = centred_spectrum(point);
  const WedgeRange range{reconstruction.tilts().front(), reconstruction.tilts().back()};
  const bool signed_transfer = options.ctf && !options.phase_flip;
  Volume<float> out(Shape3::cube(n));
  for (int64_t z = 0; z < n; ++z)
    for (int64_t x = 0; x < n; ++x) {
      const int64_t kz = z - n / 2, kx = x - n / 2;
      if (!wedge_observes(range, static_cast<double>(kx), static_cast<double>(kz), 0.5)) continue;
      for (int64_t y = 0; y < n; ++y) {
        const int64_t ky = y - n / 2, sign = kx < 0 ? -1 : 1;
        if (4 * (kz * kz + ky * ky + kx * kx) >= (n - 1) * (n - 1)) continue;
        const float value = spectrum(wrapped_index(sign * kz, n), wrapped_index(sign * ky, n), sign * kx).real();
        out(z, y, x) = signed_transfer ? value : std::max(0.0f, value);  // between sparse slices it may dip below 0
      }
    }
  return out;
}

struct ParticleImager::Source {
  CentralSlices slices;
};

ParticleImager::ParticleImager(const Map& density, const ImagingOptions& options, const ParticleImager* other)
    : source_(new Source{CentralSlices(density.voxels)}) {
  if (other && (other->box() != density.voxels.shape().x || other->shared_->voxel_size_A != density.voxel_size_A))
    throw InternalError("imagers of different box or voxel size cannot share their optics");
  if (other)
    shared_ = other->shared_;
  else
    shared_ = std::make_shared<Shared>(density.voxels.shape().x, density.voxel_size_A, options);
}

ParticleImager::~ParticleImager() = default;
ParticleImager::ParticleImager(ParticleImager&&) noexcept = default;

int64_t ParticleImager::box() const {
  return shared_->reconstruction.box();
}

const std::vector<double>& ParticleImager::tilts() const {
  return shared_->reconstruction.tilts();
}

double ParticleImager::image_noise_variance() const {
  return shared_->image_noise;
}

double ParticleImager::volume_noise_variance() const {
  return shared_->volume_noise;
}

const Volume<float>& ParticleImager::weight() const {
  return shared_->weight;
}

Volume<float> ParticleImager::projection(const Rotation& particle_from_ref, Vec3 shift, size_t tilt) const {
  HalfSpectrum image(shared_->reconstruction.image_shape());
  source_->slices.project(particle_from_ref.matrix(), shift, tilts().at(tilt), image);
  return resize_volume(centred_volume(std::move(image)), {1, box(), box()});
}

Volume<float> ParticleImager::image(const Rotation& particle_from_ref, Vec3 shift, double noise_sigma,
                                    Random noise) const {
  const Mat3 matrix = particle_from_ref.matrix();
  return shared_->with_workspace([&](Workspace& space) {
    for (size_t j = 0; j < tilts().size(); ++j) {
      source_->slices.project(matrix, shift, tilts()[j], space.image);
      if (shared_->options.noise_stage != "before-ctf") multiply(space.image, shared_->transfer.signal);
      if (noise_sigma > 0) add_white_noise(space.image, noise_sigma, noise);
      multiply(space.image, shared_->transfer.common);
      space.sum.insert(j, space.image);
    }
    return space.sum.finish();
  });
}

// Parseval over the components of the n × n image: the projection of a particle that lies in its box.
double ParticleImager::projection_variance(const Rotation& particle_from_ref, Vec3 shift, bool after_ctf) const {
  const int64_t n = box();
  const Mat3 matrix = particle_from_ref.matrix();
  HalfSpectrum image({1, n, n});
  const HalfSpectrum full(shared_->reconstruction.image_shape());
  double sum = 0;
  for (const double tilt : tilts()) {
    source_->slices.project(matrix, shift, tilt, image);
    for_each_frequency(image, [&](int64_t i, int64_t, int64_t v, int64_t u) {
      if (u == 0 && v == 0) return;
      double power = image.multiplicity(u) * static_cast<double>(std::norm(image.data()[i]));
      if (after_ctf) {
        const int64_t at = full.index(0, wrapped_index(2 * v, 2 * n) % (2 * n), 2 * u);
        power *= std::pow(static_cast<double>(shared_->transfer.signal[at]) * shared_->transfer.common[at], 2);
      }
      sum += power;
    });
  }
  return sum / (std::pow(static_cast<double>(n), 4) * static_cast<double>(tilts().size()));
}

}  // namespace tessera
