// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/product_filament.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/simulate/soft_shapes.h"

namespace tessera {
namespace {

constexpr int most_starts = 3000;
constexpr int bends_a_node = 12;    // before the chain backs up
constexpr int nodes_undone = 6;     // by a dead end
constexpr int most_dead_ends = 60;  // before a new start

// Any two unit vectors that make a right-handed frame with a unit tangent.
std::pair<Vec3, Vec3> across(Vec3 tangent) {
  const Vec3 helper = std::abs(tangent.x) < 0.9 ? Vec3{1, 0, 0} : Vec3{0, 1, 0};
  Vec3 u = tangent.cross(helper);
  u = u * (1 / u.norm());
  return {u, tangent.cross(u)};
}

bool ball_is_free(const Volume<uint8_t>& occupancy, double voxel_size_A, Vec3 centre_A, double radius_A) {
  const Shape3 shape = occupancy.shape();
  const Vec3 c = centre_A * (1 / voxel_size_A);
  const double r = radius_A / voxel_size_A;
  const auto inside = [&](double at, int64_t n) { return at - r >= -0.5 && at + r <= static_cast<double>(n) - 0.5; };
  if (!inside(c.z, shape.z) || !inside(c.y, shape.y) || !inside(c.x, shape.x)) return false;
  const auto low = [&](double at) { return std::max<int64_t>(0, static_cast<int64_t>(std::ceil(at - r))); };
  const auto high = [&](double at, int64_t n) { return std::min(n - 1, static_cast<int64_t>(std::floor(at + r))); };
  for (int64_t z = low(c.z); z <= high(c.z, shape.z); ++z)
    for (int64_t y = low(c.y); y <= high(c.y, shape.y); ++y)
      for (int64_t x = low(c.x); x <= high(c.x, shape.x); ++x) {
        const Vec3 d{static_cast<double>(x) - c.x, static_cast<double>(y) - c.y, static_cast<double>(z) - c.z};
        if (d.dot(d) <= r * r && occupancy(z, y, x)) return false;
      }
  return true;
}

// Nodes nearer along the chain than a diameter may be nearer in space.
bool clears_itself(const std::vector<Vec3>& nodes, Vec3 node, const FilamentShape& shape) {
  const auto skip = static_cast<int64_t>(std::ceil(pi * shape.radius_A / shape.step_A)) + 1;
  for (int64_t i = 0; i + skip < static_cast<int64_t>(nodes.size()); ++i)
    if ((nodes[i] - node).norm() < 2 * shape.radius_A + shape.step_A / 2) return false;
  return true;
}

// The rotation that carries the frame of one tangent to the next without turning about it.
Rotation transport(Vec3 from, Vec3 to) {
  const Vec3 normal = from.cross(to);
  const double sine = normal.norm();
  return sine < 1e-12 ? Rotation() : Rotation::about_axis(normal, std::atan2(sine, from.dot(to)));
}

}  // namespace

std::vector<Vec3> grow_filament(const Volume<uint8_t>& occupancy, double voxel_size_A, const FilamentShape& shape,
                                Random& random) {
  const Shape3 n = occupancy.shape();
  const auto steps = std::max<size_t>(1, static_cast<size_t>(std::ceil(shape.length_A / shape.step_A - 1e-9)));
  const double last_A = shape.length_A - static_cast<double>(steps - 1) * shape.step_A;
  const double bend = std::sqrt(shape.step_A / shape.persistence_length_A);
  for (int start = 0; start < most_starts; ++start) {
    const auto anywhere = [&](int64_t count) {
      return random.uniform(0, static_cast<double>(count - 1) * voxel_size_A);
    };
    const double x = anywhere(n.x), y = anywhere(n.y), z = anywhere(n.z);
    std::vector<Vec3> nodes = {{x, y, z}};
    std::vector<Vec3> tangents = {Rotation::random(random) * Vec3{0, 0, 1}};
    if (!ball_is_free(occupancy, voxel_size_A, nodes[0], shape.radius_A)) continue;
    int dead_ends = 0;
    while (nodes.size() <= steps && dead_ends < most_dead_ends) {
      bool grown = false;
      for (int attempt = 0; attempt < bends_a_node && !grown; ++attempt) {
        const auto [u, v] = across(tangents.back());
        const double a = random.normal() * bend, b = random.normal() * bend, angle = std::hypot(a, b);
        Vec3 tangent = tangents.back();
        if (nodes.size() > 1 && angle > 0)
          tangent = tangent * std::cos(angle) + (u * a + v * b) * (std::sin(angle) / angle);
        const Vec3 node = nodes.back() + tangent * (nodes.size() == steps ? last_A : shape.step_A);
        grown = ball_is_free(occupancy, voxel_size_A, node, shape.radius_A) && clears_itself(nodes, node, shape);
        if (!grown) continue;
        nodes.push_back(node);
        tangents.push_back(tangent * (1 / tangent.norm()));
      }
      if (grown) continue;
      ++dead_ends;
      const size_t kept = nodes.size() > nodes_undone ? nodes.size() - nodes_undone : 1;
      if (kept == 1) break;
      nodes.resize(kept);
      tangents.resize(kept);
    }
    if (nodes.size() == steps + 1) return nodes;
  }
  return {};
}

std::vector<RepeatPose> repeats_along(const std::vector<Vec3>& nodes_A, const FilamentRepeat& repeat, double margin_A,
                                      double phase) {
  std::vector<Vec3> tangents;
  std::vector<double> arc = {0};
  for (size_t i = 0; i + 1 < nodes_A.size(); ++i) {
    const Vec3 d = nodes_A[i + 1] - nodes_A[i];
    tangents.push_back(d * (1 / d.norm()));
    arc.push_back(arc.back() + d.norm());
  }
  // Frames of the segments; between their middles the turn is shared out evenly.
  const auto [u, v] = across(tangents.front());
  const Vec3 t = tangents.front();
  std::vector<Rotation> frames = {Rotation::from_matrix({{{u.x, v.x, t.x}, {u.y, v.y, t.y}, {u.z, v.z, t.z}}})};
  for (size_t i = 1; i < tangents.size(); ++i)
    frames.push_back(transport(tangents[i - 1], tangents[i]) * frames.back());
  const auto frame_at = [&](double s) {
    const auto after = std::upper_bound(arc.begin() + 1, arc.end() - 1, s) - arc.begin();
    const auto i = static_cast<size_t>(after - 1);
    const double middle = (arc[i] + arc[i + 1]) / 2;
    const size_t other = s < middle ? (i == 0 ? 0 : i - 1) : std::min(i + 1, frames.size() - 1);
    const double other_middle = (arc[other] + arc[other + 1]) / 2;
    const double share = other == i ? 0 : (s - middle) / (other_middle - middle);
    return std::pair{nodes_A[i] + tangents[i] * (s - arc[i]),
                     Rotation::from_vector((frames[other] * frames[i].inverse()).vector() * share) * frames[i]};
  };
  std::vector<RepeatPose> out;
  const double radian = pi / 180;
  for (int64_t strand = 0; strand < repeat.strands; ++strand) {
    const double offset = repeat.strand_rise_A * static_cast<double>(strand);
    const double skipped = std::floor(offset / repeat.rise_A), start = offset - skipped * repeat.rise_A;
    for (int64_t i = 0;; ++i) {
      const double s = margin_A + start + repeat.rise_A * static_cast<double>(i);
      if (s > arc.back() - margin_A) break;
      const double turn = phase + radian * (repeat.twist_deg * (static_cast<double>(i) - skipped) +
                                            repeat.strand_twist_deg * static_cast<double>(strand));
      const auto [centre, frame] = frame_at(s);
      const Rotation rotation = frame * Rotation::from_vector({0, 0, turn});
      out.push_back({centre + rotation * repeat.from_axis_A, rotation});
    }
  }
  return out;
}

void visit_tube_voxels(const std::vector<Vec3>& nodes_A, double radius_A, Shape3 shape, double voxel_size_A,
                       const std::function<void(int64_t)>& visit) {
  for (size_t segment = 0; segment + 1 < nodes_A.size(); ++segment) {
    const Vec3 a = nodes_A[segment], ab = nodes_A[segment + 1] - a;
    const auto low = [&](double p, double d) {
      return std::max<int64_t>(0, static_cast<int64_t>(std::ceil((std::min(p, p + d) - radius_A) / voxel_size_A)));
    };
    const auto high = [&](double p, double d, int64_t n) {
      return std::min(n - 1, static_cast<int64_t>(std::floor((std::max(p, p + d) + radius_A) / voxel_size_A)));
    };
    for (int64_t z = low(a.z, ab.z); z <= high(a.z, ab.z, shape.z); ++z)
      for (int64_t y = low(a.y, ab.y); y <= high(a.y, ab.y, shape.y); ++y)
        for (int64_t x = low(a.x, ab.x); x <= high(a.x, ab.x, shape.x); ++x) {
          const Vec3 p = Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} * voxel_size_A;
          if (distance_to_segment(p, a, a + ab) <= radius_A) visit((z * shape.y + y) * shape.x + x);
        }
  }
}

}  // namespace tessera
