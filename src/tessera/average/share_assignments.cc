// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/share_assignments.h"

#include <cstring>
#include <type_traits>

namespace tessera {
namespace {

static_assert(std::is_trivially_copyable_v<WeightedPose>, "poses travel as they lie in memory");

class Packer {
 public:
  template <typename T>
  void put(const T& value) {
    put(&value, 1);
  }
  template <typename T>
  void put(const T* values, size_t count) {
    const auto* first = reinterpret_cast<const std::byte*>(values);
    bytes_.insert(bytes_.end(), first, first + count * sizeof(T));
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

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
    if (count > 0) std::memcpy(static_cast<void*>(values), at_, count * sizeof(T));
    at_ += count * sizeof(T);
  }

 private:
  const std::byte *at_, *end_;
};

void pack(int64_t index, const Assignment& one, Packer& to) {
  to.put(index);
  to.put(one.log_likelihood);
  to.put(one.correlation);
  to.put(static_cast<int64_t>(one.poses.size()));
  to.put(one.poses.data(), one.poses.size());
  to.put(static_cast<int64_t>(one.residual.size()));
  to.put(one.residual.data(), one.residual.size());
}

Assignment unpack(Unpacker& from) {
  Assignment out;
  out.log_likelihood = from.take<double>();
  out.correlation = from.take<double>();
  out.poses.resize(static_cast<size_t>(from.take<int64_t>()));
  from.take(out.poses.data(), out.poses.size());
  out.residual.resize(static_cast<size_t>(from.take<int64_t>()));
  from.take(out.residual.data(), out.residual.size());
  return out;
}

}  // namespace

void share_assignments(std::vector<Assignment>& all, const std::vector<int64_t>& mine, Comm& comm) {
  if (comm.size() == 1) return;
  Packer packer;
  for (const int64_t i : mine) pack(i, all[i], packer);
  for (const auto& bytes : comm.gather_bytes(packer.bytes())) {
    Unpacker from(bytes);
    while (!from.empty()) {
      const auto index = from.take<int64_t>();
      all[index] = unpack(from);
    }
  }
}

}  // namespace tessera
