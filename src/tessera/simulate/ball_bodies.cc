// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/ball_bodies.h"

#include <cmath>
#include <map>
#include <set>

#include "tessera/base/units.h"

namespace tessera {
namespace {

void bond(BallBody& body, int32_t a, int32_t b) {
  body.bonds.push_back({a, b, (body.balls[a].centre_A - body.balls[b].centre_A).norm()});
}

BallBody sheet(const MembraneRequest& request) {
  BallBody body;
  const double spacing = request.spacing_A.value_or(request.diameter_A);
  const auto m = static_cast<int32_t>(request.balls[0]), n = static_cast<int32_t>(request.balls[1]);
  const auto at = [&](int32_t i, int32_t j) { return i * n + j; };
  for (int32_t i = 0; i < m; ++i)
    for (int32_t j = 0; j < n; ++j)
      body.balls.push_back({{(i - (m - 1) / 2.0) * spacing, (j - (n - 1) / 2.0) * spacing, 0}, request.diameter_A / 2});
  for (int32_t i = 0; i < m; ++i)
    for (int32_t j = 0; j < n; ++j) {
      if (i + 1 < m) bond(body, at(i, j), at(i + 1, j));
      if (j + 1 < n) bond(body, at(i, j), at(i, j + 1));
      if (i + 1 < m && j + 1 < n) {
        bond(body, at(i, j), at(i + 1, j + 1));
        bond(body, at(i + 1, j), at(i, j + 1));
        body.triangles.push_back({at(i, j), at(i + 1, j), at(i + 1, j + 1)});
        body.triangles.push_back({at(i, j), at(i + 1, j + 1), at(i, j + 1)});
      }
      if (i > 0 && i + 1 < m) body.angles.push_back({at(i - 1, j), at(i, j), at(i + 1, j), pi});
      if (j > 0 && j + 1 < n) body.angles.push_back({at(i, j - 1), at(i, j), at(i, j + 1), pi});
    }
  return body;
}

// Corners of the icosahedron of unit circumradius: two poles and two rings of five.
std::vector<Vec3> icosahedron_corners() {
  std::vector<Vec3> out = {{0, 0, 1}};
  const double z = 1 / std::sqrt(5.0), r = 2 / std::sqrt(5.0);
  for (int i = 0; i < 5; ++i) out.push_back({r * std::cos(72 * degree * i), r * std::sin(72 * degree * i), z});
  for (int i = 0; i < 5; ++i)
    out.push_back({r * std::cos(72 * degree * (i + 0.5)), r * std::sin(72 * degree * (i + 0.5)), -z});
  out.push_back({0, 0, -1});
  return out;
}

// Its faces, outward normals.
std::vector<std::array<int, 3>> icosahedron_faces() {
  std::vector<std::array<int, 3>> out;
  for (int i = 0; i < 5; ++i) {
    const int j = (i + 1) % 5;
    out.push_back({0, 1 + i, 1 + j});
    out.push_back({1 + i, 6 + i, 1 + j});
    out.push_back({6 + i, 6 + j, 1 + j});
    out.push_back({6 + i, 11, 6 + j});
  }
  return out;
}

BallBody vesicle(const MembraneRequest& request) {
  BallBody body;
  const double spacing = std::min(request.spacing_A.value_or(request.diameter_A), request.diameter_A);
  // The longest edges lie in the middle of a face and span about 1.25 of the mean angle, arctan 2 / ν.
  const int frequency = std::max(1, static_cast<int>(std::ceil(1.2 * request.radius_A * std::atan(2.0) / spacing)));
  const std::vector<Vec3> corners = icosahedron_corners();
  std::map<std::array<int64_t, 3>, int32_t> known;  // shared corners and edges of the faces
  const auto vertex = [&](Vec3 p) {
    p = p * (request.radius_A / p.norm());
    const double grain = 1e-4 * request.radius_A / frequency;
    const std::array<int64_t, 3> key = {std::llround(p.x / grain), std::llround(p.y / grain),
                                        std::llround(p.z / grain)};
    const auto [found, is_new] = known.try_emplace(key, static_cast<int32_t>(body.balls.size()));
    if (is_new) body.balls.push_back({p, request.diameter_A / 2});
    return found->second;
  };
  for (const auto& [a, b, c] : icosahedron_faces()) {
    const Vec3 origin = corners[a], right = (corners[b] - origin) * (1.0 / frequency),
               up = (corners[c] - origin) * (1.0 / frequency);
    const auto at = [&](int i, int j) { return vertex(origin + right * i + up * j); };
    for (int i = 0; i < frequency; ++i)
      for (int j = 0; i + j < frequency; ++j) {
        body.triangles.push_back({at(i, j), at(i + 1, j), at(i, j + 1)});
        if (i + j + 1 < frequency) body.triangles.push_back({at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)});
      }
  }
  std::set<std::pair<int32_t, int32_t>> edges;
  for (const auto& t : body.triangles)
    for (int k = 0; k < 3; ++k) edges.insert(std::minmax(t[k], t[(k + 1) % 3]));
  for (const auto& [a, b] : edges) bond(body, a, b);
  return body;
}

double volume_of_balls(const BallBody& body) {
  double volume = 0;
  for (const Ball& ball : body.balls) volume += volume_A3(ball);
  return volume;
}

}  // namespace

BallBody rigid_body(const CoarseModel& model, double ball_mass_Da) {
  BallBody body;
  body.balls = model.balls;
  const auto count = static_cast<int32_t>(body.balls.size());
  for (int32_t i = 0; i < count; ++i)
    for (int32_t j = i + 1; j < count; ++j) bond(body, i, j);
  body.mass_Da = ball_mass_Da;
  body.volume_A3 = model.volumes.isosurface_A3;
  return body;
}

BallBody single_ball_body(const CoarseModel& model, double ball_mass_Da) {
  BallBody body;
  body.balls = {model.single};
  body.mass_Da = ball_mass_Da * static_cast<double>(model.balls.size());
  body.volume_A3 = model.volumes.isosurface_A3;
  return body;
}

BallBody filament_body(const FilamentRequest& request, double ball_mass_Da) {
  BallBody body;
  body.kind = BodyKind::filament;
  const double spacing = request.spacing_A.value_or(request.diameter_A);
  const auto count = static_cast<int32_t>(request.balls);
  for (int32_t i = 0; i < count; ++i)
    body.balls.push_back({{(i - (count - 1) / 2.0) * spacing, 0, 0}, request.diameter_A / 2});
  for (int32_t i = 0; i + 1 < count; ++i) bond(body, i, i + 1);
  for (int32_t i = 1; i + 1 < count; ++i) body.angles.push_back({i - 1, i, i + 1, pi});
  body.mass_Da = ball_mass_Da;
  body.volume_A3 = volume_of_balls(body);
  return body;
}

BallBody membrane_body(const MembraneRequest& request, double ball_mass_Da) {
  BallBody body = request.shape == "vesicle" ? vesicle(request) : sheet(request);
  body.kind = BodyKind::membrane;
  body.mass_Da = ball_mass_Da;
  body.volume_A3 = volume_of_balls(body);
  return body;
}

}  // namespace tessera
