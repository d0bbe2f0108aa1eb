// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/class_scores.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

ClassScores scores(const std::vector<int>& found, const std::vector<int>& truth) {
  return score_classes(cross_tabulate(found, truth));
}

TEST(ClassScores, RightUpToNamesIsPerfect) {
  const ClassScores s = scores({2, 2, 9, 9, 9, 4}, {1, 1, 2, 2, 2, 3});
  EXPECT_EQ(s.misclassified, 0);
  EXPECT_DOUBLE_EQ(s.accuracy, 1);
  EXPECT_DOUBLE_EQ(s.purity, 1);
  EXPECT_DOUBLE_EQ(s.mean_f1, 1);
  EXPECT_DOUBLE_EQ(s.adjusted_rand_index, 1);
  EXPECT_EQ(s.classes[1].found_class, 9);
  EXPECT_EQ(s.classes[1].size, 3);
}

// [F] 3.3.1: of 100 + 100 particles two of class 1 end in class 2; "average F1 score of 0.99".
TEST(ClassScores, ThePapersExample) {
  std::vector<int> found, truth;
  for (int i = 0; i < 200; ++i) {
    truth.push_back(i < 100 ? 1 : 2);
    found.push_back(i < 98 ? 1 : 2);
  }
  const ClassScores s = scores(found, truth);
  EXPECT_EQ(s.misclassified, 2);
  EXPECT_DOUBLE_EQ(s.accuracy, 0.99);
  EXPECT_DOUBLE_EQ(s.classes[0].precision, 1);
  EXPECT_DOUBLE_EQ(s.classes[0].recall, 0.98);
  EXPECT_NEAR(s.classes[1].precision, 100.0 / 102, 1e-12);
  EXPECT_NEAR(s.mean_f1, 0.99, 0.0001);
}

// [F] 3.3.2: 91 TRiC + 6 proteasomes, 34 TRiC + 194 proteasomes; 40 misclassified, "average F1 score of 0.863".
TEST(ClassScores, ThePapersExperiment) {
  const ContingencyTable table{{1, 2}, {1, 2}, {91, 6, 34, 194}};
  const ClassScores s = score_classes(table);
  EXPECT_EQ(s.total, 325);
  EXPECT_EQ(s.misclassified, 40);
  EXPECT_NEAR(s.mean_f1, 0.863, 0.0005);
}

TEST(ClassScores, SpareClassesCostAccuracyNotPurity) {
  // The true class 1 is split in two: the smaller part has no partner.
  const ClassScores split = scores({1, 1, 1, 3, 3, 2, 2, 2}, {1, 1, 1, 1, 1, 2, 2, 2});
  EXPECT_EQ(split.misclassified, 2);
  EXPECT_DOUBLE_EQ(split.purity, 1);
  EXPECT_DOUBLE_EQ(split.classes[0].recall, 0.6);
  // Two true classes in one found class: one has no partner.
  const ClassScores merged = scores({1, 1, 1, 1, 1}, {1, 1, 1, 2, 2});
  EXPECT_EQ(merged.misclassified, 2);
  EXPECT_DOUBLE_EQ(merged.purity, 0.6);
  EXPECT_FALSE(merged.classes[1].matched);
  EXPECT_DOUBLE_EQ(merged.classes[1].f1, 0);
  EXPECT_DOUBLE_EQ(merged.mean_f1, 0.375);  // (2·0.6·1/1.6 + 0)/2
}

TEST(ClassScores, NoMatchingMisclassifiesFewer) {
  Random random(5, "class scores");
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<int> found(60), truth(60), names = {0, 1, 2, 3};
    for (int& label : found) label = static_cast<int>(random.below(4));
    for (int& label : truth) label = static_cast<int>(random.below(4));
    int64_t best = 0;
    do {
      int64_t right = 0;
      for (size_t i = 0; i < found.size(); ++i) right += names[found[i]] == truth[i];
      best = std::max(best, right);
    } while (std::next_permutation(names.begin(), names.end()));
    const ClassScores s = scores(found, truth);
    EXPECT_EQ(s.total - s.misclassified, best);
    EXPECT_GE(s.purity, s.accuracy);
  }
}

TEST(ClassScores, NothingCannotBeScored) {
  EXPECT_THROW(score_classes({}), InternalError);
}

}  // namespace
}  // namespace tessera
