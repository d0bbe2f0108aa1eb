// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/dog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tessera/base/random.h"
#include "tessera/parallel/comm.h"

namespace tessera {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Ball {
  Vec3 centre;
  double radius;
};

const std::vector<Ball> two_sizes = {
    {{16, 15, 14}, 5}, {{45.4, 18, 20}, 9}, {{20, 48.3, 30}, 9}, {{50, 50, 15}, 5}, {{60, 30, 34}, 5}};

// Solid balls with an edge of a voxel, and noise; voxels of 10 Å.
Volume<float> with_balls(const std::vector<Ball>& balls, double noise, float sign = 1) {
  Volume<float> out(Shape3{44, 64, 72});
  Random random(3, "noise");
  for (int64_t z = 0; z < 44; ++z)
    for (int64_t y = 0; y < 64; ++y)
      for (int64_t x = 0; x < 72; ++x) {
        double value = noise * random.normal();
        for (const Ball& ball : balls) {
          const double d = (Vec3{double(x), double(y), double(z)} - ball.centre).norm();
          value += std::clamp(ball.radius + 0.5 - d, 0.0, 1.0);
        }
        out(z, y, x) = sign * static_cast<float>(value);
      }
  return out;
}

DogPicks pick(Volume<float> volume, const DogOptions& options, int threads = 2, const char* contrast = "bright",
              int64_t border = 0, std::vector<uint8_t> mask = {}) {
  Threads pool(threads);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{pool, comm, sink};
  RegionOptions region;
  region.contrast = contrast;
  const SearchRegion searched = prepare_search(volume, std::move(mask), region, 10, pool);
  return pick_by_dog(volume, searched, options, 10, border, context);
}

double nearest(const DogPicks& picks, Vec3 to) {
  double best = 1e9;
  for (const Peak& peak : picks.peaks) best = std::min(best, (peak.position_voxels - to).norm());
  return best;
}

TEST(Dog, FindsBallsOfBothSizesWhereTheyAreAndHowLarge) {
  DogOptions options;
  options.diameter_A = {100, 130, 180};
  const DogPicks found = pick(with_balls(two_sizes, 0.3), options);
  ASSERT_GE(found.peaks.size(), two_sizes.size());
  for (const Ball& ball : two_sizes) EXPECT_LT(nearest(found, ball.centre), 1.0);
  for (const Peak& peak : found.peaks) EXPECT_GE(peak.score, static_cast<float>(DogOptions().spreads));
  // The best picks are the balls; their scale is that of their size.
  for (size_t i = 0; i < two_sizes.size(); ++i) {
    const Peak& peak = found.peaks[i];
    const auto ball = std::min_element(two_sizes.begin(), two_sizes.end(), [&](const Ball& a, const Ball& b) {
      return (a.centre - peak.position_voxels).norm() < (b.centre - peak.position_voxels).norm();
    });
    EXPECT_LT((ball->centre - peak.position_voxels).norm(), 1.0);
    EXPECT_NEAR(peak.radius_voxels, ball->radius, 2.6);  // scales lie 25 Å apart in radius at most
  }
}

TEST(Dog, UsualScalesThatDoNotFitAreLeftOut) {
  // 44 planes of 10 Å: 4 · 1.1 · σ₁ of a diameter of 280 Å is 336 Å, of 200 Å 240 Å; of half that thickness only two
  // fit.
  EXPECT_EQ(pick(with_balls(two_sizes, 0.3), {}).scales.size(), 4u);
  DogOptions options;
  Threads threads(1);
  LocalComm comm;
  SilentSink sink;
  ExecContext context{threads, comm, sink};
  Volume<float> thin(Shape3{20, 64, 72}), tiny(Shape3{5, 5, 5});
  thin(10, 30, 30) = tiny(2, 2, 2) = 1;
  const auto picks_of = [&](Volume<float>& v) {
    const SearchRegion region = prepare_search(v, {}, {}, 10, threads);
    return pick_by_dog(v, region, options, 10, 0, context);
  };
  EXPECT_EQ(picks_of(thin).scales.size(), 2u);
  EXPECT_THAT([&] { picks_of(tiny); }, ThrowsMessage<UserError>(HasSubstr("give --diameter")));
}

TEST(Dog, TheSameForAnyThreadsAndDarkParticlesAsBrightOnes) {
  DogOptions options;
  options.diameter_A = {100, 180};
  const DogPicks one = pick(with_balls(two_sizes, 0.3), options, 1);
  for (const DogPicks& other :
       {pick(with_balls(two_sizes, 0.3), options, 3), pick(with_balls(two_sizes, 0.3, -1), options, 2, "dark")}) {
    ASSERT_EQ(one.peaks.size(), other.peaks.size());
    for (size_t i = 0; i < one.peaks.size(); ++i) {
      EXPECT_EQ(one.peaks[i].voxel, other.peaks[i].voxel);
      EXPECT_FLOAT_EQ(one.peaks[i].score, other.peaks[i].score);
    }
  }
}

TEST(Dog, PaperModeIsTheRuleAsPrinted) {
  // All peaks of G(σ₁) − G(1.1 σ₁) above m + 5 (M − m)/20, from the whole volume at once.
  DogOptions options;
  options.set_paper();
  options.sigma_A = {35};
  const Volume<float> volume = with_balls(two_sizes, 0.5);
  const DogPicks found = pick(volume, options);
  Threads threads(1);
  Volume<float> prepared = volume, difference(volume.shape());
  prepare_search(prepared, {}, {}, 10, threads);
  const int64_t plane = volume.shape().y * volume.shape().x;
  scan_gaussian_difference(prepared, {}, {3.5, 1.1}, threads, [&](std::span<const float* const> planes, int64_t first) {
    for (size_t i = 0; i < planes.size(); ++i)
      std::copy_n(planes[i], plane, difference.data() + (first + static_cast<int64_t>(i)) * plane);
  });
  const PeakList all = find_peaks(difference, {}, threads);
  ASSERT_LT(all.lowest, 0);
  const double threshold = all.lowest + 5 * (double(all.highest) - all.lowest) / 20;
  std::vector<int64_t> expected;
  for (const Peak& peak : all.peaks)
    if (peak.score >= static_cast<float>(threshold)) expected.push_back(peak.voxel);
  ASSERT_GE(expected.size(), two_sizes.size());
  ASSERT_EQ(found.peaks.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(found.peaks[i].voxel, expected[i]);
  EXPECT_EQ(found.scales[0].lowest_peak, all.lowest);
  EXPECT_EQ(found.scales[0].highest_peak, all.highest);
}

TEST(Dog, MirrorThresholdIsTheRuleAsPrinted) {
  const auto peaks = [](const std::vector<float>& scores) {
    std::vector<Peak> out;
    for (const float score : scores) out.push_back({{}, score, 1, 0, 0});
    return out;
  };
  const auto ours = peaks({9, 7, 5, 4, 3, 2, 1}), theirs = peaks({4.5F, 3.5F, 2.5F, 1.5F, 1.2F});
  EXPECT_EQ(mirror_threshold(ours, theirs, 0.5), 2);   // six reach it, and three of the others
  EXPECT_EQ(mirror_threshold(ours, theirs, 0.35), 4);  // four and one; five and two are too many
  EXPECT_EQ(mirror_threshold(ours, theirs, 0.1), 5);
  EXPECT_EQ(mirror_threshold(ours, {}, 0.1), 1);
  EXPECT_EQ(mirror_threshold(peaks({3}), theirs, 0.5), std::numeric_limits<double>::infinity());
}

// Where noise makes most of the maxima, minima tell how high it reaches.
TEST(Dog, MirrorThresholdFindsFewBallsInMuchNoise) {
  DogOptions options;
  options.diameter_A = {100};
  const Volume<float> volume = with_balls(two_sizes, 1);
  const size_t usual = pick(volume, options).peaks.size();
  options.threshold = "mirror";
  for (const DogPicks& found : {pick(volume, options), pick(with_balls(two_sizes, 1, -1), options, 2, "dark")}) {
    ASSERT_TRUE(found.mirror);
    EXPECT_LE(found.peaks.size(), 2 * two_sizes.size());
    EXPECT_LT(2 * found.peaks.size(), usual);
    for (const Peak& peak : found.peaks) EXPECT_GE(peak.score, static_cast<float>(*found.mirror));
    for (const auto& ball : two_sizes) EXPECT_LT(nearest(found, ball.centre), ball.radius);
  }
}

TEST(Dog, WrongContrastIsSaidAndRightOneIsNot) {
  DogOptions options;
  options.diameter_A = {100};
  EXPECT_TRUE(pick(with_balls(two_sizes, 0.3), options).notes.empty());
  const DogPicks wrong = pick(with_balls(two_sizes, 0.3, -1), options);
  ASSERT_EQ(wrong.notes.size(), 1u);
  EXPECT_THAT(wrong.notes[0], HasSubstr("try the other --contrast"));
  EXPECT_TRUE(pick(with_balls({}, 1), options).notes.empty());  // noise has no contrast
}

TEST(Dog, NothingOutsideTheMaskNorOnTheBorder) {
  DogOptions options;
  options.diameter_A = {100};
  options.threshold = "none";
  std::vector<uint8_t> mask(44 * 64 * 72);
  for (size_t i = 0; i < mask.size(); ++i) mask[i] = i % 72 < 36;
  const DogPicks masked = pick(with_balls(two_sizes, 0.3), options, 2, "bright", 0, mask);
  EXPECT_FALSE(masked.peaks.empty());
  for (const Peak& peak : masked.peaks) EXPECT_LT(peak.voxel % 72, 36);
  EXPECT_LT(nearest(masked, two_sizes[0].centre), 1);
  const DogPicks inner = pick(with_balls(two_sizes, 0.3), options, 2, "bright", 15);
  for (const Peak& peak : inner.peaks) {
    EXPECT_GE(peak.voxel % 72, 15);
    EXPECT_LT(peak.voxel % 72, 72 - 15);
    EXPECT_GE(peak.voxel / 72 / 64, 15);
    EXPECT_LT(peak.voxel / 72 / 64, 44 - 15);
  }
}

TEST(Dog, RefusesScalesThatDoNotFit) {
  DogOptions options;
  options.sigma_A = {4, 40, 200};
  EXPECT_THAT([&] { pick(with_balls({}, 1), options); },
              ThrowsMessage<UserError>(testing::AllOf(HasSubstr("less than half a voxel"), HasSubstr("too wide"))));
  Faults faults;
  options.diameter_A = {-1};
  options.ratio = 1;
  options.threshold = "x";
  options.mirror_share = 0;
  options.neighbours = 7;
  options.add_faults(faults);
  EXPECT_EQ(faults.size(), 6u) << faults.text("");
}

}  // namespace
}  // namespace tessera
