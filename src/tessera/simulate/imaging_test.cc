// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/imaging.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/optics/wedge.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tests/reference/imaging_phantom.h"

namespace tessera {
namespace {

constexpr int64_t n = 32;

Map phantom_map() {
  return {reference::blob_volume(reference::asymmetric_phantom(), n), 6, {}};
}

ImagingOptions plain() {
  ImagingOptions options;
  options.ctf = options.mtf = false;
  return options;
}

Volume<float> seen_through(const Volume<float>& volume, const Volume<float>& weight) {
  HalfSpectrum spectrum = centred_spectrum(volume);
  for_each_frequency(spectrum, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    spectrum.data()[i] *= weight((z + n / 2) % n, (y + n / 2) % n, (x + n / 2) % n);
  });
  return centred_volume(std::move(spectrum));
}

TEST(ImageNoise, IsWhiteWithTheStatedDeviation) {
  double square = 0, neighbour = 0;
  const int images = 20;
  const Shape3 shape{1, 64, 64};
  for (int i = 0; i < images; ++i) {
    Random random(3, "noise test", i);
    HalfSpectrum image(shape);
    add_white_noise(image, 2.5, random);
    const auto pixels = volume_of(image);
    for (int64_t k = 0; k + 1 < pixels.size(); ++k) {
      square += pixels[k] * pixels[k];
      neighbour += pixels[k] * pixels[k + 1];
    }
  }
  // 81,920 pixels: standard error 0.5 %.
  const double count = images * static_cast<double>(shape.count() - 1);
  EXPECT_NEAR(square / count, 2.5 * 2.5, 0.02 * 2.5 * 2.5);
  EXPECT_NEAR(neighbour / square, 0, 0.015);
}

TEST(ParticleImager, ProjectionMatchesRealSpace) {
  const ParticleImager imager(phantom_map(), plain());
  Random random(8, "pose");
  const Rotation rotation = Rotation::random(random);
  const Vec3 shift{-1.5, 2.2, 0.8};
  const auto blobs = reference::moved(reference::asymmetric_phantom(), rotation, shift);
  double variance = 0;
  for (size_t j = 0; j < imager.tilts().size(); ++j) {
    const auto expected = reference::blob_projection(blobs, n, imager.tilts()[j]);
    variance += statistics(expected).variance / static_cast<double>(imager.tilts().size());
    if (j % 8 == 0) {
      EXPECT_GT(correlation(imager.projection(rotation, shift, j), expected), 0.99999);
    }
  }
  EXPECT_NEAR(imager.projection_variance(rotation, shift, false), variance, 0.005 * variance);
}

// Hand, axes, direction of rotation and shift at once: every alternative is compared and loses.
TEST(ParticleImager, FullSeriesReturnsThePosedParticle) {
  ImagingOptions options = plain();
  options.tilt_range_deg = {-90, 88};
  options.tilt_step_deg = 2;
  const ParticleImager imager(phantom_map(), options);
  const Rotation rotation = Rotation::from_vector({0.9, -0.5, 0.4});
  const Vec3 shift{3, -2, 1.5};
  const auto got = imager.image(rotation, shift, 0, Random(1, "none"));
  const auto phantom = reference::asymmetric_phantom();
  const auto posed = [&](const Rotation& r, Vec3 t) {
    return reference::blob_volume(reference::moved(phantom, r, t), n);
  };
  EXPECT_GT(correlation(got, posed(rotation, shift)), 0.999);
  EXPECT_LT(correlation(got, posed(rotation.inverse(), shift)), 0.8);
  EXPECT_LT(correlation(got, posed(rotation, -shift)), 0.8);
  auto mirrored = phantom;
  for (auto& blob : mirrored) blob.centre.z = -blob.centre.z;
  EXPECT_LT(correlation(got, reference::blob_volume(reference::moved(mirrored, rotation, shift), n)), 0.8);
}

TEST(ParticleImager, SubtomogramIsTheParticleSeenThroughTheWeight) {
  for (const bool optics : {false, true})
    for (const bool flip : {true, false}) {
      ImagingOptions options;
      options.ctf = options.mtf = optics;
      options.phase_flip = flip;
      options.tilt_range_deg = {-50, 70};
      const ParticleImager imager(phantom_map(), options);
      const Rotation rotation = Rotation::from_vector({0.3, 0.8, -1});
      const Vec3 shift{2, 1, -1};
      const auto truth = reference::blob_volume(reference::moved(reference::asymmetric_phantom(), rotation, shift), n);
      const auto got = imager.image(rotation, shift, 0, Random(1, "none"));
      // The rest is what leaves the box through the streaks and the CTF's spread.
      EXPECT_GT(correlation(got, seen_through(truth, imager.weight())), optics ? 0.95 : 0.985);
      EXPECT_GT(correlation(got, truth), optics ? 0.4 : 0.8);  // bright where the particle is
    }
}

// Power of pure noise by direction: the asymmetric range leaves out the directions it should.
TEST(ParticleImager, WedgeLiesWhereTheTiltRangeSays) {
  ImagingOptions options = plain();
  options.tilt_range_deg = {-50, 70};
  const ParticleImager imager(phantom_map(), options);
  const HalfSpectrum noise = centred_spectrum(imager.image({}, {}, 100, Random(4, "wedge")));
  const WedgeRange range{-50 * degree, 70 * degree}, mirrored{-70 * degree, 50 * degree};
  double inside = 0, outside = 0, swapped = 0;
  int64_t counted = 0, missing = 0, differing = 0;
  for_each_frequency(noise, [&](int64_t i, int64_t z, int64_t, int64_t x) {
    const double r = std::hypot(static_cast<double>(x), static_cast<double>(z)), power = std::norm(noise.data()[i]);
    if (r < 6 || r > 14) return;
    const auto kx = static_cast<double>(x), kz = static_cast<double>(z);
    if (wedge_observes(range, kx, kz)) inside += power, ++counted;
    if (!wedge_observes(range, kx, kz, 1.5)) {
      outside += power, ++missing;
      if (wedge_observes(mirrored, kx, kz)) swapped += power, ++differing;
    }
  });
  // The edge of the box spreads a few per cent of the power over the wedge's border.
  ASSERT_GT(missing, 100);
  ASSERT_GT(differing, 50);
  const double mean = inside / static_cast<double>(counted);
  EXPECT_LT(outside / static_cast<double>(missing), 0.1 * mean);
  EXPECT_LT(swapped / static_cast<double>(differing), 0.1 * mean);
}

TEST(ParticleImager, WeightIsZeroOutsideAndAboutOneInside) {
  ImagingOptions options = plain();
  const ParticleImager imager(phantom_map(), options);
  const Volume<float>& weight = imager.weight();
  const WedgeRange range{-60 * degree, 60 * degree};
  double sum = 0, count = 0;
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x) {
        const auto kx = static_cast<double>(x - n / 2), ky = static_cast<double>(y - n / 2),
                   kz = static_cast<double>(z - n / 2), r = std::sqrt(kx * kx + ky * ky + kz * kz);
        if (r >= n / 2 || !wedge_observes(range, kx, kz, 0.5)) {
          ASSERT_EQ(weight(z, y, x), 0) << kx << " " << ky << " " << kz;
        }
        if (r < n / 2 - 1 && wedge_observes(range, kx, kz) && std::abs(std::atan2(kz, kx)) < 55 * degree && kx > 1) {
          sum += weight(z, y, x);
          ++count;
        }
      }
  EXPECT_NEAR(sum / count, 1, 0.05);
}

