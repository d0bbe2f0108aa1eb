// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/parallel/counted_comm.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tessera/base/errors.h"

namespace tessera {
namespace {

// Rank r sends r + 1 numbers.
std::vector<int32_t> numbers_of(int rank) {
  std::vector<int32_t> out(rank + 1);
  std::iota(out.begin(), out.end(), 100 * rank);
  return out;
}

TEST(CountedComm, PassesEverythingOnAndCountsIt) {
  for (const int ranks : {1, 2, 3, 7})
    run_fake_ranks(ranks, [&](Comm& bare) {
      CountedComm comm(bare);
      EXPECT_EQ(comm.rank(), bare.rank());
      EXPECT_EQ(comm.size(), ranks);
      const auto all = comm.gather(std::span<const int32_t>(numbers_of(comm.rank())));
      ASSERT_EQ(std::ssize(all), ranks);
      for (int rank = 0; rank < ranks; ++rank) EXPECT_EQ(all[rank], numbers_of(rank));
      comm.barrier();
      EXPECT_EQ(comm.traffic().gathers, 1);
      EXPECT_EQ(comm.traffic().barriers, 1);
      EXPECT_EQ(comm.traffic().sent_bytes, 4 * (comm.rank() + 1));
      EXPECT_EQ(comm.traffic().received_bytes, 4 * ranks * (ranks + 1) / 2);
      EXPECT_GE(comm.traffic().seconds, 0);
      const Traffic before = comm.traffic();
      const std::vector<int32_t> mine(10, comm.rank());
      const auto exchanged = comm.exchange(std::vector<std::span<const int32_t>>(ranks, mine));
      for (int rank = 0; rank < ranks; ++rank) EXPECT_EQ(exchanged[rank], std::vector<int32_t>(10, rank));
      EXPECT_EQ((comm.traffic() - before).exchanges, 1);
      EXPECT_EQ((comm.traffic() - before).sent_bytes, 40 * ranks);
      EXPECT_EQ((comm.traffic() - before).received_bytes, 40 * ranks);
    });
}

// The helpers are made of gathers: nothing passes uncounted.
TEST(CountedComm, CountsTheSums) {
  run_fake_ranks(3, [](Comm& bare) {
    CountedComm comm(bare);
    std::vector<double> values(10, comm.rank());
    comm.sum(values);
    EXPECT_EQ(values, std::vector<double>(10, 3.0));
    const Traffic first = comm.traffic();
    EXPECT_EQ(first.sent_bytes, 80);
    EXPECT_EQ(first.received_bytes, 240);
    comm.sum(values);
    EXPECT_EQ((comm.traffic() - first).gathers, 1);
    EXPECT_EQ((comm.traffic() - first).received_bytes, 240);
  });
}

TEST(CountedComm, AFailureOfAnotherRankComesThrough) {
  EXPECT_THROW(run_fake_ranks(2,
                              [](Comm& bare) {
                                CountedComm comm(bare);
                                if (comm.rank() == 1) throw UserError("rank 1 has enough");
                                comm.barrier();
                              }),
               UserError);
}

TEST(ProcessorSeconds, GrowWithWork) {
  const double before = processor_seconds();
  volatile double sum = 0;
  for (int i = 0; i < 10'000'000; ++i) sum = sum + i;
  EXPECT_GT(processor_seconds(), before);
}

}  // namespace
}  // namespace tessera
