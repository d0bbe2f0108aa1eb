// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/patches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/nn/training.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

// A tomogram whose voxels tell their place, and labels that follow from it: 1 at a few voxels, 2 in a corner.
struct Scene {
  Volume<float> voxels;
  std::vector<LabelledTomogram> tomograms;

  explicit Scene(Shape3 shape) : voxels(shape) {
    Volume<uint8_t> labels(shape);
    for (int64_t i = 0; i < voxels.size(); ++i) voxels[i] = static_cast<float>(i + 1);
    for (int64_t i = 0; i < labels.size(); i += 1009) labels[i] = 1;
    for (int64_t z = 0; z < 6; ++z)
      for (int64_t y = 0; y < 6; ++y)
        for (int64_t x = 0; x < 6; ++x) labels(z, y, x) = 2;
    tomograms.push_back({tomogram_of(voxels, 10), std::move(labels), {HalfTurn::none}});
  }
};

std::set<int64_t> seen_voxels(const ExampleSource& source, const LabelledTomogram& tomogram, uint64_t epoch) {
  std::set<int64_t> out;
  const int64_t count = source.labels_per_item();
  std::vector<float> values(count);
  std::vector<int> labels(count);
  for (int64_t i = 0; i < source.size(); ++i) {
    source.load(i, epoch, values.data());
    source.load_labels(i, epoch, labels.data());
    for (int64_t v = 0; v < count; ++v) {
      const auto voxel = static_cast<int64_t>(values[v]) - 1;
      if (labels[v] >= 0) {
        EXPECT_EQ(labels[v], tomogram.labels[voxel]);
      }
      if (voxel >= 0) out.insert(voxel);
    }
  }
  return out;
}

TEST(RegionSplit, PartsTheLongestAxisWithoutOverlap) {
  const RegionSplit split = split_by_region({20, 120, 90}, 0.1, 0.1);
  ASSERT_EQ(split.training.size(), 2u);
  EXPECT_EQ(split.test, (Region{0, 20, 54, 66, 0, 90}));
  EXPECT_EQ(split.validation, (Region{0, 20, 66, 78, 0, 90}));
  EXPECT_EQ(split.training[0], (Region{0, 20, 0, 54, 0, 90}));
  EXPECT_EQ(split.training[1], (Region{0, 20, 78, 120, 0, 90}));
  const RegionSplit half = split_by_region({20, 30, 40}, 0.3, 0.6);
  ASSERT_EQ(half.training.size(), 1u);
  EXPECT_EQ(half.training[0].shape().count() + half.validation.shape().count() + half.test.shape().count(),
            20 * 30 * 40);
  EXPECT_EQ(split_by_region({20, 30, 40}, 0, 0).training.size(), 1u) << "nothing held out";
  EXPECT_THROW(split_by_region({4, 4, 4}, 0.5, 0.5), UserError);
}

TEST(RandomPatches, SeeNothingBeyondTheirPart) {
  const Scene scene({24, 40, 32});
  const RegionSplit split = split_by_region({24, 40, 32}, 0.1, 0.2);
  std::vector<TomogramPart> parts;
  for (const Region& region : split.training) parts.push_back({0, region});
  const RandomPatches source(scene.tomograms, parts, {.edge = 16, .count = 200, .classes = 3});
  for (const int64_t voxel : seen_voxels(source, scene.tomograms[0], 3)) {
    const int64_t y = voxel / 32 % 40;
    EXPECT_TRUE(y < split.test.y0 || y >= split.validation.y1) << y;
  }
}

TEST(RandomPatches, AskForEveryClassAlike) {
  const Scene scene({40, 40, 40});
  const RandomPatches source(scene.tomograms, {{0, {0, 40, 0, 40, 0, 40}}}, {.edge = 8, .count = 600, .classes = 3});
  // Label 2 fills 0.3 % of the volume; a quarter of the draws ask for it.
  std::map<int, int> patches;
  std::vector<int> labels(source.labels_per_item());
  for (int64_t i = 0; i < source.size(); ++i) {
    source.load_labels(i, 0, labels.data());
    const std::set<int> there(labels.begin(), labels.end());
    for (const int label : there) ++patches[label];
  }
  EXPECT_GT(patches[2], 600 / 4 - 60);  // 6 standard deviations of a count of 150
  EXPECT_GT(patches[1], 600 / 4 - 60);
}

TEST(RandomPatches, AreTheSameAgainAndOthersNextEpoch) {
  Scene scene({30, 30, 30});
  scene.tomograms[0].turns = {HalfTurn::x, HalfTurn::y, HalfTurn::z};
  const RandomPatches source(scene.tomograms, {{0, {0, 30, 0, 30, 0, 30}}}, {.edge = 16, .count = 4, .classes = 3});
  EXPECT_EQ(seen_voxels(source, scene.tomograms[0], 5), seen_voxels(source, scene.tomograms[0], 5))
      << "and labels are turned with their voxels";
  EXPECT_NE(seen_voxels(source, scene.tomograms[0], 5), seen_voxels(source, scene.tomograms[0], 6));
}

TEST(RandomPatches, ArePaddedWhereAPartIsThin) {
  const Scene scene({10, 30, 30});
  const RandomPatches source(scene.tomograms, {{0, {0, 10, 0, 30, 0, 30}}}, {.edge = 16, .count = 3, .classes = 3});
  std::vector<float> values(source.labels_per_item());
  std::vector<int> labels(source.labels_per_item());
  source.load(0, 0, values.data());
  source.load_labels(0, 0, labels.data());
  for (size_t v = 0; v < values.size(); ++v) {
    const bool inside = v / 256 >= 3 && v / 256 < 13;
    EXPECT_EQ(labels[v] >= 0, inside);
    EXPECT_EQ(values[v] != 0, inside);
  }
}

