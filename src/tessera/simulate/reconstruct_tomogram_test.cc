// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/reconstruct_tomogram.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/optics/wedge.h"
#include "tessera/simulate/layered_projection.h"
#include "tessera/simulate/view_filter.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tests/reference/imaging_phantom.h"
#include "tests/reference/slab_loops.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using test::Workers;
std::vector<double> series(double limit_deg, double step_deg) {
  std::vector<double> out;
  for (double t = -limit_deg; t <= limit_deg + 1e-9; t += step_deg) out.push_back(t * degree);
  return out;
}

// Projections in closed form, n × n.
Volume<float> images_of(const std::vector<reference::Blob>& blobs, int64_t n, const std::vector<double>& tilts) {
  Volume<float> out({static_cast<int64_t>(tilts.size()), n, n});
  for (size_t j = 0; j < tilts.size(); ++j) {
    const Volume<float> image = reference::blob_projection(blobs, n, tilts[j]);
    std::copy(image.begin(), image.end(), &out(static_cast<int64_t>(j), 0, 0));
  }
  return out;
}

Volume<float> reconstructed(Volume<float> images, const std::vector<double>& tilts, int64_t thickness,
                            const std::string& method, const std::string& weighting = "ramp", int threads = 2) {
  Workers run(threads);
  ReconstructionOptions options;
  options.method = method;
  options.weighting = weighting;
  return reconstruct_tomogram(images, tilts, thickness, options, run.context);
}

// Ratio of the reconstruction's to the blob's spectrum over components inside and outside the wedge.
struct Transfer {
  double inside = 0, outside = 0;
};
Transfer transfer_of(const Volume<float>& volume, double sigma, double limit) {
  const int64_t n = volume.shape().x;
  const HalfSpectrum found = centred_spectrum(volume),
                     truth = centred_spectrum(reference::blob_volume({{{0, 0, 0}, sigma, 1.0}}, n));
  const WedgeRange range{-limit, limit};
  double in = 0, out = 0, in_all = 0, out_all = 0;
  for_each_frequency(found, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
    const double radius = std::sqrt(static_cast<double>(x * x + y * y + z * z));
    if (radius < 3 || radius > 0.35 * static_cast<double>(n)) return;
    const std::complex<double> f = found.data()[i], t = truth.data()[i];
    const auto kx = static_cast<double>(x), kz = static_cast<double>(z);
    const double across = std::hypot(kx, kz);
    if (across >= 3 && std::abs(std::atan2(kz, kx)) < limit - 2 / across)
      in += (f * std::conj(t)).real(), in_all += std::norm(t);
    else if (!wedge_observes(range, kx, kz, 2.5))
      out += std::norm(f), out_all += std::norm(t);
  });
  return {in / in_all, std::sqrt(out / out_all)};
}

// One bead: 1 inside the range that was seen (two components from its edge and three from the axis, where slices blur
// each other), nothing outside but the smear of slices of finite thickness.
TEST(ReconstructTomogram, ABeadComesBackWithTheWedge) {
  const int64_t n = 64;
  const auto tilts = series(60, 2);
  const Volume<float> images = images_of({{{0, 0, 0}, 1.5, 1.0}}, n, tilts);
  for (const char* method : {"wbp", "fourier"}) {
    const Volume<float> volume = reconstructed(images, tilts, n, method);
    const Transfer transfer = transfer_of(volume, 1.5, 60 * degree);
    EXPECT_NEAR(transfer.inside, 1, 0.03) << method;
    EXPECT_LT(transfer.outside, 0.1) << method;
    const float peak = volume(n / 2, n / 2, n / 2);
    EXPECT_EQ(peak, *std::max_element(volume.begin(), volume.end())) << method;
    // Elongated along the beam: at the same distance it is brighter along z than along x, and dark beside x.
    EXPECT_GT(volume(n / 2 + 3, n / 2, n / 2), volume(n / 2, n / 2, n / 2 + 3)) << method;
  }
}

