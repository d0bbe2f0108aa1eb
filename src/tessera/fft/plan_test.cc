// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/fft/plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/parallel/threads.h"
#include "tests/reference/fourier_sums.h"

namespace tessera {
namespace {

using reference::Complex;
using reference::fourier_sums;

const Shape3 kShapes[] = {{1, 1, 1}, {1, 1, 8}, {1, 5, 6}, {1, 6, 5}, {3, 4, 5}, {4, 4, 4},
                          {5, 5, 5}, {2, 7, 6}, {6, 5, 1}, {8, 3, 4}, {7, 1, 9}};

// Rounding of single precision grows as the square root of log N; N(0, 1) input gives components of about √N.
double tolerance(Shape3 n) {
  return 1e-6 * std::sqrt(static_cast<double>(n.count()));
}

AlignedVector<float> noise(Shape3 n, uint64_t item = 0) {
  Random random(1, "noise", item);
  AlignedVector<float> out(n.count());
  for (float& v : out) v = static_cast<float>(random.normal());
  return out;
}

HalfSpectrum transformed(const AlignedVector<float>& values, Shape3 n) {
  HalfSpectrum out(n);
  RealFft3(n).forward(values.data(), out.data());
  return out;
}

TEST(RealFft3, ForwardIsTheSumAndKeepsItsInput) {
  for (const Shape3 n : kShapes) {
    const AlignedVector<float> values = noise(n), copy = values;
    const HalfSpectrum half = transformed(values, n);
    const auto full = fourier_sums(std::vector<double>(values.begin(), values.end()), n, -1);
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x <= n.x / 2; ++x)
          EXPECT_LT(std::abs(Complex(half(z, y, x)) - full[(z * n.y + y) * n.x + x]), tolerance(n));
    EXPECT_EQ(values, copy);
  }
}

TEST(RealFft3, InverseIsTheSumOverBothHalves) {
  for (const Shape3 n : kShapes) {
    HalfSpectrum half = transformed(noise(n, 1), n);  // a spectrum with the symmetry of a real volume
    std::vector<Complex> full(n.count());
    for (int64_t z = 0; z < n.z; ++z)
      for (int64_t y = 0; y < n.y; ++y)
        for (int64_t x = 0; x < n.x; ++x)
          full[(z * n.y + y) * n.x + x] = x <= n.x / 2
                                              ? Complex(half(z, y, x))
                                              : std::conj(Complex(half((n.z - z) % n.z, (n.y - y) % n.y, n.x - x)));
    const auto expected = fourier_sums(full, n, +1);
    AlignedVector<float> out(n.count());
    RealFft3(n).inverse_unscaled(half.data(), out.data());
    for (int64_t i = 0; i < n.count(); ++i) {
      EXPECT_NEAR(out[i], expected[i].real(), tolerance(n) * std::sqrt(n.count()));
      EXPECT_NEAR(expected[i].imag(), 0, tolerance(n) * std::sqrt(n.count()));
    }
  }
}

TEST(RealFft3, RoundTripMultipliesByTheCount) {
  for (const Shape3 n : {Shape3{16, 18, 20}, Shape3{15, 21, 9}, Shape3{1, 64, 64}}) {
    const AlignedVector<float> values = noise(n);
    HalfSpectrum half = transformed(values, n);
    AlignedVector<float> back(n.count());
    RealFft3(n).inverse_unscaled(half.data(), back.data());
    for (int64_t i = 0; i < n.count(); ++i) EXPECT_NEAR(back[i] / static_cast<float>(n.count()), values[i], 3e-6);
  }
}

// Σ|f|² = Σ|F|²/N over the whole spectrum: needs the multiplicities.
TEST(RealFft3, Parseval) {
  for (const Shape3 n : {Shape3{16, 18, 20}, Shape3{15, 21, 9}, Shape3{4, 5, 1}, Shape3{3, 3, 2}}) {
    const AlignedVector<float> values = noise(n);
    const HalfSpectrum half = transformed(values, n);
    double real = 0, fourier = 0;
    for (const float v : values) real += static_cast<double>(v) * v;
    for (int64_t i = 0; i < half.size(); ++i)
      fourier += half.multiplicity(i % (n.x / 2 + 1)) * std::norm(Complex(half.data()[i]));
    EXPECT_NEAR(fourier / static_cast<double>(n.count()) / real, 1, 1e-6);
  }
}

TEST(RealFft3, IsLinear) {
  const Shape3 n{6, 9, 10};
  const AlignedVector<float> a = noise(n, 1), b = noise(n, 2);
  AlignedVector<float> both(n.count());
  for (int64_t i = 0; i < n.count(); ++i) both[i] = 2 * a[i] - 0.5f * b[i];
  const HalfSpectrum fa = transformed(a, n), fb = transformed(b, n), fboth = transformed(both, n);
  for (int64_t i = 0; i < fa.size(); ++i)
    EXPECT_LT(std::abs(fboth.data()[i] - (2.0f * fa.data()[i] - 0.5f * fb.data()[i])), 3 * tolerance(n));
}

// f(x − s) ↔ F(k) exp(−2πi k·s/n), for any whole s round the box.
TEST(RealFft3, ShiftTheorem) {
  const Shape3 n{5, 6, 8}, s{2, 5, 3};
  const AlignedVector<float> values = noise(n);
  AlignedVector<float> moved(n.count());
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x < n.x; ++x)
        moved[(((z + s.z) % n.z) * n.y + (y + s.y) % n.y) * n.x + (x + s.x) % n.x] = values[(z * n.y + y) * n.x + x];
  const HalfSpectrum before = transformed(values, n), after = transformed(moved, n);
  for (int64_t z = 0; z < n.z; ++z)
    for (int64_t y = 0; y < n.y; ++y)
      for (int64_t x = 0; x <= n.x / 2; ++x) {
        const double turns = static_cast<double>(z * s.z) / n.z + static_cast<double>(y * s.y) / n.y +
                             static_cast<double>(x * s.x) / n.x;
        const Complex expected = Complex(before(z, y, x)) * std::polar(1.0, -2 * pi * turns);
        EXPECT_LT(std::abs(Complex(after(z, y, x)) - expected), 2 * tolerance(n));
      }
}

