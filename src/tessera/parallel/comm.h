// SPDX-License-Identifier: GPL-3.0-or-later
// Communication between the ranks of one run. One algorithm serves one process, many, and tests with pretended ranks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

namespace tessera {

class Comm {
 public:
  virtual ~Comm() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  virtual void barrier() = 0;
  // Concatenates every rank's bytes in rank order; every rank gets the whole. Collective.
  virtual std::vector<std::vector<std::byte>> gather_bytes(std::span<const std::byte> mine) = 0;
  // for_ranks: one for each rank. Every rank gets what the ranks have for it, in rank order. Collective.
  virtual std::vector<std::vector<std::byte>> exchange_bytes(
      const std::vector<std::span<const std::byte>>& for_ranks) = 0;

  // The helpers below are built on these two alone, so every Comm gives the same bits.
  // Sums in rank order, rank 0 first. InternalError on every rank when the lengths differ.
  void sum(std::span<double> values);
  void sum(std::span<float> values);
  template <typename T>
  std::vector<std::vector<T>> gather(std::span<const T> mine) {
    std::vector<std::vector<T>> out;
    for (const auto& bytes : gather_bytes(std::as_bytes(mine))) out.push_back(values_in<T>(bytes));
    return out;
  }
  template <typename T>
  std::vector<std::vector<T>> exchange(const std::vector<std::span<const T>>& for_ranks) {
    std::vector<std::span<const std::byte>> parcels;
    for (const std::span<const T>& parcel : for_ranks) parcels.push_back(std::as_bytes(parcel));
    std::vector<std::vector<T>> out;
    for (const auto& bytes : exchange_bytes(parcels)) out.push_back(values_in<T>(bytes));
    return out;
  }

 private:
  template <typename T>
  static std::vector<T> values_in(const std::vector<std::byte>& bytes) {
    static_assert(std::is_trivially_copyable_v<T>);
    const T* first = reinterpret_cast<const T*>(bytes.data());
    return {first, first + bytes.size() / sizeof(T)};
  }
};

// One process, one rank.
class LocalComm : public Comm {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void barrier() override {}
  std::vector<std::vector<std::byte>> gather_bytes(std::span<const std::byte> mine) override {
    return {{mine.begin(), mine.end()}};
  }
  std::vector<std::vector<std::byte>> exchange_bytes(
      const std::vector<std::span<const std::byte>>& for_ranks) override {
    return gather_bytes(for_ranks.at(0));
  }
};

// Runs `body` on `ranks` threads, each with its own Comm: many ranks in one process, for tests. The first exception of
// any rank releases the others (their collectives throw) and is rethrown here; a rank that returns while others still
// wait for it is an InternalError.
void run_fake_ranks(int ranks, const std::function<void(Comm&)>& body);

// The items of [0, items) that `rank` of `size` owns: contiguous, sizes differing by at most one.
struct Share {
  int64_t begin = 0, end = 0;
};
Share share_of(int64_t items, int rank, int size);

}  // namespace tessera
