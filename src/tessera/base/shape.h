// SPDX-License-Identifier: GPL-3.0-or-later
// Array shapes in (z, y, x) order, x fastest, and storage aligned for vector instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace tessera {

struct Shape3 {
  int64_t z = 0, y = 0, x = 0;
  int64_t count() const { return z * y * x; }
  bool operator==(const Shape3&) const = default;
  bool is_cube() const { return z == y && y == x; }
  static Shape3 cube(int64_t n) { return {n, n, n}; }
};

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{64};
  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), alignment)); }
  void deallocate(T* pointer, size_t) { ::operator delete(pointer, alignment); }
  bool operator==(const AlignedAllocator&) const { return true; }
};

template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace tessera