TEST(RealFft3, TwoPlansOfAShapeGiveTheSameBits) {
  const Shape3 n{24, 20, 30};
  const AlignedVector<float> values = noise(n);
  const HalfSpectrum a = transformed(values, n), b = transformed(values, n);
  EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin()));
}

TEST(RealFft3, RefusesEmptyShapes) {
  EXPECT_THROW(RealFft3({0, 4, 4}), InternalError);
  EXPECT_THROW(RealFft3({4, -1, 4}), InternalError);
  EXPECT_THROW(RealFftRows(0, 3), InternalError);
  EXPECT_THROW(RealFftRows(3, 0), InternalError);
}

TEST(RealFftRows, EachRowIsItsSumWhereverItLies) {
  for (const auto& [length, rows] : {std::pair<int64_t, int64_t>{1, 3}, {2, 1}, {7, 4}, {8, 5}, {72, 3}}) {
    const Shape3 row{1, 1, length};
    const int64_t half = length / 2 + 1;
    for (const int64_t offset : {0, 1, 3}) {  // rows may begin anywhere, aligned or not
      AlignedVector<float> values = noise({1, rows, length + 1});
      const AlignedVector<float> copy = values;
      AlignedVector<std::complex<float>> out(rows * half + offset);
      const float* first = values.data() + std::min(offset, rows);
      RealFftRows plan(length, rows), moved(std::move(plan));
      moved.forward(first, out.data() + offset);
      EXPECT_EQ(values, copy);
      for (int64_t r = 0; r < rows; ++r) {
        const auto expected = fourier_sums(std::vector<float>(first + r * length, first + (r + 1) * length), row, -1);
        for (int64_t k = 0; k < half; ++k)
          EXPECT_LT(std::abs(Complex(out[offset + r * half + k]) - expected[k]), 2 * tolerance(row));
      }
    }
  }
}

