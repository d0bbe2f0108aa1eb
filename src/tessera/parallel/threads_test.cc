// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/parallel/threads.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/sink.h"
#include "tessera/parallel/exec_context.h"

namespace tessera {
namespace {

TEST(Threads, CountsTheWorkersAskedFor) {
  EXPECT_EQ(Threads(1).count(), 1);
  EXPECT_EQ(Threads(5).count(), 5);
  EXPECT_EQ(Threads(0).count(), available_cores());
  EXPECT_EQ(Threads(-2).count(), available_cores());
  EXPECT_GE(available_cores(), 1);
  EXPECT_LE(available_cores(), static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

// A stack as large as the address space is one way to be refused a thread.
TEST(Threads, RefusedThreadsAreAUserError) {
  pthread_attr_t before, huge;
  ASSERT_EQ(pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(pthread_attr_init(&huge), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&huge, size_t{1} << 47), 0);
  ASSERT_EQ(pthread_setattr_default_np(&huge), 0);
  EXPECT_THROW(Threads(4), UserError);
  ASSERT_EQ(pthread_setattr_default_np(&before), 0);
  EXPECT_NO_THROW(Threads(4));
}

TEST(Threads, EveryItemExactlyOnceForAnySizeAndThreads) {
  for (const int count : {1, 2, 3, 8, 17}) {
    Threads threads(count);
    for (const int64_t items : {0, 1, 2, 3, 7, 8, 16, 17, 18, 1000}) {
      std::vector<std::atomic<int>> visits(items);
      std::atomic<int> outside = 0;
      threads.for_each(items, [&](int64_t item, int worker) {
        if (item < 0 || item >= items || worker < 0 || worker >= count) {
          ++outside;
        } else {
          ++visits[item];
        }
      });
      EXPECT_EQ(outside, 0) << count << " threads, " << items << " items";
      for (const auto& times : visits) ASSERT_EQ(times, 1) << count << " threads, " << items << " items";
    }
  }
}

// What a worker number is for: scratch of its own without locks.
TEST(Threads, NoTwoItemsRunAtOnceUnderOneWorkerNumber) {
  Threads threads(4);
  std::array<std::atomic<int>, 4> inside{};
  std::atomic<int> collisions = 0;
  threads.for_each(200, [&](int64_t, int worker) {
    if (inside[worker].fetch_add(1) != 0) ++collisions;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    inside[worker].fetch_sub(1);
  });
  EXPECT_EQ(collisions, 0);
}

TEST(Threads, NestedLoopsCoverEverythingUnderTheWorkerThatCallsThem) {
  Threads threads(4);
  std::vector<std::atomic<int>> visits(40 * 25);
  std::array<std::atomic<int>, 4> inside{};
  std::atomic<int> collisions = 0, strangers = 0;
  threads.for_each(40, [&](int64_t outer, int worker) {
    threads.for_each(25, [&](int64_t inner, int nested_worker) {
      if (nested_worker != worker) ++strangers;
      if (inside[nested_worker].fetch_add(1) != 0) ++collisions;
      ++visits[outer * 25 + inner];
      std::this_thread::yield();
      inside[nested_worker].fetch_sub(1);
    });
  });
  for (const auto& times : visits) ASSERT_EQ(times, 1);
  EXPECT_EQ(strangers, 0);
  EXPECT_EQ(collisions, 0);
}

TEST(Threads, AnotherPoolNestedInALoopRunsInTheCallerAsWorkerZero) {
  Threads outer(3), inner(2);
  std::vector<std::atomic<int>> visits(9 * 11);
  std::atomic<int> strangers = 0;
  outer.for_each(9, [&](int64_t i, int) {
    const auto caller = std::this_thread::get_id();
    inner.for_each(11, [&](int64_t j, int worker) {
      if (worker != 0 || std::this_thread::get_id() != caller) ++strangers;
      ++visits[i * 11 + j];
    });
  });
  for (const auto& times : visits) ASSERT_EQ(times, 1);
  EXPECT_EQ(strangers, 0);
}

TEST(Threads, LoopsOfSeveralCallersDoNotMix) {
  Threads threads(3);
  std::vector<std::atomic<int>> visits(4 * 300);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 10; ++round)
        threads.for_each(30, [&](int64_t item, int) { ++visits[caller * 300 + round * 30 + item]; });
    });
  for (auto& caller : callers) caller.join();
  for (const auto& times : visits) ASSERT_EQ(times, 1);
}

TEST(Threads, AnExceptionReachesTheCallerAndStopsTheLoop) {
  for (const int count : {1, 2, 8}) {
    Threads threads(count);
    std::atomic<int64_t> ran = 0;
    try {
      threads.for_each(10000, [&](int64_t item, int) {
        if (item == 10) throw std::runtime_error("item 10");
        ++ran;
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      });
      FAIL() << "swallowed";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "item 10");
    }
    EXPECT_GE(ran, 10 - count);
    EXPECT_LT(ran, 5000) << count;  // others finish what they hold, even if the thrower is held up for long
    std::atomic<int> after = 0;     // the pool lives on
    threads.for_each(100, [&](int64_t, int) { ++after; });
    EXPECT_EQ(after, 100);
  }
}