TEST(ParticleImager, WeightCarriesCtfAndMtf) {
  ImagingOptions options = plain();
  const ParticleImager bare(phantom_map(), options);
  options.defocus_um = 2;  // slow enough for a box of 32
  options.mtf = true;
  const ParticleImager blurred(phantom_map(), options);
  options.ctf = true;
  const ParticleImager flipped(phantom_map(), options);
  options.phase_flip = false;
  const ParticleImager signed_ctf(phantom_map(), options);
  const ContrastTransfer ctf(options.ctf_parameters());
  int negative = 0;
  for (int64_t k = 3; k < 14; ++k) {
    const auto at = [&](const ParticleImager& imager) {
      return static_cast<double>(imager.weight()(n / 2, n / 2 + k, n / 2 + 2));
    };
    const double radius = std::sqrt(static_cast<double>(k * k + 4)), mtf = detector_mtf(radius / (n / 2)),
                 transfer = ctf(radius / (n * 6.0));
    EXPECT_NEAR(at(blurred) / at(bare), mtf, 0.02);
    // The box holds the CTF's spread only in part, which blurs the transfer over one component.
    EXPECT_NEAR(at(signed_ctf) / at(bare), mtf * transfer, 0.12);
    EXPECT_NEAR(at(flipped) / at(bare), mtf * std::abs(transfer), 0.2);
    EXPECT_GE(at(flipped), 0);
    negative += at(signed_ctf) < 0;
  }
  EXPECT_GT(negative, 2);
}

TEST(ParticleImager, NoiseVarianceIsAsPredicted) {
  for (const char* stage : {"before-ctf", "after-ctf"}) {
    ImagingOptions options;
    options.noise_stage = stage;
    const ParticleImager imager(phantom_map(), options);
    const auto clean = imager.image({}, {}, 0, Random(1, "none"));
    double variance = 0;
    const int volumes = 6;
    for (int i = 0; i < volumes; ++i) {
      auto noisy = imager.image({}, {}, 30, Random(2, "noise", i));
      for (int64_t k = 0; k < noisy.size(); ++k) noisy[k] -= clean[k];
      variance += statistics(noisy).variance / volumes;
    }
    // About 6 · 15,000 independent components: 0.5 %; correlated voxels make it a little more.
    EXPECT_NEAR(variance, 900 * imager.volume_noise_variance(), 0.02 * variance) << stage;
  }
}

TEST(ParticleImager, NoiseAfterCtfIsNotShapedByIt) {
  ImagingOptions options;
  options.mtf = false;
  options.noise_stage = "after-ctf";
  const ParticleImager after(phantom_map(), options);
  EXPECT_NEAR(after.image_noise_variance(), pi / 4 * std::pow(31.0 / 32, 2), 0.01);  // the disc that is used
  options.noise_stage = "before-ctf";
  EXPECT_LT(ParticleImager(phantom_map(), options).image_noise_variance(), 0.6);
}

TEST(ImagingOptions, EveryFaultIsNamed) {
  ImagingOptions options;
  options.snr = -1;
  options.snr_definition = "loud";
  options.noise_stage = "never";
  options.rotation_axis = "w";
  options.max_shift_voxels = -2;
  options.tilt_range_deg = {-100, 60};
  options.voltage_kV = 0;
  Faults faults;
  options.add_faults(faults);
  EXPECT_EQ(faults.size(), 7u) << faults.text("");
}

}  // namespace
}  // namespace tessera
