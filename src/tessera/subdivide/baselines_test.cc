// SPDX-License-Identifier: GPL-3.0-or-later
// Rotation-invariant features, the support vector machine, pose normalisation.
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/so3/rotation.h"
#include "tessera/subdivide/invariant_features.h"
#include "tessera/subdivide/pose_normalisation.h"
#include "tessera/subdivide/svm.h"
#include "tessera/volume/masks.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

constexpr int64_t edge = 24;

// Three Gaussian blobs of different weight about the centre, turned and moved.
Volume<float> blobs(int kind, const Rotation& turn, Vec3 shift) {
  const Vec3 at[2][3] = {{{5, 0, 0}, {-4, 3, 0}, {0, -2, 4}}, {{3, 0, 0}, {0, 3, 1}, {-3, -3, -1}}};
  Volume<float> out(Shape3::cube(edge));
  for (int b = 0; b < 3; ++b) {
    const Vec3 centre = turn * at[kind][b] + shift;
    for (int64_t z = 0, i = 0; z < edge; ++z)
      for (int64_t y = 0; y < edge; ++y)
        for (int64_t x = 0; x < edge; ++x, ++i) {
          const double dx = static_cast<double>(x - edge / 2) - centre.x,
                       dy = static_cast<double>(y - edge / 2) - centre.y,
                       dz = static_cast<double>(z - edge / 2) - centre.z;
          out[i] += static_cast<float>((3 - b) * std::exp(-0.5 * (dx * dx + dy * dy + dz * dz) / 4));
        }
  }
  return out;
}

class Blobs : public ExampleSource {
 public:
  Blobs(int64_t count, double noise, double shift) : count_(count), noise_(noise), shift_(shift) {}
  int64_t size() const override { return count_; }
  int box() const override { return edge; }
  int label(int64_t i) const override { return static_cast<int>(i % 2); }
  void load(int64_t i, uint64_t, float* to) const override {
    Random random(2, "blobs", static_cast<uint64_t>(i));
    const Rotation turn = Rotation::random(random);
    const Vec3 shift{shift_ * random.uniform(-1, 1), shift_ * random.uniform(-1, 1), shift_ * random.uniform(-1, 1)};
    const Volume<float> made = blobs(label(i), turn, shift);
    for (int64_t v = 0; v < made.size(); ++v) to[v] = made[v] + static_cast<float>(noise_ * random.normal());
    normalise_box(to, made.size());
  }

 private:
  int64_t count_;
  double noise_, shift_;
};

TEST(InvariantFeatures, AreThoseOfTheTurnedBox) {
  test::Workers workers(2);
  const Blobs source(12, 0, 0);
  const Points found = invariant_features(source, {}, workers.context);
  double within = 0, between = 0;
  for (int64_t i = 2; i < 12; ++i)
    for (int64_t d = 0; d < found.dimensions; ++d) {
      within += std::pow(found.row(i)[d] - found.row(i % 2)[d], 2);
      between += std::pow(found.row(i)[d] - found.row(1 - i % 2)[d], 2);
    }
  EXPECT_LT(within, 0.01 * between) << "trilinear interpolation of blobs of σ 2 is the only difference";
}

TEST(SupportVectors, TellTheClassesApart) {
  test::Workers workers(2);
  const Blobs source(80, 0.4, 0);
  const Points all = invariant_features(source, {}, workers.context);
  Points training{40, all.dimensions, {all.values.begin(), all.values.begin() + 40 * all.dimensions}};
  const Points test{40, all.dimensions, {all.values.begin() + 40 * all.dimensions, all.values.end()}};
  std::vector<int> labels;
  for (int i = 0; i < 40; ++i) labels.push_back(i % 2);
  const SupportVectors machine(training, labels, {}, workers.context);
  EXPECT_GT(machine.choice().cross_validated, 0.9);
  const auto found = machine.classify(test, workers.pool);
  int right = 0;
  for (int i = 0; i < 40; ++i) right += found[i] == i % 2;
  EXPECT_GE(right, 36);
  test::Workers one(1);
  EXPECT_EQ(SupportVectors(training, labels, {}, one.context).classify(test, one.pool), found);
  EXPECT_THROW(SupportVectors(training, std::vector<int>(40, 1), {}, workers.context), UserError);
}

// Without noise two boxes of one structure agree in their standard poses, whatever their own were.
TEST(PoseNormalisation, FindsOnePoseForAll) {
  Volume<float> first;
  for (uint64_t i = 0; i < 6; ++i) {
    Random random(7, "pose", i);
    const Volume<float> box = blobs(0, Rotation::random(random), {random.uniform(-2, 2), random.uniform(-2, 2), 1});
    const Volume<float> posed = pose_normalised(box, {});
    if (i == 0)
      first = posed;
    else
      EXPECT_GT(correlation(posed, first), 0.95) << i;
  }
}

TEST(PoseNormalisation, LevelSetHoldsTheParticle) {
  const Volume<float> box = blobs(1, {}, {});
  const Volume<float> part = level_set_part(box, {});
  double inside = 0, whole = 0;
  for (int64_t i = 0; i < box.size(); ++i) {
    whole += box[i];
    if (part[i] > 0) inside += box[i];
  }
  EXPECT_GT(inside, 0.6 * whole);
  EXPECT_EQ(part(0, 0, 0), 0);
}

}  // namespace
}  // namespace tessera
