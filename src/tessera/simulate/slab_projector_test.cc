// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/slab_projector.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/optics/tilt_geometry.h"
#include "tessera/simulate/layered_projection.h"
#include "tessera/simulate/line_kernel.h"
#include "tests/reference/slab_loops.h"
#include "tests/support/workers.h"

namespace tessera {
namespace {

using test::Workers;
const std::vector<double> some_tilts = {-70 * degree, -33 * degree, 0, 12.5 * degree, 60 * degree};

Volume<float> noise(Shape3 shape, uint64_t item) {
  Volume<float> out(shape);
  Random random(4, "slab test", item);
  for (float& value : out) value = static_cast<float>(random.normal());
  return out;
}

Strip strip_of(const Volume<float>& volume, int64_t first_y) {
  Strip out(volume.shape().z, volume.shape().x);
  for (int64_t z = 0; z < out.count; ++z) gather_plane(volume, z, first_y, out.row(z, 0));
  return out;
}

TEST(LineKernel, PassesWhatItSays) {
  const LineKernel& kernel = LineKernel::instance();
  // The transform over all fractions: Σ w(t) cos(2π ν t), the mean over 64 fractions.
  const auto response = [&](double frequency) {
    double sum = 0;
    for (int f = 0; f < 64; ++f) {
      float w[LineKernel::width];
      kernel.weights(static_cast<float>(f) / 64, w);
      for (int i = 0; i < LineKernel::width; ++i) sum += w[i] * std::cos(2 * pi * frequency * (i - 3 - f / 64.0));
    }
    return sum / 64;
  };
  EXPECT_NEAR(response(0), 1, 1e-6);
  for (double nu = 0.02; nu <= 0.34; nu += 0.04) EXPECT_NEAR(response(nu), 1, 0.011) << nu;
  EXPECT_NEAR(response(0.4), 0.9, 0.01);
  EXPECT_NEAR(response(0.5), 0.5, 0.02);
  EXPECT_NEAR(response(0.6), 0.1, 0.01);
  for (double nu = 0.65; nu < 1; nu += 0.05) EXPECT_NEAR(response(nu), 0, 0.016) << nu;
}

TEST(SlabStrip, GatherAndScatterAreInverse) {
  const Volume<float> volume = noise({3, 21, 35}, 1);
  Volume<float> back(volume.shape());
  std::vector<float> plane(35 * block_rows);
  for (int64_t z = 0; z < 3; ++z)
    for (int64_t y = 0; y < 21; y += block_rows) {
      gather_plane(volume, z, y, plane.data());
      EXPECT_EQ(plane[7 * block_rows + 2], volume(z, y + 2, 7));
      scatter_plane(plane.data(), z, y, back);
    }
  for (int64_t i = 0; i < volume.size(); ++i) ASSERT_EQ(back[i], volume[i]);
}

TEST(SlabProjector, MatchesTheLoops) {
  const Volume<float> volume = noise({9, 2, 24}, 2);
  const SlabProjector projector(24, 9, 24, some_tilts);
  Strip images(static_cast<int64_t>(some_tilts.size()), 24);
  projector.project(strip_of(volume, 0), images);
  for (size_t j = 0; j < some_tilts.size(); ++j)
    for (int64_t y = 0; y < 2; ++y) {
      const auto expected = reference::slab_projection(volume, y, some_tilts[j], 0, 24, 0, [](double) { return 1.0; });
      for (int64_t x = 0; x < 24; ++x)
        EXPECT_NEAR(images.row(static_cast<int64_t>(j), x)[y], expected[x], 2e-5) << j << " " << y << " " << x;
    }
}

// ⟨Px, y⟩ = ⟨x, Pᵀy⟩. Each side is a sum of about 1e5 products of order 1 in single precision: rounding 1e-7 √1e5 of
// the norms' product.
TEST(SlabProjector, BackProjectionIsTheTranspose) {
  const int64_t width = 40, thickness = 18, image = 34, tilts = static_cast<int64_t>(some_tilts.size());
  const SlabProjector projector(width, thickness, image, some_tilts);
  const Strip x = strip_of(noise({thickness, block_rows, width}, 3), 0);
  const Strip y = strip_of(noise({tilts, block_rows, image}, 4), 0);
  Strip projected(tilts, image), back(thickness, width);
  projector.project(x, projected);
  projector.back_project(y, back);
  double left = 0, right = 0, norm_p = 0, norm_y = 0;
  for (size_t i = 0; i < y.values.size(); ++i) {
    left += static_cast<double>(projected.values[i]) * y.values[i];
    norm_p += static_cast<double>(projected.values[i]) * projected.values[i];
    norm_y += static_cast<double>(y.values[i]) * y.values[i];
  }
  for (size_t i = 0; i < x.values.size(); ++i) right += static_cast<double>(back.values[i]) * x.values[i];
  EXPECT_NEAR(left, right, 1e-6 * std::sqrt(norm_p * norm_y));
}

TEST(SlabProjector, APointAppearsWhereTheGeometrySays) {
  const int64_t n = 64;
  Volume<float> volume({n, 1, n});
  const Vec3 at{11, 0, -14};
  volume(n / 2 - 14, 0, n / 2 + 11) = 1;
  const SlabProjector projector(n, n, n, some_tilts);
  Strip images(static_cast<int64_t>(some_tilts.size()), n);
  projector.project(strip_of(volume, 0), images);
  for (size_t j = 0; j < some_tilts.size(); ++j) {
    double sum = 0, first = 0;
    for (int64_t x = 0; x < n; ++x) {
      sum += images.row(static_cast<int64_t>(j), x)[0];
      first += static_cast<double>(x - n / 2) * images.row(static_cast<int64_t>(j), x)[0];
    }
    EXPECT_NEAR(sum, 1, 1e-5);
    EXPECT_NEAR(first / sum, image_from_specimen(at, some_tilts[j]).x, 0.05) << j;
  }
}

// The layers of a view: their sum is the projection, and a voxel's shares say its height.
TEST(LayeredProjection, MatchesTheLoopsWithEverySurrounding) {
  Workers run(2);
  const Volume<float> volume = noise({7, 18, 20}, 5);
  const PaddedFrame frame = padded_frame(volume.shape(), 5);
  const double tilt = 52 * degree;
  for (const std::string& surroundings : surroundings_names()) {
    const LayerPlan plan = plan_layers(tilt, volume.shape(), 30, 9, surroundings);
    ASSERT_GT(plan.layers, 2) << surroundings;
    const auto layers = project_layers(volume, {plan}, frame, surroundings, run.context).front();
    Volume<float> flat({7, 1, 20});  // of the mean surroundings, by planes
    for (int64_t z = 0; z < 7; ++z) {
      double sum = 0;
      for (int64_t i = 0; i < 18 * 20; ++i) sum += volume[z * 18 * 20 + i];
      std::fill_n(&flat(z, 0, 0), 20, static_cast<float>(sum / (18 * 20)));
    }
    for (int64_t l = 0; l < plan.layers; ++l)
      for (const int64_t y : {0, 11, 17}) {
        const auto share = [&](double height) {
          return std::max(0.0, 1 - std::abs((height - plan.first_height) / plan.spacing - static_cast<double>(l)));
        };
        const int64_t repeats = surroundings == "periodic" ? 3 : 0;
        auto expected = reference::slab_projection(volume, y, tilt, -5, 30, repeats, share);
        if (surroundings == "mean") {
          const auto outside = reference::slab_projection(flat, 0, tilt, -5, 30, 3, share);
          const auto inside = reference::slab_projection(flat, 0, tilt, -5, 30, 0, share);
          for (size_t i = 0; i < expected.size(); ++i) expected[i] += outside[i] - inside[i];
        }
        for (int64_t x = -5; x < 25; ++x) {
          const int64_t column = x < 0 ? x + frame.shape.x : x;
          ASSERT_NEAR(layers[l][y * frame.shape.x + column], expected[x + 5], 5e-5)
              << surroundings << " layer " << l << " row " << y << " column " << x;
        }
      }
  }
}

TEST(LayeredProjection, RowsBeyondTheBox) {
  Workers run(1);
  const Volume<float> volume = noise({4, 20, 16}, 6);
  const PaddedFrame frame = padded_frame(volume.shape(), 3);
  const auto image = [&](const char* surroundings) {
    return project_layers(volume, {plan_layers(0, volume.shape(), 22, 1e9, surroundings)}, frame, surroundings,
                          run.context)[0][0];
  };
  const auto at = [&](const AlignedVector<float>& pixels, int64_t y, int64_t x) {
    return pixels[(y < 0 ? y + frame.shape.y : y) * frame.shape.x + x];
  };
  const auto periodic = image("periodic"), mean = image("mean"), ice = image("ice");
  for (const int64_t x : {0, 5, 15}) {
    EXPECT_EQ(at(periodic, -2, x), at(periodic, 18, x));
    EXPECT_EQ(at(periodic, 21, x), at(periodic, 1, x));
    EXPECT_EQ(at(ice, -1, x), 0);
    double sum = 0;
    for (int64_t y = 0; y < 20; ++y) sum += at(mean, y, x);
    EXPECT_NEAR(at(mean, 22, x), sum / 20, 1e-5);
  }
}

TEST(LayeredProjection, TheSameBitsForAnyNumberOfThreads) {
  const Volume<float> volume = noise({12, 40, 30}, 7);
  const PaddedFrame frame = padded_frame(volume.shape(), 4);
  const std::vector<LayerPlan> views = {plan_layers(0.3, volume.shape(), 38, 10, "periodic"),
                                        plan_layers(-1, volume.shape(), 38, 10, "periodic")};
  Workers one(1), three(3);
  EXPECT_EQ(project_layers(volume, views, frame, "periodic", one.context),
            project_layers(volume, views, frame, "periodic", three.context));
}

}  // namespace
}  // namespace tessera
