// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/tilt_series.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/optics/exposure.h"
#include "tessera/optics/tilt_geometry.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using test::Workers;
using testing::HasSubstr;

// No noise, no error, no envelope: what remains is the CTF.
TiltSeriesOptions bare() {
  TiltSeriesOptions o;
  o.surroundings = "ice";
  o.noise = "none";
  o.defocus_spread_um = o.astigmatism_um = o.b_factor_A2 = o.energy_spread_eV = o.convergence_mrad = 0;
  o.drift_A = o.shift_error_A = o.tilt_error_deg = 0;
  o.radiation_damage = o.mtf = false;
  o.defocus_um = 3;
  o.tilt_angles_deg = {0};
  return o;
}

// A blob of standard deviation 1 voxel at a place in voxels from the middle.
Volume<float> blob(Shape3 n, Vec3 at) {
  Volume<float> out(n);
  for (int64_t z = 0, i = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x, ++i) {
        const Vec3 d =
            Vec3{static_cast<double>(x - n.x / 2), static_cast<double>(y - n.y / 2), static_cast<double>(z - n.z / 2)} -
            at;
        out[i] = static_cast<float>(std::exp(-0.5 * d.dot(d)));
      }
  return out;
}

double total_of(const TiltSeriesOptions& o, double a) {
  return o.total_dose / static_cast<double>(o.tilts().size()) * a * a * o.dqe;
}

// The blob's projection at (x, y) through a CTF of one defocus, on a wide image: what a height should give.
Volume<float> imaged_blob(Shape3 n, double x, double y, const TiltSeriesOptions& o, double height_A, double a) {
  const int64_t m = 256;
  Volume<float> wide({1, m, m});
  for (int64_t v = 0; v < m; ++v)
    for (int64_t u = 0; u < m; ++u) {
      const double dx = static_cast<double>(u - m / 2) - x, dy = static_cast<double>(v - m / 2) - y;
      wide(0, v, u) = static_cast<float>(std::sqrt(2 * pi) * std::exp(-0.5 * (dx * dx + dy * dy)));
    }
  HalfSpectrum spectrum = spectrum_of(wide);
  const ContrastTransfer ctf(o.ctf_parameters(o.defocus_um - height_A / micrometre_A));
  for_each_frequency(spectrum, [&](int64_t i, int64_t, int64_t v, int64_t u) {
    spectrum.data()[i] *= static_cast<float>(ctf(std::hypot(u, v) / (static_cast<double>(m) * a)));
  });
  const Volume<float> out = volume_of(std::move(spectrum));
  Volume<float> cut({1, n.y, n.x});
  for (int64_t v = 0; v < n.y; ++v)
    for (int64_t u = 0; u < n.x; ++u) cut(0, v, u) = out(0, v - n.y / 2 + m / 2, u - n.x / 2 + m / 2);
  return cut;
}

double distance(const Volume<float>& a, const Volume<float>& b) {
  double sum = 0, norm = 0;
  for (int64_t i = 0; i < a.size(); ++i) sum += std::pow(a[i] - b[i], 2), norm += std::pow(b[i], 2);
  return std::sqrt(sum / norm);
}

// Heights in the specimen and places across a tilted one: each blob is seen at its own defocus, to 3 % of its image; at
// the height with the other sign, it would be another image by several times that.
TEST(TiltSeries, EveryHeightHasItsDefocus) {
  const double a = 2;
  const Shape3 n{48, 64, 170};
  Workers run(2);
  TiltSeriesOptions o = bare();
  o.defocus_um = 1;
  o.tilt_angles_deg = {-60, 0, 60};
  int told_apart = 0;
  for (const Vec3 at : {Vec3{0, 0, 0}, Vec3{0, 5, 20}, Vec3{70, -4, -9}, Vec3{-75, 0, 12}}) {
    const TiltSeries series = record_tilt_series(blob(n, at), {a, 1}, plan_tilts(o, 48 * a, 1), o, 0, run.context);
    for (int64_t j = 0; j < 3; ++j) {
      const Tilt& tilt = series.tilts[j];
      const Vec3 seen = image_from_specimen(at, tilt.angle);
      Volume<float> contrast({1, n.y, n.x});
      const double electrons = total_of(o, a) * tilt.transmission, unit = -2 * interaction_constant(300) * a;
      for (int64_t i = 0; i < contrast.size(); ++i)
        contrast[i] = static_cast<float>((series.images[j * contrast.size() + i] / electrons - 1) / unit);
      const double error = distance(contrast, imaged_blob(n, seen.x, seen.y, o, seen.z * a, a));
      EXPECT_LT(error, 0.03) << at.x << " " << at.z << " at " << tilt.angle / degree;
      if (std::abs(seen.z) < 50) continue;
      EXPECT_GT(distance(contrast, imaged_blob(n, seen.x, seen.y, o, -seen.z * a, a)), 3 * error);
      ++told_apart;
    }
  }
  EXPECT_GE(told_apart, 4);
}

