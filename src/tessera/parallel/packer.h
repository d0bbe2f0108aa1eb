// SPDX-License-Identifier: GPL-3.0-or-later
// Things of any length as bytes, to travel between ranks of one program: as they lie in memory.
#pragma once

#include <cstring>
#include <type_traits>
#include <vector>

#include "tessera/parallel/comm.h"

namespace tessera {

class Packer {
 public:
  template <typename T>
  void put(const T& value) {
    put(&value, 1);
  }
  template <typename T>
  void put(const T* values, size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    const auto* first = reinterpret_cast<const std::byte*>(values);
    bytes_.insert(bytes_.end(), first, first + count * sizeof(T));
  }
  // A std::vector, its length before it.
  template <typename Vector>
  void put_all(const Vector& values) {
    put(values.size());
    put(values.data(), values.size());
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

// Takes what a Packer was given, in the same order. The bytes must outlive it.
class Unpacker {
 public:
  explicit Unpacker(const std::vector<std::byte>& bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}
  bool empty() const { return at_ == end_; }
  template <typename T>
  T take() {
    T value;
    take(&value, 1);
    return value;
  }
  template <typename T>
  void take(T* values, size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (count > 0) std::memcpy(static_cast<void*>(values), at_, count * sizeof(T));
    at_ += count * sizeof(T);
  }
  template <typename Vector>
  void take_all(Vector& values) {
    values.resize(take<size_t>());
    take(values.data(), values.size());
  }

 private:
  const std::byte *at_, *end_;
};

// What `pack(i, packer)` of the rank that has item i writes, `unpack(i, unpacker)` reads on every rank. mine: the items
// of this rank; every item is one rank's. Collective; with one rank nothing happens.
template <typename Pack, typename Unpack>
void share_packed(const std::vector<int64_t>& mine, Comm& comm, Pack&& pack, Unpack&& unpack) {
  if (comm.size() == 1) return;
  Packer packer;
  for (const int64_t i : mine) {
    packer.put(i);
    pack(i, packer);
  }
  for (const auto& bytes : comm.gather_bytes(packer.bytes())) {
    Unpacker from(bytes);
    while (!from.empty()) {
      const auto i = from.take<int64_t>();
      unpack(i, from);
    }
  }
}

}  // namespace tessera