TEST(Threads, WhenEveryItemThrowsOneExceptionComesThrough) {
  Threads threads(4);
  for (int round = 0; round < 20; ++round)
    EXPECT_THROW(threads.for_each(50, [](int64_t, int) { throw std::logic_error("all"); }), std::logic_error);
}

TEST(Threads, AnExceptionInANestedLoopReachesTheOutside) {
  Threads threads(3);
  EXPECT_THROW(threads.for_each(6,
                                [&](int64_t outer, int) {
                                  threads.for_each(6, [&](int64_t inner, int) {
                                    if (outer == 4 && inner == 5) throw std::out_of_range("nested");
                                  });
                                }),
               std::out_of_range);
  // The caller's own thread is outside of any loop again: items run on several threads.
  std::set<std::thread::id> seen;
  std::mutex mutex;
  threads.for_each(100, [&](int64_t, int) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_GT(seen.size(), 1u);
}

// Results that depend on the item alone, reduced in order of the items, have the bits of the plain loop.
TEST(Threads, SameBitsAsASingleThreadedLoop) {
  const int64_t items = 500;
  const auto value = [](int64_t item) {
    Random random(3, "values", static_cast<uint64_t>(item));
    return std::exp(random.normal());
  };
  double plain = 0;
  for (int64_t item = 0; item < items; ++item) plain += value(item);
  for (const int count : {1, 2, 5, 9}) {
    Threads threads(count);
    std::vector<double> values(items);
    threads.for_each(items, [&](int64_t item, int) { values[item] = value(item); });
    double sum = 0;
    for (const double v : values) sum += v;
    EXPECT_EQ(sum, plain) << count;
  }
}

TEST(Threads, SurvivesManyShortLoopsAndManyPools) {
  std::atomic<int64_t> sum = 0;
  for (int pool = 0; pool < 20; ++pool) {
    Threads threads(1 + pool % 5);
    for (int loop = 0; loop < 100; ++loop) threads.for_each(loop % 7, [&](int64_t item, int) { sum += item; });
  }
  int64_t expected = 0;
  for (int loop = 0; loop < 100; ++loop) expected += (loop % 7) * (loop % 7 - 1) / 2;
  EXPECT_EQ(sum, 20 * expected);
}

TEST(ExecContext, StopIsSeenBetweenItems) {
  Threads threads(2);
  LocalComm comm;
  SilentSink sink;
  std::atomic<bool> stop = false;
  const ExecContext context{threads, comm, sink, 1, &stop};
  EXPECT_FALSE(context.stop_requested());
  EXPECT_FALSE((ExecContext{threads, comm, sink}.stop_requested()));
  std::atomic<int> ran = 0;
  context.threads.for_each(1000, [&](int64_t item, int) {
    if (context.stop_requested()) return;
    ++ran;
    if (item == 20) stop = true;
  });
  EXPECT_GE(ran, 1);
  EXPECT_LT(ran, 1000);
  EXPECT_TRUE(context.stop_requested());
}

}  // namespace
}  // namespace tessera
