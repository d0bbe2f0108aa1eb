// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/peaks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tessera/base/random.h"

namespace tessera {
namespace {

Volume<float> noise(Shape3 shape, uint64_t seed, int levels = 0) {
  Volume<float> out(shape);
  Random random(seed, "noise");
  for (float& v : out) v = levels > 0 ? static_cast<float>(random.below(levels)) : static_cast<float>(random.normal());
  return out;
}

// Every voxel against every neighbour, strictly.
std::vector<int64_t> peaks_by_definition(const Volume<float>& v, int neighbours, int64_t border) {
  std::vector<int64_t> out;
  const Shape3 s = v.shape();
  for (int64_t z = border; z < s.z - border; ++z)
    for (int64_t y = border; y < s.y - border; ++y)
      for (int64_t x = border; x < s.x - border; ++x) {
        bool peak = true;
        for (int dz = -1; dz <= 1; ++dz)
          for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx) {
              const int off = std::abs(dz) + std::abs(dy) + std::abs(dx);
              if (off == 0 || off > (neighbours == 6 ? 1 : neighbours == 18 ? 2 : 3)) continue;
              peak = peak && v(z, y, x) > v(z + dz, y + dy, x + dx);
            }
        if (peak) out.push_back((z * s.y + y) * s.x + x);
      }
  return out;
}

std::vector<int64_t> voxels_of(const PeakList& list) {
  std::vector<int64_t> out;
  for (const Peak& peak : list.peaks) out.push_back(peak.voxel);
  std::sort(out.begin(), out.end());
  return out;
}

class Neighbours : public testing::TestWithParam<int> {};

TEST_P(Neighbours, AgreeWithTheDefinition) {
  const Volume<float> score = noise({13, 17, 19}, 3);
  Threads one(1), three(3);
  for (const int64_t border : {1, 3}) {
    const PeakList list = find_peaks(score, {.neighbours = GetParam(), .border = border}, three);
    EXPECT_EQ(voxels_of(list), peaks_by_definition(score, GetParam(), border));
    EXPECT_EQ(list.found, list.all);
    const PeakList again = find_peaks(score, {.neighbours = GetParam(), .border = border}, one);
    ASSERT_EQ(again.peaks.size(), list.peaks.size());
    for (size_t i = 0; i < list.peaks.size(); ++i) EXPECT_EQ(again.peaks[i].voxel, list.peaks[i].voxel);
    EXPECT_TRUE(std::is_sorted(list.peaks.begin(), list.peaks.end(), better_peak));
    EXPECT_EQ(list.highest, list.peaks.front().score);
    EXPECT_EQ(list.lowest, list.peaks.back().score);
  }
}
INSTANTIATE_TEST_SUITE_P(All, Neighbours, testing::Values(6, 18, 26));

TEST(Peaks, EqualNeighboursCountOnceAndFlatVolumesHaveNone) {
  Threads threads(2);
  Volume<float> score(Shape3{7, 7, 7});
  EXPECT_EQ(find_peaks(score, {}, threads).all, 0);
  score(3, 3, 3) = score(3, 3, 4) = 1;
  EXPECT_EQ(voxels_of(find_peaks(score, {}, threads)).size(), 1u);
  // No strict peak is lost among few levels, and no two peaks touch.
  const Volume<float> steps = noise({14, 15, 16}, 5, 4);
  const PeakList list = find_peaks(steps, {}, threads);
  const auto found = voxels_of(list), strict = peaks_by_definition(steps, 26, 1);
  EXPECT_TRUE(std::includes(found.begin(), found.end(), strict.begin(), strict.end()));
  for (const Peak& a : list.peaks)
    for (const Peak& b : list.peaks) {
      const int64_t dx = a.voxel % 16 - b.voxel % 16, dy = a.voxel / 16 % 15 - b.voxel / 16 % 15,
                    dz = a.voxel / 240 - b.voxel / 240;
      EXPECT_TRUE(a.voxel == b.voxel || std::max({std::abs(dx), std::abs(dy), std::abs(dz)}) > 1);
    }
}

TEST(Peaks, PositionIsTheVertexOfAParabola) {
  Threads threads(1);
  const Vec3 centre{6.3, 7.8, 5.45};
  Volume<float> score(Shape3{12, 14, 13});
  for (int64_t z = 0; z < 12; ++z)
    for (int64_t y = 0; y < 14; ++y)
      for (int64_t x = 0; x < 13; ++x) {
        const Vec3 d = Vec3{double(x), double(y), double(z)} - centre;
        score(z, y, x) = static_cast<float>(5 - d.x * d.x - 2 * d.y * d.y - 3 * d.z * d.z);
      }
  const PeakList list = find_peaks(score, {}, threads);
  ASSERT_EQ(list.peaks.size(), 1u);
  EXPECT_LT((list.peaks[0].position_voxels - centre).norm(), 1e-4);  // float32 values up to 500
  EXPECT_EQ(list.peaks[0].voxel, (5 * 14 + 8) * 13 + 6);
}

TEST(Peaks, MaskThresholdAndNotANumber) {
  Threads threads(2);
  Volume<float> score = noise({12, 12, 12}, 9);
  std::vector<uint8_t> allowed(score.size());
  for (int64_t i = 0; i < score.size(); ++i) allowed[i] = i % 3 == 0;
  const PeakList all = find_peaks(score, {}, threads);
  const PeakList masked = find_peaks(score, {}, threads, allowed);
  EXPECT_GT(masked.all, 0);
  for (const Peak& peak : masked.peaks) EXPECT_EQ(peak.voxel % 3, 0);
  const float middle = all.peaks[all.peaks.size() / 2].score;
  const PeakList high = find_peaks(score, {.threshold = middle}, threads);
  EXPECT_EQ(high.found, static_cast<int64_t>(all.peaks.size() / 2 + 1));
  EXPECT_EQ(high.all, all.all);  // m and M are those of all peaks
  EXPECT_EQ(high.lowest, all.lowest);
  score[all.peaks[0].voxel] = std::numeric_limits<float>::quiet_NaN();
  for (const Peak& peak : find_peaks(score, {}, threads).peaks) EXPECT_NE(peak.voxel, all.peaks[0].voxel);
}

TEST(Peaks, TheBestAreKeptWhateverTheOrder) {
  Threads threads(2);
  const Volume<float> score = noise({40, 41, 42}, 10);
  const PeakList all = find_peaks(score, {.neighbours = 6}, threads);
  const PeakList few = find_peaks(score, {.neighbours = 6, .keep = 100}, threads);
  ASSERT_GT(all.found, 4000);
  ASSERT_EQ(few.peaks.size(), 100u);
  EXPECT_EQ(few.found, all.found);
  BestPeaks backwards(100);
  for (size_t i = all.peaks.size(); i > 0; --i) backwards.add(all.peaks[i - 1]);
  const auto best = backwards.take();
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(few.peaks[i].voxel, all.peaks[i].voxel);
    EXPECT_EQ(best[i].voxel, all.peaks[i].voxel);
  }
}

