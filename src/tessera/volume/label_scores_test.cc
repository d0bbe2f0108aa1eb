// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/label_scores.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"

namespace tessera {
namespace {

Volume<uint8_t> blobs(Shape3 shape, int labels, uint64_t item) {
  Random random(7, "label scores test", item);
  Volume<uint8_t> out(shape);
  for (int blob = 0; blob < 6; ++blob) {
    const double z = random.uniform(0, double(shape.z)), y = random.uniform(0, double(shape.y)),
                 x = random.uniform(0, double(shape.x)), radius = random.uniform(1.5, 4);
    const auto label = static_cast<uint8_t>(1 + random.below(labels - 1));
    for (int64_t k = 0; k < shape.z; ++k)
      for (int64_t j = 0; j < shape.y; ++j)
        for (int64_t i = 0; i < shape.x; ++i)
          if (std::hypot(k - z, j - y, i - x) < radius) out(k, j, i) = label;
  }
  return out;
}

struct Place {
  int64_t z, y, x;
};

// As the header says it, voxel by voxel.
std::vector<Place> outline_of(const Volume<uint8_t>& labels, const Region& r, int label) {
  std::vector<Place> out;
  const int64_t steps[6][3] = {{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}};
  for (int64_t z = r.z0; z < r.z1; ++z)
    for (int64_t y = r.y0; y < r.y1; ++y)
      for (int64_t x = r.x0; x < r.x1; ++x) {
        bool on = false;
        for (const auto& s : steps) {
          const int64_t k = z + s[0], j = y + s[1], i = x + s[2];
          if (k < r.z0 || j < r.y0 || i < r.x0 || k >= r.z1 || j >= r.y1 || i >= r.x1) continue;
          on = on || labels(k, j, i) != label;
        }
        if (labels(z, y, x) == label && on) out.push_back({z, y, x});
      }
  return out;
}

double sum_of_nearest(const std::vector<Place>& from, const std::vector<Place>& to) {
  double sum = 0;
  for (const Place& a : from) {
    double least = 1e300;
    for (const Place& b : to) least = std::min(least, std::hypot(a.z - b.z, a.y - b.y, a.x - b.x));
    sum += least;
  }
  return sum;
}

TEST(LabelScores, AreThoseOfANaiveCount) {
  const Shape3 shape{11, 14, 17};
  const Region region{1, 11, 0, 13, 2, 15};
  const auto truth = blobs(shape, 4, 1), found = blobs(shape, 4, 2);
  const LabelTable table = tabulate_labels(truth, found, region, 4);
  EXPECT_EQ(table.total(), region.shape().count());
  int64_t right = 0, either_any = 0, both_any = 0;
  double sum = 0;
  int there = 0;
  for (int label = 0; label < 4; ++label) {
    int64_t both = 0, either = 0, of_truth = 0, of_found = 0;
    for (int64_t z = region.z0; z < region.z1; ++z)
      for (int64_t y = region.y0; y < region.y1; ++y)
        for (int64_t x = region.x0; x < region.x1; ++x) {
          const bool a = truth(z, y, x) == label, b = found(z, y, x) == label;
          both += a && b;
          either += a || b;
          of_truth += a;
          of_found += b;
          right += a && b;
          if (label == 0) {
            either_any += !a || !b;
            both_any += !a && !b;
          }
        }
    EXPECT_EQ(table.truth(label), of_truth);
    EXPECT_EQ(table.found(label), of_found);
    EXPECT_DOUBLE_EQ(table.iou(label), either > 0 ? double(both) / double(either) : 1.0);
    EXPECT_DOUBLE_EQ(table.dice(label), either > 0 ? 2.0 * double(both) / double(of_truth + of_found) : 1.0);
    if (label > 0 && of_truth > 0) sum += table.iou(label), ++there;
  }
  EXPECT_DOUBLE_EQ(table.accuracy(), double(right) / double(region.shape().count()));
  ASSERT_GT(there, 0);
  EXPECT_DOUBLE_EQ(table.mean_iou(), sum / there);
  EXPECT_DOUBLE_EQ(table.foreground_iou(), double(both_any) / double(either_any));
}

TEST(LabelScores, OutlinesAreAsFarApartAsAllPairsSay) {
  const Shape3 shape{9, 12, 15};
  for (const Region& region : {Region{0, 9, 0, 12, 0, 15}, Region{2, 8, 1, 12, 3, 14}})
    for (uint64_t item = 0; item < 4; ++item) {
      const auto truth = blobs(shape, 3, 10 + item), found = blobs(shape, 3, 20 + item);
      for (int label = 0; label < 3; ++label) {
        const auto a = outline_of(truth, region, label), b = outline_of(found, region, label);
        const double measured = outline_distance(truth, found, region, label);
        if (a.empty() || b.empty()) {
          EXPECT_LT(measured, 0);
          continue;
        }
        const double expected = (sum_of_nearest(a, b) + sum_of_nearest(b, a)) / double(a.size() + b.size());
        EXPECT_NEAR(measured, expected, 1e-6);
      }
    }
}

TEST(LabelScores, OfTheTruthItselfArePerfect) {
  const auto truth = blobs({10, 10, 10}, 3, 5);
  const Region all{0, 10, 0, 10, 0, 10};
  const LabelTable table = tabulate_labels(truth, truth, all, 3);
  EXPECT_EQ(table.accuracy(), 1);
  EXPECT_EQ(table.mean_iou(), 1);
  EXPECT_EQ(table.mean_dice(), 1);
  EXPECT_EQ(table.foreground_iou(), 1);
  for (int label = 0; label < 3; ++label)
    EXPECT_EQ(outline_distance(truth, truth, all, label), table.truth(label) > 0 ? 0 : -1) << label;
  EXPECT_THROW(tabulate_labels(truth, truth, all, 1), InternalError);
  EXPECT_THROW(tabulate_labels(truth, Volume<uint8_t>({10, 10, 9}), all, 3), InternalError);
}

}  // namespace
}  // namespace tessera
