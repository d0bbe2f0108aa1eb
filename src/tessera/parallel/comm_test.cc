// SPDX-License-Identifier: GPL-3.0-or-later
// One suite for every communicator: what a plain loop over the ranks' values gives.
#include "tessera/parallel/comm.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/parallel/packer.h"

namespace tessera {
namespace {

class CommSuite : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Ranks, CommSuite, testing::Values(1, 2, 3, 7));

// Runs on every rank; an EXPECT inside a rank's thread counts as usual.
template <typename Body>
void on_ranks(int ranks, Body&& body) {
  if (ranks == 1) {
    LocalComm local;
    body(local);
  }
  run_fake_ranks(ranks, body);
}

// Values whose sum depends on the order of the additions.
std::vector<double> values_of(int rank, int64_t count) {
  Random random(5, "rank values", static_cast<uint64_t>(rank));
  std::vector<double> out(count);
  for (double& v : out) v = random.normal() * std::pow(10, random.uniform(-8, 8));
  return out;
}

TEST_P(CommSuite, RanksAreNumberedFromZero) {
  std::vector<std::atomic<int>> seen(GetParam());
  run_fake_ranks(GetParam(), [&](Comm& comm) {
    EXPECT_EQ(comm.size(), GetParam());
    ++seen.at(comm.rank());
  });
  for (const auto& times : seen) EXPECT_EQ(times, 1);
}

TEST_P(CommSuite, SumIsTheLoopInRankOrderToTheLastBitOnEveryRank) {
  const int64_t count = 1000;
  std::vector<double> expected = values_of(0, count);
  std::vector<float> expected_single(expected.begin(), expected.end());
  for (int rank = 1; rank < GetParam(); ++rank) {
    const auto more = values_of(rank, count);
    for (int64_t i = 0; i < count; ++i) {
      expected[i] += more[i];
      expected_single[i] += static_cast<float>(more[i]);
    }
  }
  on_ranks(GetParam(), [&](Comm& comm) {
    std::vector<double> values = values_of(comm.rank(), count);
    std::vector<float> single(values.begin(), values.end());
    comm.sum(std::span(values));
    comm.sum(std::span(single));
    EXPECT_EQ(values, expected);
    EXPECT_EQ(single, expected_single);
  });
}

TEST_P(CommSuite, GatherKeepsRankOrderAndLengths) {
  on_ranks(GetParam(), [&](Comm& comm) {
    const std::vector<int> mine(comm.rank() * 3, comm.rank());  // rank 0 sends nothing
    const auto all = comm.gather(std::span<const int>(mine));
    ASSERT_EQ(all.size(), static_cast<size_t>(comm.size()));
    for (int rank = 0; rank < comm.size(); ++rank) EXPECT_EQ(all[rank], std::vector<int>(rank * 3, rank));
  });
}

// Rank f sends rank t 3f + t numbers; some of them none.
TEST_P(CommSuite, ExchangeBringsEachRankWhatIsForIt) {
  const auto numbers = [](int from, int to) { return std::vector<int>((3 * from + to) % 5, 10 * from + to); };
  on_ranks(GetParam(), [&](Comm& comm) {
    for (int round = 0; round < 20; ++round) {
      std::vector<std::vector<int>> mine;
      for (int to = 0; to < comm.size(); ++to) mine.push_back(numbers(comm.rank() + round, to));
      const auto all = comm.exchange(std::vector<std::span<const int>>(mine.begin(), mine.end()));
      ASSERT_EQ(std::ssize(all), comm.size());
      for (int from = 0; from < comm.size(); ++from) ASSERT_EQ(all[from], numbers(from + round, comm.rank()));
    }
  });
}

TEST_P(CommSuite, PackedThingsReachEveryRank) {
  const auto text_of = [](int64_t i) { return std::vector<char>(static_cast<size_t>(i % 4), static_cast<char>(i)); };
  on_ranks(GetParam(), [&](Comm& comm) {
    std::vector<std::vector<char>> all(10);
    std::vector<double> numbers(10);
    std::vector<int64_t> mine;
    for (int64_t i = comm.rank(); i < 10; i += comm.size()) mine.push_back(i);
    for (const int64_t i : mine) all[i] = text_of(i), numbers[i] = 0.1 * static_cast<double>(i);
    share_packed(
        mine, comm,
        [&](int64_t i, Packer& to) {
          to.put(numbers[i]);
          to.put_all(all[i]);
        },
        [&](int64_t i, Unpacker& from) {
          numbers[i] = from.take<double>();
          from.take_all(all[i]);
        });
    for (int64_t i = 0; i < 10; ++i) {
      EXPECT_EQ(all[i], text_of(i));
      EXPECT_EQ(numbers[i], 0.1 * static_cast<double>(i));
    }
  });
}

// Slot reuse: a fast rank must not overwrite what a slow one has not read yet.
TEST_P(CommSuite, ManyCollectivesInARowStayApart) {
  on_ranks(GetParam(), [&](Comm& comm) {
    for (int round = 0; round < 200; ++round) {
      if ((round + comm.rank()) % 5 == 0) std::this_thread::yield();
      const int mine = round * 100 + comm.rank();
      const auto all = comm.gather(std::span<const int>(&mine, 1));
      for (int rank = 0; rank < comm.size(); ++rank) ASSERT_EQ(all[rank].at(0), round * 100 + rank);
    }
  });
}

TEST_P(CommSuite, NobodyPassesABarrierBeforeEverybodyIsThere) {
  std::atomic<int> arrived = 0;
  run_fake_ranks(GetParam(), [&](Comm& comm) {
    std::this_thread::sleep_for(std::chrono::milliseconds(comm.rank()));
    ++arrived;
    comm.barrier();
    EXPECT_EQ(arrived, comm.size());
  });
}

TEST_P(CommSuite, TheFailureOfOneRankIsThrownAndReleasesTheOthers) {
  for (int failing = 0; failing < GetParam(); ++failing) {
    std::atomic<int> released = 0;
    try {
      run_fake_ranks(GetParam(), [&](Comm& comm) {
        comm.barrier();
        if (comm.rank() == failing) throw std::runtime_error("rank's own");
        try {
          comm.barrier();
        } catch (const InternalError&) {
          ++released;
          throw;
        }
      });
      FAIL() << "swallowed";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "rank's own");
    }
    EXPECT_EQ(released, GetParam() - 1);
  }
}

