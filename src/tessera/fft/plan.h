// SPDX-License-Identifier: GPL-3.0-or-later
// Transform plans: immutable, shared, safe to execute from many threads at once. Single precision (FFTW).
// Plans are chosen by estimate, not by timing, so that the same input gives the same bits in every run.
#pragma once

#include <complex>
#include <map>
#include <memory>
#include <mutex>

#include "tessera/fft/half_spectrum.h"

namespace tessera {

// Real (nz, ny, nx) ↔ half spectrum (nz, ny, nx/2+1). A 2-D image has nz = 1.
class RealFft3 {
 public:
  explicit RealFft3(Shape3 shape);
  ~RealFft3();
  RealFft3(const RealFft3&) = delete;
  RealFft3& operator=(const RealFft3&) = delete;

  Shape3 shape() const { return shape_; }
  // Unnormalised: F(k) = Σ f(x) exp(-2πi k·x/n). Both pointers aligned to 64 bytes (AlignedVector); in ≠ out.
  void forward(const float* in, std::complex<float>* out) const;
  // Unnormalised inverse: f(x) = Σ F(k) exp(+2πi k·x/n). Destroys `in`.
  void inverse_unscaled(std::complex<float>* in, float* out) const;

 private:
  struct Plans;
  Shape3 shape_;
  std::unique_ptr<Plans> plans_;
};

// `rows` contiguous real rows of `length` ↔ rows of length/2+1 components, unnormalised both ways. forward keeps its
// input, inverse_unscaled destroys it.
class RealFftRows {
 public:
  RealFftRows(int64_t length, int64_t rows);
  ~RealFftRows();
  RealFftRows(RealFftRows&&) noexcept;
  RealFftRows& operator=(RealFftRows&&) noexcept;
  void forward(const float* in, std::complex<float>* out) const;
  void inverse_unscaled(std::complex<float>* in, float* out) const;

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

// Real n × n planes ↔ half spectra of n rows of n/2+1 components, n even, unnormalised both ways, as RealFft3 of {1, n,
// n} does it; but columns and rows are transformed out of place one after the other, which a plan by estimate does not
// find: 1.1 (n = 32) to 2.6 times (n = 40) as fast. The column n/2 is taken for zero by the inverse and not made by the
// forward transform. Pointers aligned to 16 bytes; `scratch`: as long as a half spectrum; all three differ.
class RealFftPlane {
 public:
  explicit RealFftPlane(int64_t n);
  ~RealFftPlane();
  RealFftPlane(RealFftPlane&&) noexcept;
  RealFftPlane& operator=(RealFftPlane&&) noexcept;
  void forward(const float* in, std::complex<float>* scratch, std::complex<float>* out) const;
  void inverse_unscaled(const std::complex<float>* in, std::complex<float>* scratch, float* out) const;

 private:
  struct Plan;
  std::unique_ptr<Plan> plan_;
};

// Plans by shape, made once. Thread-safe; references stay valid as long as the cache.
class PlanCache {
 public:
  const RealFft3& real3(Shape3 shape);

 private:
  struct Less {
    bool operator()(Shape3 a, Shape3 b) const { return a.z != b.z ? a.z < b.z : a.y != b.y ? a.y < b.y : a.x < b.x; }
  };
  std::mutex mutex_;
  std::map<Shape3, std::unique_ptr<RealFft3>, Less> real3_;
};

// The cache of the process.
PlanCache& plans();

// Smallest even size ≥ n with factors 2, 3 and 5 alone.
int64_t fast_even_size(int64_t n);

}  // namespace tessera
