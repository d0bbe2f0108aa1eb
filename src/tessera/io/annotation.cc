// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/annotation.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"
#include "tessera/io/atomic_file.h"

namespace tessera {
namespace {

using Json = nlohmann::ordered_json;

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Json parse(const std::string& text, const std::string& place) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::exception& error) {  // of numbers beyond double, too
    throw IoError(fmt::format("{} is not JSON: {}", place, error.what()));
  }
}

double number(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_number())
    throw Fault(fmt::format("{} is missing or no number", name));
  const double value = found->get<double>();
  if (!std::isfinite(value)) throw Fault(fmt::format("{} is not finite", name));
  return value;
}

Vec3 location(const Json& point) {
  const auto found = point.is_object() ? point.find("location") : point.end();
  if (!point.is_object() || found == point.end()) throw Fault("location is missing");
  return {number(*found, "x"), number(*found, "y"), number(*found, "z")};
}

double element(const Json& matrix, size_t row, size_t column, size_t size) {
  if (!matrix.is_array() || matrix.size() != size || !matrix[row].is_array() || matrix[row].size() != size ||
      !matrix[row][column].is_number())
    throw Fault(fmt::format("its matrix is not {0} × {0} numbers", size));
  return matrix[row][column].get<double>();
}

// The upper left 3 × 3 of a matrix.
Rotation rotation(const Json& matrix, size_t size) {
  Mat3 out;
  for (size_t i = 0; i < 3; ++i)
    for (size_t k = 0; k < 3; ++k) out.m[i][k] = element(matrix, i, k, size);
  const Mat3 product = out * out.transposed();
  const Vec3 x{out.m[0][0], out.m[1][0], out.m[2][0]}, y{out.m[0][1], out.m[1][1], out.m[2][1]},
      z{out.m[0][2], out.m[1][2], out.m[2][2]};
  bool sound = x.cross(y).dot(z) > 0;
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) sound = sound && std::abs(product.m[i][k] - (i == k ? 1 : 0)) < 1e-3;
  if (!sound) throw Fault("its matrix is no rotation");
  return Rotation::from_matrix(out);
}

ParticleSet empty_set(double voxel_size_A) {
  ParticleSet set;
  set.directory = ".";
  OpticsGroup& group = set.optics.emplace_back();
  group.name = "opticsGroup1";
  group.voxel_size_A = voxel_size_A;
  set.extra_columns = {score_column};
  return set;
}

// A point of either file; `add` fills in pose and place from its JSON.
template <typename Fill>
void add_point(ParticleSet& set, const Json& point, const std::string& place, Faults& faults, Fill&& fill) {
  Particle& p = set.particles.emplace_back();
  p.extra = {"0.000000"};
  try {
    fill(p);
    if (point.contains("score") && point["score"].is_number())
      p.extra = {fmt::format("{:.6f}", point["score"].get<double>())};
  } catch (const Fault& fault) {
    faults.add(fmt::format("{}: {}", place, fault.what()));
  }
}

void finish(const ParticleSet& set, Faults& faults, const std::filesystem::path& path) {
  if (set.particles.empty() && faults.empty()) faults.add("no points in it");
  faults.raise<IoError>(path.string());
}

Json matrix(const Rotation& rotation, size_t size) {
  const Mat3 m = rotation.matrix();
  auto out = Json::array();
  for (size_t i = 0; i < size; ++i) {
    auto row = Json::array();
    for (size_t k = 0; k < size; ++k) row.push_back(i < 3 && k < 3 ? m.m[i][k] : i == k ? 1.0 : 0.0);
    out.push_back(row);
  }
  return out;
}

Json vector(Vec3 v) {
  return {{"x", v.x}, {"y", v.y}, {"z", v.z}};
}