TEST_P(CommSuite, ARankThatLeavesEarlyIsAnErrorNotAHang) {
  if (GetParam() == 1) GTEST_SKIP() << "one rank waits for nobody";
  EXPECT_THROW(run_fake_ranks(GetParam(),
                              [](Comm& comm) {
                                comm.barrier();
                                if (comm.rank() != 0) comm.barrier();
                              }),
               InternalError);
}

TEST_P(CommSuite, AfterAFailureNoCollectiveEverCompletes) {
  std::atomic<int> completed = 0;
  EXPECT_THROW(run_fake_ranks(GetParam(),
                              [&](Comm& comm) {
                                if (comm.rank() == 0) throw std::runtime_error("gone");
                                for (int attempt = 0; attempt < 10; ++attempt) try {
                                    comm.barrier();
                                    ++completed;
                                  } catch (const InternalError&) {
                                  }
                              }),
               std::runtime_error);
  EXPECT_EQ(completed, 0);
}

TEST_P(CommSuite, SumOfDifferentLengthsIsAnError) {
  if (GetParam() == 1) GTEST_SKIP() << "one rank agrees with itself";
  EXPECT_THROW(run_fake_ranks(GetParam(),
                              [](Comm& comm) {
                                std::vector<double> values(comm.rank() == 0 ? 5 : 4);
                                comm.sum(std::span(values));
                              }),
               InternalError);
}

TEST_P(CommSuite, SharesPartitionTheItemsEvenly) {
  const int size = GetParam();
  for (const int64_t items : {int64_t{0}, int64_t{1}, int64_t{6}, int64_t{7}, int64_t{1000003}, int64_t{1} << 40}) {
    int64_t next = 0, smallest = items, largest = 0;
    for (int rank = 0; rank < size; ++rank) {
      const Share share = share_of(items, rank, size);
      EXPECT_EQ(share.begin, next);
      next = share.end;
      smallest = std::min(smallest, share.end - share.begin);
      largest = std::max(largest, share.end - share.begin);
    }
    EXPECT_EQ(next, items);
    EXPECT_LE(largest - smallest, 1);
  }
}

}  // namespace
}  // namespace tessera
