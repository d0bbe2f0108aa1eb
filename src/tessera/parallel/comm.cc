// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/parallel/comm.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

template <typename T>
void sum_in_rank_order(Comm& comm, std::span<T> values) {
  if (comm.size() == 1) return;
  const auto all = comm.gather(std::span<const T>(values));
  for (size_t rank = 0; rank < all.size(); ++rank)
    if (all[rank].size() != values.size())
      throw InternalError(fmt::format("rank {} adds {} values to the {} of rank {}", rank, all[rank].size(),
                                      values.size(), comm.rank()));
  for (size_t i = 0; i < values.size(); ++i) {
    T total = all[0][i];
    for (size_t rank = 1; rank < all.size(); ++rank) total += all[rank][i];
    values[i] = total;
  }
}

// What the fake ranks share: a slot each, and a barrier that a rank breaks by failing or by leaving before it.
struct Meeting {
  explicit Meeting(int ranks) : slots(ranks), parcels(ranks), waiting_for(ranks), ranks(ranks) {}
  std::mutex mutex;
  std::condition_variable all_here;
  std::vector<std::vector<std::byte>> slots;
  std::vector<std::vector<std::vector<std::byte>>> parcels;  // [from][to]
  int waiting_for, ranks;
  uint64_t round = 0;
  bool broken = false, left = false;

  void meet() {
    std::unique_lock lock(mutex);
    const uint64_t mine = round;
    if (!broken && !left && --waiting_for == 0) {
      waiting_for = ranks;
      ++round;
      all_here.notify_all();
    } else {
      all_here.wait(lock, [&] { return round != mine || broken || left; });
    }
    if (round != mine) return;  // complete, whatever became of a rank since
    throw InternalError(broken ? "another rank failed" : "another rank has finished and will not come");
  }
};

class FakeComm : public Comm {
 public:
  FakeComm(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}
  int rank() const override { return rank_; }
  int size() const override { return meeting_.ranks; }
  void barrier() override { meeting_.meet(); }
  std::vector<std::vector<std::byte>> gather_bytes(std::span<const std::byte> mine) override {
    meeting_.slots[rank_].assign(mine.begin(), mine.end());
    meeting_.meet();
    auto all = meeting_.slots;
    meeting_.meet();
    return all;
  }
  std::vector<std::vector<std::byte>> exchange_bytes(
      const std::vector<std::span<const std::byte>>& for_ranks) override {
    auto& mine = meeting_.parcels[rank_];
    mine.clear();
    for (const auto& parcel : for_ranks) mine.emplace_back(parcel.begin(), parcel.end());
    meeting_.meet();
    std::vector<std::vector<std::byte>> out;
    for (const auto& of_rank : meeting_.parcels) out.push_back(of_rank.at(rank_));
    meeting_.meet();
    return out;
  }

 private:
  Meeting& meeting_;
  int rank_;
};

}  // namespace

void Comm::sum(std::span<double> values) {
  sum_in_rank_order(*this, values);
}

void Comm::sum(std::span<float> values) {
  sum_in_rank_order(*this, values);
}

void run_fake_ranks(int ranks, const std::function<void(Comm&)>& body) {
  Meeting meeting(ranks);
  std::exception_ptr failure;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      FakeComm comm(meeting, rank);
      try {
        body(comm);
        std::lock_guard lock(meeting.mutex);
        meeting.left = true;
        meeting.all_here.notify_all();
      } catch (...) {
        std::lock_guard lock(meeting.mutex);
        if (!meeting.broken) failure = std::current_exception();
        meeting.broken = true;
        meeting.all_here.notify_all();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

Share share_of(int64_t items, int rank, int size) {
  return {items * rank / size, items * (rank + 1) / size};
}

}  // namespace tessera
