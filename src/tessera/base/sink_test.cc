// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/sink.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tessera {
namespace {

struct Report {
  std::string title;
  int64_t done, total;
  double seconds;
};

class RecordingSink : public Sink {
 public:
  void message(Severity, const std::string&) override {}
  void progress(const std::string& title, int64_t done, int64_t total, double seconds) override {
    reports.push_back({title, done, total, seconds});
  }
  int64_t endings() const {
    int64_t count = 0;
    for (const Report& report : reports) count += report.done == report.total;
    return count;
  }
  std::vector<Report> reports;
};

TEST(Progress, BeginsAtZeroEndsOnceAndNeverRunsBackwards) {
  RecordingSink sink;
  Progress progress(sink, "aligning", 1000);
  for (int i = 0; i < 100; ++i) progress.advance(10);
  ASSERT_GE(sink.reports.size(), 2u);
  EXPECT_EQ(sink.reports.front().done, 0);
  EXPECT_EQ(sink.reports.front().seconds, 0);
  EXPECT_EQ(sink.reports.back().done, 1000);
  EXPECT_EQ(sink.endings(), 1);
  for (size_t i = 0; i < sink.reports.size(); ++i) {
    EXPECT_EQ(sink.reports[i].title, "aligning");
    EXPECT_EQ(sink.reports[i].total, 1000);
    if (i == 0) continue;
    EXPECT_GT(sink.reports[i].done, sink.reports[i - 1].done);
    EXPECT_GE(sink.reports[i].seconds, sink.reports[i - 1].seconds);
  }
  EXPECT_EQ(progress.done(), 1000);
}

TEST(Progress, ReportsAtMostTenTimesASecond) {
  RecordingSink sink;
  const auto begin = std::chrono::steady_clock::now();
  Progress progress(sink, "many", 2000000);
  for (int i = 0; i < 2000000; ++i) progress.advance();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LE(static_cast<double>(sink.reports.size()), 2 + 10 * seconds);  // the first, the last, ten a second
}

TEST(Progress, ReportsASlowTaskAsItGoes) {
  RecordingSink sink;
  Progress progress(sink, "slow", 3);
  for (int i = 0; i < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    progress.advance();
  }
  ASSERT_EQ(sink.reports.size(), 3u);
  EXPECT_EQ(sink.reports[1].done, 1);
  EXPECT_EQ(sink.reports[2].done, 2);
  EXPECT_GE(sink.reports[2].seconds, 0.24);
  EXPECT_EQ(sink.endings(), 0);
}

TEST(Progress, EndsOnceEvenWhenAdvancedTooFar) {
  RecordingSink sink;
  Progress progress(sink, "over", 10);
  progress.advance(8);
  for (int i = 0; i < 5; ++i) progress.advance(8);
  EXPECT_EQ(sink.endings(), 1);
  EXPECT_EQ(sink.reports.back().done, 10);
  EXPECT_EQ(progress.done(), 10);
}

TEST(Progress, ATaskOfNothingReportsNothing) {
  RecordingSink sink;
  Progress progress(sink, "empty", 0);
  progress.advance();
  EXPECT_TRUE(sink.reports.empty());
}

}  // namespace
}  // namespace tessera
