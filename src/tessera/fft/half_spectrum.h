// SPDX-License-Identifier: GPL-3.0-or-later
// The non-redundant half of the Fourier transform of a real volume.
#pragma once

#include <complex>

#include "tessera/base/shape.h"

namespace tessera {

// F(kz, ky, kx) for kx = 0 … nx/2 of a real volume of shape (nz, ny, nx); DC first, frequencies wrap in z and y; the
// other half follows from F(-k) = conj F(k). Forward transforms are unnormalised, inverse ones divide by the count.
class HalfSpectrum {
 public:
  using value_type = std::complex<float>;

  HalfSpectrum() = default;
  explicit HalfSpectrum(Shape3 real_shape) : real_shape_(real_shape), values_(stored().count()) {}

  Shape3 real_shape() const { return real_shape_; }
  Shape3 stored() const { return {real_shape_.z, real_shape_.y, real_shape_.x / 2 + 1}; }

  value_type& operator()(int64_t z, int64_t y, int64_t x) { return values_[index(z, y, x)]; }
  const value_type& operator()(int64_t z, int64_t y, int64_t x) const { return values_[index(z, y, x)]; }
  value_type* data() { return values_.data(); }
  const value_type* data() const { return values_.data(); }
  int64_t size() const { return static_cast<int64_t>(values_.size()); }
  auto begin() { return values_.begin(); }
  auto end() { return values_.end(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

  int64_t index(int64_t z, int64_t y, int64_t x) const { return (z * real_shape_.y + y) * (real_shape_.x / 2 + 1) + x; }
  // How often a stored component counts in a sum over the whole spectrum: 1 on the planes that hold their own mirror
  // images (kx = 0, and kx = nx/2 when nx is even), 2 elsewhere.
  int multiplicity(int64_t x) const { return x == 0 || 2 * x == real_shape_.x ? 1 : 2; }

 private:
  Shape3 real_shape_;
  AlignedVector<value_type> values_;
};

// Signed frequency of index i along an axis of n: 0 … n/2, then negative.
inline int64_t signed_frequency(int64_t i, int64_t n) {
  return 2 * i <= n ? i : i - n;
}
// Index along an axis of n of signed frequency k.
inline int64_t wrapped_index(int64_t k, int64_t n) {
  return k >= 0 ? k : k + n;
}

}  // namespace tessera