TEST(ReconstructTomogram, AWideRangeReturnsTheDensity) {
  const int64_t n = 48;
  const auto tilts = series(84, 2);
  const auto blobs = reference::asymmetric_phantom();
  const Volume<float> truth = reference::blob_volume(blobs, n), images = images_of(blobs, n, tilts);
  for (const char* method : {"wbp", "fourier", "sirt"}) {
    const Volume<float> volume = reconstructed(images, tilts, n, method);
    EXPECT_GT(correlation(volume, truth), method == std::string("sirt") ? 0.95 : 0.975) << method;
    double dot = 0, norm = 0;
    for (int64_t i = 0; i < truth.size(); ++i) dot += volume[i] * truth[i], norm += truth[i] * truth[i];
    // At full contrast; 20 iterations of sirt have not yet built up the fine detail.
    EXPECT_NEAR(dot / norm, 1, method == std::string("sirt") ? 0.35 : 0.06) << method;
  }
}

// The hand: a phantom and its mirror image through z are told apart.
TEST(ReconstructTomogram, KeepsTheHand) {
  const int64_t n = 48;
  const auto tilts = series(60, 3);
  auto blobs = reference::asymmetric_phantom(), mirrored = blobs;
  for (auto& blob : mirrored) blob.centre.z = -blob.centre.z;
  const Volume<float> images = images_of(blobs, n, tilts);
  for (const char* method : {"wbp", "fourier", "sirt"}) {
    const Volume<float> volume = reconstructed(images, tilts, n, method);
    EXPECT_GT(correlation(volume, reference::blob_volume(blobs, n)),
              correlation(volume, reference::blob_volume(mirrored, n)) + 0.2)
        << method;
  }
}

TEST(ReconstructTomogram, BackProjectionAndInversionAgree) {
  const int64_t n = 64, thickness = 40;
  const auto tilts = series(60, 3);
  const Volume<float> images = images_of(reference::asymmetric_phantom(0.8), n, tilts);
  for (const std::string& weighting : weighting_names()) {
    const Volume<float> a = reconstructed(images, tilts, thickness, "wbp", weighting),
                        b = reconstructed(images, tilts, thickness, "fourier", weighting);
    // Over the voxels that every tilt sees within its image.
    double difference = 0, power = 0;
    for (int64_t z = 0; z < thickness; ++z)
      for (int64_t y = 0; y < n; ++y)
        for (int64_t x = 16; x < 48; ++x) {
          difference += std::pow(a(z, y, x) - b(z, y, x), 2);
          power += std::pow(a(z, y, x), 2);
        }
    EXPECT_LT(std::sqrt(difference / power), 0.01) << weighting;
  }
}

TEST(ReconstructTomogram, InversionIsTheSumWrittenOut) {
  const int64_t n = 20, thickness = 12;
  const auto tilts = series(50, 10);
  Volume<float> images({static_cast<int64_t>(tilts.size()), 1, n});
  Random random(4, "inversion test");
  for (float& value : images) value = static_cast<float>(random.normal());
  const int64_t length = fast_even_size(2 * n);
  // The outermost component is left out (see FourierPlane::add): give the oracle nothing there either.
  const auto filters = view_filters(tilts, "ramp", thickness, length);
  std::vector<std::vector<float>> rows(tilts.size(), std::vector<float>(length));
  for (size_t j = 0; j < tilts.size(); ++j) pad_row(&images(static_cast<int64_t>(j), 0, 0), n, length, rows[j].data());
  const Volume<float> volume = reconstructed(images, tilts, thickness, "fourier");
  const double spread = std::sqrt(statistics(volume).variance);
  double difference = 0;
  for (int64_t z = 0; z < thickness; ++z)
    for (int64_t x = 0; x < n; ++x)
      difference += std::pow(
          volume(z, 0, x) - reference::inversion_sum(rows, n / 2, filters, tilts, static_cast<double>(x - n / 2),
                                                     static_cast<double>(z - thickness / 2)),
          2);
  // White noise has a twentieth of its filtered power in the component left out.
  EXPECT_LT(std::sqrt(difference / static_cast<double>(thickness * n)) / spread, 0.35);
  // Band-limited rows have nothing there: the interpolation's own error remains.
  Volume<float> smooth({static_cast<int64_t>(tilts.size()), 1, n});
  for (size_t j = 0; j < tilts.size(); ++j)
    for (int64_t x = 0; x < n; ++x) {
      const double d = static_cast<double>(x) - 8.3 - static_cast<double>(j) * 0.4;
      smooth(static_cast<int64_t>(j), 0, x) = static_cast<float>(std::exp(-0.5 * d * d / 2.5));
    }
  for (size_t j = 0; j < tilts.size(); ++j) pad_row(&smooth(static_cast<int64_t>(j), 0, 0), n, length, rows[j].data());
  const Volume<float> clean = reconstructed(smooth, tilts, thickness, "fourier");
  for (int64_t z = 0; z < thickness; z += 3)
    for (int64_t x = 0; x < n; x += 2)
      EXPECT_NEAR(clean(z, 0, x),
                  reference::inversion_sum(rows, n / 2, filters, tilts, static_cast<double>(x - n / 2),
                                           static_cast<double>(z - thickness / 2)),
                  3e-3 * *std::max_element(clean.begin(), clean.end()));
}

