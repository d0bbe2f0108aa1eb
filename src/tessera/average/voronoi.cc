// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/voronoi.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

constexpr int block = 256;  // samples worked on together: their coordinates stay in the first-level cache

struct Samples {
  alignas(64) float w[block], x[block], y[block], z[block];  // quaternion
  alignas(64) float tx[block], ty[block], tz[block];         // shift
  alignas(64) float nearest[block];                          // distance to the nearest candidate so far
  alignas(64) int32_t index[block];                          // which that is
};

// [−1, 1) in steps of 2⁻³¹.
float symmetric(Random& random) {
  return static_cast<float>(static_cast<int32_t>(random.bits())) * 0x1p-31f;
}

float unit(Random& random) {
  return static_cast<float>(random.bits() >> 8) * 0x1p-24f;
}

struct DiscPoint {
  float a, b, square;
};
DiscPoint in_disc(Random& random) {
  while (true) {
    const float a = symmetric(random), b = symmetric(random), square = a * a + b * b;
    if (square < 1 && square > 0) return {a, b, square};
  }
}

// Uniform on the sphere of unit quaternions (Marsaglia 1972): without a logarithm or a sine.
void draw_uniform_rotation(Random& random, Samples& out, int i) {
  const DiscPoint p = in_disc(random), q = in_disc(random);
  const float scale = std::sqrt((1 - p.square) / q.square);
  out.w[i] = p.a;
  out.x[i] = p.b;
  out.y[i] = q.a * scale;
  out.z[i] = q.b * scale;
}

void draw_uniform_angles(Random& random, Samples& out, int i) {
  const double alpha = 2 * pi * unit(random), beta = 2 * pi * unit(random), gamma = 2 * pi * unit(random);
  const Rotation r = Rotation::from_euler({alpha, beta, gamma});
  out.w[i] = static_cast<float>(r.w());
  out.x[i] = static_cast<float>(r.x());
  out.y[i] = static_cast<float>(r.y());
  out.z[i] = static_cast<float>(r.z());
}

struct Bounds {
  Vec3 low, high;
};
Bounds bounding_box(const std::vector<Pose>& candidates, double shortest_edge) {
  Bounds out{candidates.front().shift_voxels, candidates.front().shift_voxels};
  for (const Pose& c : candidates) {
    const Vec3 t = c.shift_voxels;
    out.low = {std::min(out.low.x, t.x), std::min(out.low.y, t.y), std::min(out.low.z, t.z)};
    out.high = {std::max(out.high.x, t.x), std::max(out.high.y, t.y), std::max(out.high.z, t.z)};
  }
  const auto grow = [&](double& low, double& high) {
    const double lacking = shortest_edge - (high - low);
    if (lacking <= 0) return;
    low -= lacking / 2;
    high += lacking / 2;
  };
  grow(out.low.x, out.high.x);
  grow(out.low.y, out.high.y);
  grow(out.low.z, out.high.z);
  return out;
}

// τ² up to what is the same for every candidate: −8 (q·q′)² + α (|t|² − 2 t·t′).
void visit(const Pose& candidate, int index, double translation_weight, Samples& s) {
  const Rotation& r = candidate.particle_from_ref;
  const float w = static_cast<float>(r.w()), x = static_cast<float>(r.x()), y = static_cast<float>(r.y()),
              z = static_cast<float>(r.z());
  const Vec3 t = candidate.shift_voxels;
  const float ax = static_cast<float>(-2 * translation_weight * t.x),
              ay = static_cast<float>(-2 * translation_weight * t.y),
              az = static_cast<float>(-2 * translation_weight * t.z),
              constant = static_cast<float>(translation_weight * t.dot(t));
  for (int i = 0; i < block; ++i) {
    const float dot = w * s.w[i] + x * s.x[i] + y * s.y[i] + z * s.z[i];
    const float distance = constant + ax * s.tx[i] + ay * s.ty[i] + az * s.tz[i] - 8 * dot * dot;
    const bool nearer = distance < s.nearest[i];
    s.nearest[i] = nearer ? distance : s.nearest[i];
    s.index[i] = nearer ? index : s.index[i];
  }
}

}  // namespace

std::vector<double> voronoi_volumes(const std::vector<Pose>& candidates, const VoronoiOptions& options,
                                    Random& random) {
  if (candidates.empty() || options.samples < 1)
    throw InternalError(
        fmt::format("Voronoi volumes of {} candidates from {} samples", candidates.size(), options.samples));
  std::vector<double> out(candidates.size());
  const Bounds bounds = bounding_box(candidates, options.shortest_edge);
  const float low[3] = {static_cast<float>(bounds.low.x), static_cast<float>(bounds.low.y),
                        static_cast<float>(bounds.low.z)};
  const float edge[3] = {static_cast<float>(bounds.high.x - bounds.low.x),
                         static_cast<float>(bounds.high.y - bounds.low.y),
                         static_cast<float>(bounds.high.z - bounds.low.z)};
  Samples s{};
  for (int begin = 0; begin < options.samples; begin += block) {
    const int count = std::min(block, options.samples - begin);
    for (int i = 0; i < count; ++i) {
      if (options.uniform_euler)
        draw_uniform_angles(random, s, i);
      else
        draw_uniform_rotation(random, s, i);
      s.tx[i] = low[0] + edge[0] * unit(random);
      s.ty[i] = low[1] + edge[1] * unit(random);
      s.tz[i] = low[2] + edge[2] * unit(random);
    }
    std::fill_n(s.nearest, block, 1e30f);
    std::fill_n(s.index, block, 0);
    for (size_t c = 0; c < candidates.size(); ++c)
      visit(candidates[c], static_cast<int>(c), options.translation_weight, s);
    for (int i = 0; i < count; ++i) out[s.index[i]] += 1;
  }
  for (double& volume : out) volume /= options.samples;
  return out;
}

}  // namespace tessera