// With the shift; UserError for what these files cannot hold.
std::vector<Vec3> places_A(const ParticleSet& set, const std::filesystem::path& path) {
  std::set<std::string> tomograms;
  std::vector<Vec3> out;
  for (const Particle& p : set.particles) {
    if (!p.coordinate) throw UserError(path.string() + ": holds places, and the list has none (rlnCoordinateX, Y, Z)");
    tomograms.insert(p.micrograph);
    out.push_back(*p.coordinate * coordinate_voxel_size_A(set, static_cast<size_t>(p.optics_group)) + p.shift_A);
  }
  if (tomograms.size() > 1)
    throw UserError(
        fmt::format("{}: the particles lie in {} tomograms, and such a file is for one; give a list for each",
                    path.string(), tomograms.size()));
  return out;
}

}  // namespace

ParticleSet read_copick(const std::filesystem::path& path, double voxel_size_A) {
  const Json json = parse(read_text_file(path), path.string());
  const auto points = json.is_object() ? json.find("points") : json.end();
  if (!json.is_object() || points == json.end() || !points->is_array())
    throw IoError(path.string() + ": has no \"points\"; the JSON of picks in a copick project is expected");
  ParticleSet set = empty_set(voxel_size_A);
  const auto run = json.find("run_name");
  Faults faults;
  for (size_t i = 0; i < points->size(); ++i) {
    const Json& point = (*points)[i];
    add_point(set, point, fmt::format("point {}", i + 1), faults, [&](Particle& p) {
      p.coordinate = location(point) * (1 / voxel_size_A);
      if (run != json.end() && run->is_string()) p.micrograph = run->get<std::string>();
      const auto transformation = point.find("transformation_");
      if (transformation == point.end() || transformation->is_null()) return;
      p.particle_from_ref = rotation(*transformation, 4);
      p.shift_A = {element(*transformation, 0, 3, 4), element(*transformation, 1, 3, 4),
                   element(*transformation, 2, 3, 4)};
    });
  }
  finish(set, faults, path);
  return set;
}

ParticleSet read_portal(const std::filesystem::path& path, double voxel_size_A) {
  std::istringstream text(read_text_file(path));
  ParticleSet set = empty_set(voxel_size_A);
  Faults faults;
  std::string line;
  for (int64_t row = 1; std::getline(text, line); ++row) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string place = fmt::format("line {}", row);
    const Json point = parse(line, fmt::format("{}: {}", path.string(), place));
    add_point(set, point, place, faults, [&](Particle& p) {
      p.coordinate = location(point);
      const auto turned = point.find("xyz_rotation_matrix");
      if (turned != point.end() && !turned->is_null()) p.particle_from_ref = rotation(*turned, 3);
    });
  }
  finish(set, faults, path);
  return set;
}

void write_copick(const std::filesystem::path& path, const ParticleSet& set) {
  const std::vector<Vec3> places = places_A(set, path);
  auto points = Json::array();
  for (size_t i = 0; i < places.size(); ++i) {
    const Particle& p = set.particles[i];
    points.push_back({{"location", vector(places[i])},
                      {"transformation_", matrix(p.particle_from_ref, 4)},
                      {"instance_id", i},
                      {"score", extra_number(set, p, score_column).value_or(0)}});
  }
  const Json json = {{"pickable_object_name", "particle"},
                     {"user_id", "tessera"},
                     {"session_id", "0"},
                     {"run_name", std::filesystem::path(set.particles.at(0).micrograph).stem().string()},
                     {"voxel_spacing", coordinate_voxel_size_A(set, 0)},
                     {"unit", "angstrom"},
                     {"points", points},
                     {"trust_orientation", true}};
  write_text_file(path, json.dump(2) + "\n");
}

void write_portal(const std::filesystem::path& path, const ParticleSet& set) {
  const std::vector<Vec3> places = places_A(set, path);
  std::string text;
  for (size_t i = 0; i < places.size(); ++i) {
    const Particle& p = set.particles[i];
    const double voxel_size_A = coordinate_voxel_size_A(set, static_cast<size_t>(p.optics_group));
    const Json json = {{"type", "orientedPoint"},
                       {"location", vector(places[i] * (1 / voxel_size_A))},
                       {"xyz_rotation_matrix", matrix(p.particle_from_ref, 3)}};
    text += json.dump() + "\n";
  }
  write_text_file(path, text);
}

}  // namespace tessera