TEST(ReconstructTomogram, SirtResidualFalls) {
  const int64_t n = 48;
  const auto tilts = series(60, 4);
  Volume<float> images = images_of(reference::asymmetric_phantom(), n, tilts);
  Workers run(2);
  ReconstructionOptions options;
  options.method = "sirt";
  options.sirt_iterations = 30;
  ReconstructionReport report;
  reconstruct_tomogram(images, tilts, n, options, run.context, &report);
  ASSERT_EQ(report.residuals.size(), 31u);
  EXPECT_NEAR(report.residuals[0], 1, 1e-6);
  for (size_t i = 1; i < report.residuals.size(); ++i) EXPECT_LT(report.residuals[i], report.residuals[i - 1]) << i;
  EXPECT_LT(report.residuals.back(), 0.01);
}

TEST(ReconstructTomogram, DarkIsTheNegative) {
  const auto tilts = series(30, 10);
  const Volume<float> images = images_of({{{0, 0, 0}, 2, 1.0}}, 24, tilts);
  Workers run(1);
  ReconstructionOptions dark;
  dark.contrast = "dark";
  Volume<float> copy = images;
  const Volume<float> volume = reconstruct_tomogram(copy, tilts, 12, dark, run.context),
                      bright = reconstructed(images, tilts, 12, "wbp");
  for (int64_t i = 0; i < volume.size(); ++i) ASSERT_EQ(volume[i], -bright[i]);
}

TEST(ReconstructTomogram, TheSameBitsForAnyNumberOfThreads) {
  const auto tilts = series(60, 12);
  const Volume<float> images = images_of(reference::asymmetric_phantom(), 40, tilts);
  for (const char* method : {"wbp", "fourier", "sirt"}) {
    const Volume<float> a = reconstructed(images, tilts, 20, method, "exact", 1),
                        b = reconstructed(images, tilts, 20, method, "exact", 3);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin())) << method;
  }
}

TEST(ViewFilter, RampAndExactAgreeWhereSlicesOverlapAlot) {
  const auto tilts = series(60, 3);
  const auto ramp = view_filters(tilts, "ramp", 50, 200), exact = view_filters(tilts, "exact", 50, 200);
  // Slices 1/50 thick, 3° apart, overlap below u = 1/(50 · sin 3°) = 0.38; well below they share the area evenly.
  for (const int u : {4, 8, 14}) EXPECT_NEAR(exact[20][u] / ramp[20][u], 1, 0.12) << u;
  EXPECT_NEAR(exact[20][98], 1.0 / 50, 0.005) << "apart";
  EXPECT_EQ(ramp[20][100], 0) << "Nyquist";
  EXPECT_NEAR(view_filters({0.0}, "ramp", 50, 200)[0][30], 1.0 / 50, 1e-7) << "one tilt";
  // Unequal steps share the half circle by the gaps around them.
  const auto uneven = view_filters({0, 0.1, 0.4}, "ramp", 50, 200);
  EXPECT_NEAR(uneven[1][40] / uneven[0][40], 0.2 / 0.1, 1e-5);
}

}  // namespace
}  // namespace tessera