// Against the definition at every voxel; beyond the region nothing is known.
TEST(HeatOfCube, IsItsDefinition) {
  const std::vector<Centre> centres = {{{5.3, 6.1, 7.9}, 0}, {{9, 6, 7}, 0}, {{12.5, 3, 4}, 1}, {{40, 40, 40}, 1}};
  const std::vector<double> spreads = {2.5, 1};
  const Region region{3, 14, 0, 15, 0, 16};
  constexpr int64_t edge = 12, z0 = 2, y0 = 1, x0 = 4;
  const std::vector<float> found = heat_of_cube(centres, spreads, region, z0, y0, x0, edge);
  ASSERT_EQ(std::ssize(found), 3 * edge * edge * edge);
  for (int map = 0; map < 3; ++map)
    for (int64_t v = 0; v < edge * edge * edge; ++v) {
      const int64_t z = z0 + v / (edge * edge), y = y0 + v / edge % edge, x = x0 + v % edge;
      const bool known = z >= 3 && z < 14 && y < 15 && x < 16;
      double expected = known ? 0 : -1;
      for (const Centre& c : centres) {
        const double d = (c.voxel - Vec3{double(x), double(y), double(z)}).norm() / spreads[c.kind];
        if (known && (map == 0 || c.kind == map - 1)) expected = std::max(expected, std::exp(-d * d / 2));
      }
      EXPECT_NEAR(found[map * edge * edge * edge + v], expected, 3.4e-4) << "exp(−8) is cut";
    }
}

TEST(RandomPatches, TurnHeatWithItsVoxels) {
  Scene scene({30, 30, 30});
  scene.tomograms[0].turns = {HalfTurn::x, HalfTurn::y, HalfTurn::z};
  scene.tomograms[0].centres = {{{15, 14, 13}, 0}, {{20, 20, 20}, 1}};
  const RandomPatches source(scene.tomograms, {{0, {0, 30, 0, 30, 0, 30}}},
                             {.edge = 24, .count = 6, .classes = 3, .spreads = {2, 2}});
  ASSERT_EQ(source.heat_maps(), 3);
  const int64_t count = source.labels_per_item();
  std::vector<float> values(count), heat(3 * count);
  int seen = 0;
  for (int64_t i = 0; i < source.size(); ++i) {
    source.load(i, 0, values.data());
    source.load_heat(i, 0, heat.data());
    for (int map = 1; map < 3; ++map) {
      const auto hottest = std::max_element(heat.begin() + map * count, heat.begin() + (map + 1) * count);
      if (*hottest < 1) continue;
      ++seen;
      const Vec3 c = scene.tomograms[0].centres[map - 1].voxel;
      const auto voxel = static_cast<int64_t>(values[hottest - heat.begin() - map * count]) - 1;
      EXPECT_EQ(voxel, (std::llround(c.z) * 30 + std::llround(c.y)) * 30 + std::llround(c.x));
    }
  }
  EXPECT_GT(seen, 3);
}

TEST(TilePatches, CountEveryVoxelOnce) {
  const Scene scene({20, 26, 33});
  const Region region{0, 20, 3, 24, 5, 33};
  const TilePatches source(scene.tomograms, {{0, region}}, 16);
  std::vector<float> values(source.labels_per_item());
  std::vector<int> labels(source.labels_per_item());
  std::map<int64_t, int> counts;
  for (int64_t i = 0; i < source.size(); ++i) {
    source.load(i, 0, values.data());
    source.load_labels(i, 0, labels.data());
    for (size_t v = 0; v < values.size(); ++v)
      if (labels[v] >= 0) ++counts[static_cast<int64_t>(values[v])];
  }
  EXPECT_EQ(std::ssize(counts), region.shape().count());
  for (const auto& [voxel, count] : counts) EXPECT_EQ(count, 1) << voxel;
}

// Cubes, order and updates of an epoch follow from the seed and the epoch alone.
TEST(RandomPatches, ResumeTrainingToTheSameBits) {
  std::string reason;
  if (!networks_available(&reason)) GTEST_SKIP() << reason;
  Scene scene({20, 24, 28});
  scene.tomograms[0].tomogram = scaled(scene.tomograms[0].tomogram, 6720, 1.0 / 6720);
  const std::vector<TomogramPart> parts = {{0, {0, 20, 0, 24, 0, 28}}};
  RandomPatches source(scene.tomograms, parts, {.edge = 16, .count = 4, .classes = 3});
  const TilePatches tiles(scene.tomograms, parts, 16);
  NetworkOptions network;
  network.network = "edssn3d";
  network.box = 16;
  network.width = 0.125;
  network.classes = 3;
  test::Workers workers(1);
  const auto trained = [&](int epochs, const TrainState* resume) {
    TrainOptions options;
    options.epochs = epochs;
    return train_network(
        *make_network(network), source, &tiles, options.resolved("edssn3d"), workers.context, [](const TrainState&) {},
        resume);
  };
  const TrainState half = trained(1, nullptr), whole = trained(2, nullptr);
  TrainState going_on = half;
  going_on.stop_reason.clear();
  const TrainState resumed = trained(2, &going_on);
  ASSERT_EQ(whole.weights.size(), resumed.weights.size());
  for (size_t i = 0; i < whole.weights.size(); ++i) EXPECT_EQ(whole.weights[i].values, resumed.weights[i].values);
  EXPECT_NE(whole.weights[0].values, half.weights[0].values);
  EXPECT_EQ(whole.history[1].validation_accuracy, resumed.history[1].validation_accuracy);
  EXPECT_GT(*whole.history[1].validation_accuracy, 0);
}

}  // namespace
}  // namespace tessera
