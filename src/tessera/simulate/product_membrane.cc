// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/product_membrane.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/simulate/soft_shapes.h"

namespace tessera {
namespace {

constexpr int largest_mode = 4;    // of a sheet, along each edge
constexpr int largest_degree = 6;  // of a vesicle

// A geodesic sphere of radius 1: each face of the icosahedron cut into frequency² triangles.
SceneMembrane geodesic_sphere(int frequency) {
  const double t = (1 + std::sqrt(5.0)) / 2;
  const std::vector<Vec3> corners = {{-1, t, 0},  {1, t, 0},  {-1, -t, 0}, {1, -t, 0}, {0, -1, t},  {0, 1, t},
                                     {0, -1, -t}, {0, 1, -t}, {t, 0, -1},  {t, 0, 1},  {-t, 0, -1}, {-t, 0, 1}};
  constexpr int faces[20][3] = {{0, 11, 5},  {0, 5, 1},  {0, 1, 7},  {0, 7, 10}, {0, 10, 11}, {1, 5, 9}, {5, 11, 4},
                                {11, 10, 2}, {10, 7, 6}, {7, 1, 8},  {3, 9, 4},  {3, 4, 2},   {3, 2, 6}, {3, 6, 8},
                                {3, 8, 9},   {4, 9, 5},  {2, 4, 11}, {6, 2, 10}, {8, 6, 7},   {9, 8, 1}};
  SceneMembrane out;
  // A node is named by what it is made of, so that faces share those of their edges.
  std::map<std::array<std::pair<int, int>, 3>, int32_t> known;
  const auto node = [&](const int(&face)[3], int i, int j) {
    std::array<std::pair<int, int>, 3> key = {std::pair{face[0], frequency - i - j}, {face[1], i}, {face[2], j}};
    for (auto& [corner, weight] : key)
      if (weight == 0) corner = -1;
    std::sort(key.begin(), key.end());
    const auto [at, fresh] = known.emplace(key, static_cast<int32_t>(out.nodes_A.size()));
    if (fresh) {
      const Vec3 p = corners[face[0]] * (frequency - i - j) + corners[face[1]] * i + corners[face[2]] * j;
      out.nodes_A.push_back(p * (1 / p.norm()));
    }
    return at->second;
  };
  for (const auto& face : faces)
    for (int i = 0; i < frequency; ++i)
      for (int j = 0; i + j < frequency; ++j) {
        out.triangles.push_back({node(face, i, j), node(face, i + 1, j), node(face, i, j + 1)});
        if (i + j + 1 < frequency)
          out.triangles.push_back({node(face, i + 1, j), node(face, i + 1, j + 1), node(face, i, j + 1)});
      }
  return out;
}

}  // namespace

SceneMembrane undulating_sheet(std::array<double, 2> edges_A, double thickness_A, const MembraneShape& shape,
                               Random& random) {
  struct Mode {
    Vec3 q;
    double amplitude_A, phase;
  };
  std::vector<Mode> modes;
  const double area = edges_A[0] * edges_A[1];
  for (int m = 0; m <= largest_mode; ++m)
    for (int n = m == 0 ? 1 : -largest_mode; n <= largest_mode; ++n) {
      const Vec3 q{2 * pi * m / edges_A[0], 2 * pi * n / edges_A[1], 0};
      // q and −q are one real mode a cos(qr + φ), of mean square a²/2 = 2 kT/(κ A q⁴).
      const double rms = std::sqrt(2 / (shape.bending_modulus_kT * area)) / q.dot(q);
      const double a = random.normal() * rms, b = random.normal() * rms;
      modes.push_back({q, std::hypot(a, b), std::atan2(b, a)});
    }
  SceneMembrane out{"sheet", {}, {}, thickness_A};
  const auto steps = [&](double edge) {
    return std::max<int32_t>(2, static_cast<int32_t>(std::ceil(edge / shape.mesh_A)));
  };
  const int32_t nu = steps(edges_A[0]), nv = steps(edges_A[1]);
  for (int32_t j = 0; j <= nv; ++j)
    for (int32_t i = 0; i <= nu; ++i) {
      Vec3 p{(static_cast<double>(i) / nu - 0.5) * edges_A[0], (static_cast<double>(j) / nv - 0.5) * edges_A[1], 0};
      double height = 0;
      for (const Mode& mode : modes) height += mode.amplitude_A * std::cos(mode.q.dot(p) + mode.phase);
      p.z = height;
      out.nodes_A.push_back(p);
    }
  for (int32_t j = 0; j < nv; ++j)
    for (int32_t i = 0; i < nu; ++i) {
      const int32_t a = j * (nu + 1) + i, b = a + 1, c = a + nu + 1, d = c + 1;
      out.triangles.push_back({a, b, d});
      out.triangles.push_back({a, d, c});
    }
  return out;
}

SceneMembrane undulating_vesicle(double radius_A, double thickness_A, const MembraneShape& shape, Random& random) {
  // An edge of the icosahedron spans 63.4°, 1.107 radii of arc.
  const int frequency = std::clamp(static_cast<int>(std::ceil(1.107 * radius_A / shape.mesh_A)), 2, 200);
  SceneMembrane out = geodesic_sphere(frequency);
  out.shape = "vesicle";
  out.thickness_A = thickness_A;
  struct Mode {
    unsigned l, m;
    double cosine, sine;
  };
  std::vector<Mode> modes;
  for (unsigned l = 2; l <= largest_degree; ++l) {
    const double rms = 1 / std::sqrt(shape.bending_modulus_kT * (l - 1) * l * (l + 1) * (l + 2));
    for (unsigned m = 0; m <= l; ++m) {
      const double scale = m == 0 ? 1 : std::sqrt(2.0);
      const double a = random.normal(), b = random.normal();
      modes.push_back({l, m, a * rms * scale, m == 0 ? 0 : b * rms * scale});
    }
  }
  for (Vec3& node : out.nodes_A) {
    const double theta = std::acos(std::clamp(node.z, -1.0, 1.0)), phi = std::atan2(node.y, node.x);
    double radius = 1;
    for (const Mode& mode : modes)
      radius += std::sph_legendre(mode.l, mode.m, theta) *
                (mode.cosine * std::cos(mode.m * phi) + mode.sine * std::sin(mode.m * phi));
    node = node * (radius_A * std::max(0.5, radius));
  }
  return out;
}

void place_membrane(SceneMembrane& membrane, const Rotation& rotation, Vec3 shift_A) {
  const Mat3 matrix = rotation.matrix();
  for (Vec3& node : membrane.nodes_A) node = matrix * node + shift_A;
}

bool visit_membrane_voxels(const SceneMembrane& membrane, Shape3 shape, double voxel_size_A, double margin_A,
                           const std::function<void(int64_t)>& visit) {
  const double reach = membrane.thickness_A / 2 + margin_A;
  for (const auto& triangle : membrane.triangles) {
    const Vec3 a = membrane.nodes_A[triangle[0]], b = membrane.nodes_A[triangle[1]], c = membrane.nodes_A[triangle[2]];
    const auto low = [&](double p, double q, double r) {
      return static_cast<int64_t>(std::ceil((std::min({p, q, r}) - reach) / voxel_size_A));
    };
    const auto high = [&](double p, double q, double r) {
      return static_cast<int64_t>(std::floor((std::max({p, q, r}) + reach) / voxel_size_A));
    };
    for (int64_t z = low(a.z, b.z, c.z); z <= high(a.z, b.z, c.z); ++z)
      for (int64_t y = low(a.y, b.y, c.y); y <= high(a.y, b.y, c.y); ++y)
        for (int64_t x = low(a.x, b.x, c.x); x <= high(a.x, b.x, c.x); ++x) {
          const Vec3 p = Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)} * voxel_size_A;
          if (distance_to_triangle(p, a, b, c) > reach) continue;
          if (x < 0 || y < 0 || z < 0 || x >= shape.x || y >= shape.y || z >= shape.z) return false;
          visit((z * shape.y + y) * shape.x + x);
        }
  }
  return true;
}