TEST(Peaks, SmallVolumesHaveNone) {
  Threads threads(1);
  EXPECT_EQ(find_peaks(noise({2, 9, 9}, 1), {}, threads).all, 0);
  EXPECT_EQ(find_peaks(noise({9, 9, 9}, 1), {.border = 5}, threads).all, 0);
}

std::vector<Peak> suppressed_by_definition(std::vector<Peak> peaks, double distance, double share) {
  std::sort(peaks.begin(), peaks.end(), better_peak);
  std::vector<Peak> taken;
  for (const Peak& p : peaks)
    if (std::none_of(taken.begin(), taken.end(), [&](const Peak& q) {
          return (p.position_voxels - q.position_voxels).norm() <
                 distance + share * (p.radius_voxels + q.radius_voxels);
        }))
      taken.push_back(p);
  return taken;
}

TEST(Suppression, AgreesWithAllPairs) {
  Random random(4, "peaks");
  std::vector<Peak> peaks(800);
  for (size_t i = 0; i < peaks.size(); ++i)
    peaks[i] = {{random.uniform(-3, 60), random.uniform(0, 50), random.uniform(0, 40)},
                static_cast<float>(random.below(50)),
                static_cast<float>(random.uniform(0, 6)),
                0,
                static_cast<int64_t>(i)};
  for (const auto& [distance, share] : {std::pair{0.0, 0.0}, {5.0, 0.0}, {0.0, 0.7}, {2.0, 0.5}, {200.0, 0.0}}) {
    const auto fast = suppress_neighbours(peaks, {distance, share});
    const auto slow = suppressed_by_definition(peaks, distance, share);
    ASSERT_EQ(fast.size(), slow.size()) << distance << " " << share;
    for (size_t i = 0; i < fast.size(); ++i) EXPECT_EQ(fast[i].voxel, slow[i].voxel);
  }
}

}  // namespace
}  // namespace tessera