TEST(TiltSeries, CountsHaveTheMeanAndVarianceOfTheDose) {
  TiltSeriesOptions o = bare();
  o.noise = "poisson";
  o.tilt_angles_deg = {-60, 0};
  const double a = 8, thickness = 1500;
  o.ice_thickness_A = thickness;
  Workers run(1);
  const TiltSeries series =
      record_tilt_series(Volume<float>({4, 128, 128}), {a, 1}, plan_tilts(o, 32, 1), o, 0, run.context);
  for (int64_t j = 0; j < 2; ++j) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < 128 * 128; ++i) {
      const double value = series.images[j * 128 * 128 + i];
      EXPECT_EQ(value, std::floor(value));
      sum += value, square += value * value;
    }
    const double mean = sum / 16384,
                 expected = total_of(o, a) * std::exp(-thickness / (3100 * std::cos(series.tilts[j].angle)));
    EXPECT_NEAR(mean, expected, 5 * std::sqrt(expected / 16384));
    EXPECT_NEAR((square / 16384 - mean * mean) / expected, 1, 0.05);  // standard error 1.1 %
    EXPECT_NEAR(counting_noise_sigma(series.tilts[j], o, {a, 1}) * 2 * interaction_constant(300) * a,
                1 / std::sqrt(expected), 1e-9);
  }
}

TEST(TiltSeries, GaussianNoiseHasTheWantedVarianceInUnitsOfAProjection) {
  TiltSeriesOptions o = bare();
  o.noise = "gaussian";
  o.snr = 1;
  Workers run(2);
  TiltSeries series = record_tilt_series(Volume<float>({4, 128, 128}), {8, 1}, plan_tilts(o, 32, 1), o, 7, run.context);
  correct_tilt_series(series, {8, 1}, o, {false, false}, run.context);
  EXPECT_NEAR(std::sqrt(statistics(series.images).variance), 7, 0.2);
}

TEST(TiltSeries, DamageDriftAndShift) {
  const double a = 6;
  const Shape3 n{16, 96, 96};
  const Volume<float> specimen = blob(n, {});
  Workers run(2);
  TiltSeriesOptions o = bare();
  o.ctf = false;
  const auto spectrum_with = [&](const TiltSeriesOptions& options, const Tilt& tilt) {
    TiltSeries series = record_tilt_series(specimen, {a, 1}, {tilt}, options, 0, run.context);
    correct_tilt_series(series, {a, 1}, options, {false, false}, run.context);
    return centred_spectrum(series.images);
  };
  Tilt plain = plan_tilts(o, 100, 1).front();
  plain.exposure_before = 30, plain.exposure = 5;
  const HalfSpectrum before = spectrum_with(o, plain);
  TiltSeriesOptions damaged = o;
  damaged.radiation_damage = true;
  Tilt moved = plain;
  moved.shift_x_A = 12, moved.shift_y_A = -6, moved.drift_x_A = 20;
  const HalfSpectrum faded = spectrum_with(damaged, plain), shifted = spectrum_with(o, moved);
  for (const auto& [u, v] : {std::pair{6, 0}, {0, 9}, {12, 7}, {15, 20}}) {
    const double kx = u / (96 * a), ky = v / (96 * a);
    const std::complex<double> f0 = before(0, v, u), f1 = faded(0, v, u), f2 = shifted(0, v, u);
    EXPECT_NEAR(std::abs(f1 / f0), mean_exposure_amplitude(std::hypot(kx, ky), 30, 35, 300), 0.01);
    const auto expected = std::polar(drift_amplitude(kx, 20), -2 * pi * (12 * kx - 6 * ky));
    EXPECT_NEAR(std::abs(f2 / f0 - expected), 0, 0.01) << u << " " << v;
  }
}

