// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/reconstruct.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/optics/tilt_geometry.h"
#include "tessera/simulate/central_slices.h"
#include "tessera/simulate/gridding_kernel.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"
#include "tests/reference/imaging_direct_sum.h"
#include "tests/reference/imaging_phantom.h"

namespace tessera {
namespace {

Volume<float> noise_volume(int64_t n) {
  Volume<float> out(Shape3::cube(n));
  Random random(7, "reconstruct test");
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

TEST(GriddingKernel, TransformMatchesQuadrature) {
  const GriddingKernel& kernel = GriddingKernel::instance();
  EXPECT_NEAR(kernel.transform(0), 1, 1e-12);
  for (const double position : {0.0, 0.1, 0.25}) {
    double sum = 0;  // midpoint rule over |t| < 2 in 1000 steps a unit
    for (int i = 0; i < 1000; ++i) {
      float weight[4];
      kernel.weights(static_cast<float>((i + 0.5) / 1000), weight);
      for (int k = 0; k < 4; ++k) sum += weight[k] * std::cos(2 * pi * position * (k - 1 - (i + 0.5) / 1000)) / 1000;
    }
    EXPECT_NEAR(sum, kernel.transform(position), 1e-5) << position;
  }
}

// White noise fills the box to its corners and all frequencies: the hardest input. 2e-3 of the rms component is the
// error of a Kaiser-Bessel kernel 4 wide at twofold oversampling, reached at the box edge.
TEST(CentralSlices, InterpolatesAnyFrequency) {
  const int64_t n = 16;
  const Volume<float> volume = noise_volume(n);
  const CentralSlices slices(volume);
  const double rms = std::pow(static_cast<double>(n), 1.5);
  Random random(1, "frequencies");
  double worst = 0;
  for (int i = 0; i < 300; ++i) {
    const Vec3 direction = Rotation::random(random) * Vec3{0, 0, 1};
    const Vec3 k = direction * random.uniform(0, slices.radius() - 1e-3);
    const std::complex<double> got =
        slices.at(static_cast<float>(k.x), static_cast<float>(k.y), static_cast<float>(k.z));
    worst = std::max(worst, std::abs(got - reference::fourier_sum(volume, k)));
  }
  EXPECT_LT(worst, 6e-3 * rms);
}

TEST(CentralSlices, ProjectionMatchesClosedFormInRealSpace) {
  const int64_t n = 32;
  const auto phantom = reference::asymmetric_phantom();
  const CentralSlices slices(reference::blob_volume(phantom, n));
  Random random(3, "pose");
  for (const double tilt : {-60.0, -17.0, 0.0, 45.0, 90.0}) {
    const Rotation rotation = Rotation::random(random);
    const Vec3 shift{1.3, -2.4, 0.7};
    HalfSpectrum image({1, 2 * n, 2 * n});
    slices.project(rotation.matrix(), shift, tilt * degree, image);
    const auto got = resize_volume(centred_volume(image), {1, n, n});
    const auto expected = reference::blob_projection(reference::moved(phantom, rotation, shift), n, tilt * degree);
    float largest = 0, worst = 0;
    for (int64_t i = 0; i < got.size(); ++i) {
      largest = std::max(largest, expected[i]);
      worst = std::max(worst, std::abs(got[i] - expected[i]));
    }
    EXPECT_LT(worst, 3e-3f * largest) << tilt;  // kernel error; a mirrored image differs by its whole height
  }
}

TEST(CentralSlices, SmallImageTakesEverySecondComponent) {
  const int64_t n = 16;
  const CentralSlices slices(reference::blob_volume(reference::asymmetric_phantom(0.6), n));
  const Mat3 rotation = Rotation::from_vector({0.4, 1, -0.3}).matrix();
  HalfSpectrum large({1, 2 * n, 2 * n}), small({1, n, n});
  slices.project(rotation, {1, 2, 3}, 0.5, large);
  slices.project(rotation, {1, 2, 3}, 0.5, small);
  for (int64_t v = -7; v <= 7; ++v)
    for (int64_t u = 0; u <= 7; ++u) {
      if (u * u + v * v >= 49) continue;
      const auto difference = small(0, wrapped_index(v, n), u) - large(0, wrapped_index(2 * v, 2 * n), 2 * u);
      EXPECT_LT(std::abs(difference), 1e-3f) << u << " " << v;
    }
}

TEST(TiltReconstruction, MatchesTheSumTermByTerm) {
  const int64_t n = 8;
  const TiltReconstruction plan(n, tilt_angles({-50, 70, 15}));
  const CentralSlices slices(noise_volume(n));
  std::vector<HalfSpectrum> images;
  TiltReconstruction::Sum sum(plan);
  for (size_t j = 0; j < plan.tilts().size(); ++j) {
    images.emplace_back(plan.image_shape());
    slices.project(Mat3(), {0.3, 0.2, -0.4}, plan.tilts()[j], images.back());
    sum.insert(j, images.back());
  }
  const Volume<float> got = sum.finish();
  const auto component = [&](size_t j, int64_t u, int64_t v) {
    return u >= 0 ? images[j](0, wrapped_index(v, 2 * n), u) : std::conj(images[j](0, wrapped_index(-v, 2 * n), -u));
  };
  double largest = 0;
  for (const float value : got) largest = std::max(largest, static_cast<double>(std::abs(value)));
  for (const Vec3 voxel : {Vec3{0, 0, 0}, {1, -2, 3}, {-4, -4, -4}, {3, 3, 3}, {-3, 2, -1}, {0, 3, -4}}) {
    const double expected = reference::backprojection_sum(plan, voxel, component);
    const float value = got(static_cast<int64_t>(voxel.z) + n / 2, static_cast<int64_t>(voxel.y) + n / 2,
                            static_cast<int64_t>(voxel.x) + n / 2);
    EXPECT_NEAR(value, expected, 3e-3 * largest);
  }
}

TEST(TiltReconstruction, SumIsEmptyAfterwards) {
  const TiltReconstruction plan(8, {0.0, 0.3});
  TiltReconstruction::Sum sum(plan);
  HalfSpectrum image(plan.image_shape());
  std::fill(image.begin(), image.end(), 1.0f);
  sum.insert(1, image);
  EXPECT_GT(statistics(sum.finish()).variance, 0);
  EXPECT_EQ(statistics(sum.finish()).variance, 0);
}

// A component p of the box is read from samples r_j near it, with D(p − r_j) the spectrum of the box. Of all weights
// the best for a signal that is the same in them and noise of equal strength are w_j ∝ D(p − r_j): (Σ w D)²/Σ w² D² is
// then Σ D². The weights must come near that (and may pass it a little: D is negative in places), with Σ w D about 1.
TEST(TiltReconstruction, WeighsCrowdedAndSparseSlicesWell) {
  const int64_t n = 48;
  const TiltReconstruction plan(n, tilt_angles({-60, 60, 3}));
  const auto sinc = [](double t) { return std::abs(t) < 1e-9 ? 1 : std::sin(pi * t) / (pi * t); };
  for (int shell = 2; shell <= n / 2 - 2; ++shell) {
    double gain = 0, share = 0;
    int count = 0;
    for (int angle = -55; angle <= 55; angle += 5, ++count) {
      const double x = shell * std::cos(angle * degree), z = shell * std::sin(angle * degree);
      double signal = 0, noise = 0, best = 0;
      for (size_t j = 0; j < plan.tilts().size(); ++j)
        for (int64_t u = 1 - n; u < n; ++u) {
          const double radius = 0.5 * static_cast<double>(u);
          const double d = sinc(x - radius * std::cos(plan.tilts()[j])) * sinc(z - radius * std::sin(plan.tilts()[j]));
          const double w = plan.sample_weight(j, u);
          signal += w * d, noise += w * w * d * d, best += d * d;
        }
      gain += signal, share += signal * signal / (noise * best);
    }
    EXPECT_NEAR(gain / count, 1, shell < 19 ? 0.05 : 0.25) << shell;  // from 19 on slices lie more than 1/n apart
    EXPECT_GT(share / count, 0.9) << shell;
  }
}

// A dense full series determines the density: the reconstruction returns it.
class DenseFullSeries : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(EvenAndOdd, DenseFullSeries, testing::Values(32, 33));

TEST_P(DenseFullSeries, ReturnsTheDensity) {
  const int64_t n = GetParam();
  const Volume<float> density = reference::blob_volume(reference::asymmetric_phantom(), n);
  const TiltReconstruction plan(n, tilt_angles({-90, 88, 2}));
  const CentralSlices slices(density);
  TiltReconstruction::Sum sum(plan);
  HalfSpectrum image(plan.image_shape());
  for (size_t j = 0; j < plan.tilts().size(); ++j) {
    slices.project(Mat3(), {}, plan.tilts()[j], image);
    sum.insert(j, image);
  }
  const Volume<float> got = sum.finish();
  EXPECT_GT(correlation(got, density), 0.999);
  const HalfSpectrum a = centred_spectrum(got), b = centred_spectrum(density);
  const auto fsc = fourier_shell_correlation(a, b), power = shell_power(b);
  for (int64_t shell = 0; shell < n / 2 - 1; ++shell) {
    if (power[shell] < 1e-6 * power[0]) continue;  // the blobs end there, rounding is left
    EXPECT_GT(fsc[shell], 0.99) << shell;
  }
  // The scale comes back too: within the few percent by which the weights differ from 1.
  double ab = 0, bb = 0;
  for (int64_t i = 0; i < got.size(); ++i) ab += got[i] * density[i], bb += density[i] * density[i];
  EXPECT_NEAR(ab / bb, 1, 0.03);
}

}  // namespace
}  // namespace tessera