MembraneSampler::MembraneSampler(const SceneMembrane& membrane) : membrane_(membrane) {
  double sum = 0;
  for (const auto& t : membrane.triangles) {
    const Vec3 a = membrane.nodes_A[t[0]];
    sum += (membrane.nodes_A[t[1]] - a).cross(membrane.nodes_A[t[2]] - a).norm() / 2;
    cumulative_.push_back(sum);
  }
  if (!(sum > 0)) throw InternalError("a membrane without area");
}

MembraneSampler::Point MembraneSampler::draw(Random& random) const {
  const double at = random.uniform() * cumulative_.back();
  const auto index = std::upper_bound(cumulative_.begin(), cumulative_.end(), at) - cumulative_.begin();
  const auto& t = membrane_.triangles[std::min<size_t>(static_cast<size_t>(index), cumulative_.size() - 1)];
  const Vec3 a = membrane_.nodes_A[t[0]], ab = membrane_.nodes_A[t[1]] - a, ac = membrane_.nodes_A[t[2]] - a;
  double u = random.uniform(), v = random.uniform();
  if (u + v > 1) {
    u = 1 - u;
    v = 1 - v;
  }
  const Vec3 normal = ab.cross(ac);
  return {a + ab * u + ac * v, normal * (1 / normal.norm())};
}

}  // namespace tessera