TEST(RealFftPlane, IsTheTransformOfAPlaneWithoutItsLastColumn) {
  for (const int64_t n : {2, 6, 16, 40}) {
    const Shape3 shape{1, n, n};
    const int64_t row = n / 2 + 1;
    const AlignedVector<float> values = noise(shape, 4), copy = values;
    const HalfSpectrum expected = transformed(values, shape);
    AlignedVector<std::complex<float>> spectrum(n * row), scratch(n * row);
    const RealFftPlane fft(n);
    fft.forward(values.data(), scratch.data(), spectrum.data());
    EXPECT_EQ(values, copy);
    HalfSpectrum without_last = expected;
    for (int64_t y = 0; y < n; ++y) {
      for (int64_t x = 0; x < n / 2; ++x)
        EXPECT_LT(std::abs(spectrum[y * row + x] - expected(0, y, x)), tolerance(shape)) << n << ": " << y << ", " << x;
      without_last(0, y, n / 2) = 0;
      spectrum[y * row + n / 2] = {3, -2};  // must not be read
    }
    AlignedVector<float> back(n * n), reference(n * n);
    const AlignedVector<std::complex<float>> kept = spectrum;
    fft.inverse_unscaled(spectrum.data(), scratch.data(), back.data());
    EXPECT_EQ(spectrum, kept);
    RealFft3(shape).inverse_unscaled(without_last.data(), reference.data());
    // Sums of n² components of about n.
    for (int64_t i = 0; i < n * n; ++i)
      EXPECT_NEAR(back[i], reference[i], tolerance(shape) * static_cast<double>(n * n)) << n << ": " << i;
  }
  EXPECT_THROW(RealFftPlane(5), InternalError);
}

TEST(PlanCache, OnePlanAShape) {
  PlanCache cache;
  const RealFft3& first = cache.real3({4, 5, 6});
  EXPECT_EQ(&cache.real3({4, 5, 6}), &first);
  EXPECT_NE(&cache.real3({6, 5, 4}), &first);
  EXPECT_EQ(first.shape(), (Shape3{4, 5, 6}));
  for (int64_t n = 1; n < 20; ++n) EXPECT_EQ(cache.real3(Shape3::cube(n)).shape(), Shape3::cube(n));
  EXPECT_EQ(&cache.real3({4, 5, 6}), &first);
  EXPECT_THROW(cache.real3({0, 1, 1}), InternalError);
  EXPECT_THROW(cache.real3({0, 1, 1}), InternalError);  // a refusal leaves nothing behind
}

// Many threads ask for plans, make others of their own and execute shared ones at once; all agree with one thread.
TEST(PlanCache, PlansAndExecutesFromManyThreads) {
  const int64_t jobs = 96;
  const auto job = [](PlanCache& cache, int64_t item) {
    const Shape3 n{3 + item % 4, 5 + item % 3, 8 + item % 5};
    const AlignedVector<float> values = noise(n, static_cast<uint64_t>(item));
    HalfSpectrum half(n);
    cache.real3(n).forward(values.data(), half.data());
    const RealFftRows rows(n.x, 2);
    AlignedVector<std::complex<float>> out(2 * (n.x / 2 + 1));
    rows.forward(values.data(), out.data());
    std::vector<std::complex<float>> all(half.begin(), half.end());
    all.insert(all.end(), out.begin(), out.end());
    return all;
  };
  PlanCache serial_cache, shared;
  std::vector<std::vector<std::complex<float>>> serial(jobs), parallel(jobs);
  for (int64_t item = 0; item < jobs; ++item) serial[item] = job(serial_cache, item);
  Threads threads(8);
  threads.for_each(jobs, [&](int64_t item, int) { parallel[item] = job(shared, item); });
  EXPECT_EQ(parallel, serial);
}

}  // namespace
}  // namespace tessera