// A point that has been imaged and flipped is positive at every frequency, strip by strip too.
TEST(TiltCorrection, FlipsPhasesAcrossATiltedImage) {
  const double a = 4;
  const Shape3 n{8, 80, 240};
  Workers run(2);
  TiltSeriesOptions o = bare();
  o.tilt_angles_deg = {55};
  const double tilt = 55 * degree;
  for (const double x : {-90.0, 0.0, 70.0}) {
    const Volume<float> specimen = blob(n, {x / std::cos(tilt) * 0.5, 0, 0});
    TiltSeries series = record_tilt_series(specimen, {a, 1}, plan_tilts(o, 40, 1), o, 0, run.context);
    correct_tilt_series(series, {a, 1}, o, {true, false}, run.context);
    HalfSpectrum spectrum = centred_spectrum(series.images);
    shift_spectrum(spectrum, {-x * 0.5, 0, 0});
    double along = 0, whole = 0;
    for_each_frequency(spectrum, [&](int64_t i, int64_t, int64_t v, int64_t u) {
      if (u == 0 && v == 0) return;
      const double weight = std::abs(spectrum.data()[i]);
      along += weight * spectrum.data()[i].real(), whole += weight * weight;
    });
    EXPECT_GT(along / whole, 0.97) << x;
  }
}

TEST(TiltPlan, DoseAngleErrorsAndTransmission) {
  TiltSeriesOptions o;
  o.tilt_error_deg = 0.5;
  const auto tilts = plan_tilts(o, 2000, 3);
  ASSERT_EQ(tilts.size(), 41u);
  double error = 0;
  for (const Tilt& tilt : tilts) {
    EXPECT_NEAR(tilt.exposure_before, tilt.order * 120.0 / 41, 1e-9);
    EXPECT_NEAR(tilt.transmission, std::exp(-2000 / (3100 * std::cos(tilt.true_angle))), 1e-9);
    error += std::pow((tilt.true_angle - tilt.angle) / degree, 2);
  }
  EXPECT_NEAR(std::sqrt(error / 41), 0.5, 0.2);
  EXPECT_EQ(tilts[20].order, 0) << "0° first";
  const auto again = plan_tilts(o, 2000, 3), other = plan_tilts(o, 2000, 4);
  EXPECT_EQ(again[7].true_angle, tilts[7].true_angle);
  EXPECT_NE(other[7].true_angle, tilts[7].true_angle);
}

TEST(TiltSeries, TheSameBitsForAnyNumberOfThreads) {
  TiltSeriesOptions o;
  o.tilt_angles_deg = {-50, 3, 40};
  const Volume<float> specimen = blob({20, 50, 60}, {4, 3, 2});
  Workers one(1, 5), three(3, 5);
  TiltSeries a = record_tilt_series(specimen, {5, 1}, plan_tilts(o, 100, 5), o, 0, one.context);
  TiltSeries b = record_tilt_series(specimen, {5, 1}, plan_tilts(o, 100, 5), o, 0, three.context);
  correct_tilt_series(a, {5, 1}, o, {}, one.context);
  correct_tilt_series(b, {5, 1}, o, {}, three.context);
  EXPECT_TRUE(std::equal(a.images.begin(), a.images.end(), b.images.begin()));
}

TEST(TiltOptions, EveryFaultAtOnce) {
  TiltSeriesOptions o;
  o.tilt_range_deg = {20, -20};
  o.defocus_um = -4;
  o.dose_scheme = "random";
  o.dqe = 0;
  Faults faults;
  o.add_faults(faults);
  const std::string text = faults.text("x");
  EXPECT_THAT(text, HasSubstr("first tilt"));
  EXPECT_THAT(text, HasSubstr("underfocus"));
  EXPECT_THAT(text, HasSubstr("dose-symmetric"));
  EXPECT_THAT(text, HasSubstr("dqe"));
  for (const std::vector<double>& angles : {std::vector<double>{0, 90}, {0, 120}, {5, 5}}) {
    TiltSeriesOptions bad;
    bad.tilt_angles_deg = angles;
    Faults found;
    bad.add_faults(found);
    EXPECT_EQ(found.size(), 1u) << angles[1];
  }
  EXPECT_EQ(o.resolved().noise, "poisson");
  TiltSeriesOptions simple;
  simple.physics = "simple";
  EXPECT_EQ(simple.resolved().noise, "gaussian");
  EXPECT_EQ(simple.resolved().drift_A, 0);
}

}  // namespace
}  // namespace tessera
