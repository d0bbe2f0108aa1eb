// SPDX-License-Identifier: GPL-3.0-or-later
// The envelope of a map against distances of every voxel to every voxel; a map moved by a pose against closed forms.
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/align/compare.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tests/reference/blobs.h"
#include "tests/reference/volume_loops.h"

namespace tessera {
namespace {

// The core by its definition: above a tenth of the largest value of the low-passed map.
Volume<uint8_t> core_of(const Volume<float>& map) {
  HalfSpectrum spectrum = centred_spectrum(map);
  low_pass(spectrum, std::max(4.0, static_cast<double>(map.shape().x) / 5), 2);
  const Volume<float> smooth = centred_volume(spectrum);
  const float threshold = 0.1f * statistics(smooth).maximum;
  Volume<uint8_t> core(map.shape());
  for (int64_t i = 0; i < core.size(); ++i) core[i] = smooth[i] > threshold;
  return core;
}

TEST(EnvelopeMask, IsTheCoreGrownByDistance) {
  for (const int64_t n : {16, 17})
    for (const double sigma : {1.5, 3.0})  // separate blobs; one that reaches the edge of the box
      for (const auto& [grow, edge] : {std::pair{3.0, 3.0}, {0.0, 2.0}, {1.5, 4.5}}) {
        const Volume<float> map = reference::sampled(reference::handed_blobs(sigma), Shape3::cube(n));
        const Volume<float> mask = envelope_mask(map, grow, edge);
        const Volume<float> expected = reference::distance_mask(core_of(map), grow, edge);
        EXPECT_EQ(statistics(expected).maximum, 1);
        for (int64_t i = 0; i < mask.size(); ++i) ASSERT_NEAR(mask[i], expected[i], 1e-6) << n << " " << sigma;
      }
}

// The padded spectrum is interpolated linearly: 3 % of the largest value (align/padded_spectrum.h) for features within
// a third of the box; the wrong hand or sense of the turn errs by more than ten times that.
TEST(TransformedMap, IsTheMapTurnedThenMovedInClosedForm) {
  Random random(1, "poses");
  for (const int64_t n : {32, 33})
    for (int i = 0; i < 3; ++i) {
      const auto blobs = reference::handed_blobs(2.5);
      const Vec3 v{random.normal(), random.normal(), random.normal()}, axis = v * (1 / v.norm());
      const Vec3 shift{random.normal(), random.normal(), random.normal()};
      const double angle = random.uniform(1, 3);
      auto moved = blobs, backward = blobs;
      for (size_t b = 0; b < blobs.size(); ++b) {
        moved[b].centre = reference::turned(blobs[b].centre, axis, angle) + shift;
        backward[b].centre = reference::turned(blobs[b].centre, axis, -angle) + shift;
      }
      const Volume<float> out =
          transformed_map(reference::sampled(blobs, Shape3::cube(n)), {Rotation::from_vector(axis * angle), shift});
      const Volume<float> right = reference::sampled(moved, out.shape()),
                          wrong = reference::sampled(backward, out.shape());
      double error = 0, opposite = 0;
      for (int64_t k = 0; k < out.size(); ++k) {
        error = std::max(error, std::abs(static_cast<double>(out[k]) - right[k]));
        opposite = std::max(opposite, std::abs(static_cast<double>(out[k]) - wrong[k]));
      }
      EXPECT_LT(error, 0.03 * 1.2) << n;
      EXPECT_GT(opposite, 0.4) << n;
    }
}

}  // namespace
}  // namespace tessera
