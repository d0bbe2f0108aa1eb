// SPDX-License-Identifier: GPL-3.0-or-later
// scene.json: one line a body, ball or species, so that a scene of 10⁵ balls stays readable and comparable.
#include <nlohmann/json.hpp>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/simulate/json_fields.h"
#include "tessera/simulate/scene.h"

namespace tessera {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* format_name = "tessera scene 1";

Json json_of(Vec3 v) {
  return {v.x, v.y, v.z};
}

Json json_of(const std::vector<Vec3>& points) {
  auto out = Json::array();
  for (const Vec3& point : points) out.push_back(json_of(point));
  return out;
}

Json json_of(const Rotation& r) {
  return {r.w(), r.x(), r.y(), r.z()};
}

template <typename T>
Json json_of(const T& value) {
  return value;
}

// One list of names for both directions.
template <typename Visit>
void each_field(SceneSpecies& s, Visit&& visit) {
  visit("name", s.name);
  visit("structure", s.structure);
  visit("assembly", s.assembly);
  visit("mass_kDa", s.mass_kDa);
  visit("radius_A", s.radius_A);
  visit("requested", s.requested);
  visit("placed", s.placed);
}

template <typename Visit>
void each_field(SceneBody& b, Visit&& visit) {
  visit("species", b.species);
  visit("position_A", b.position_A);
  visit("quaternion_wxyz", b.scene_from_ref);
  visit("filament", b.filament);
  visit("membrane", b.membrane);
}

template <typename Visit>
void each_field(SceneBall& b, Visit&& visit) {
  visit("position_A", b.position_A);
  visit("radius_A", b.radius_A);
  visit("body", b.body);
  visit("filament", b.filament);
  visit("membrane", b.membrane);
}

template <typename Visit>
void each_field(SceneFilament& f, Visit&& visit) {
  visit("name", f.name);
  visit("radius_A", f.radius_A);
  visit("species", f.species);
  visit("nodes_A", f.nodes_A);
}

template <typename Visit>
void each_field(SceneMembrane& m, Visit&& visit) {
  visit("shape", m.shape);
  visit("thickness_A", m.thickness_A);
  visit("nodes_A", m.nodes_A);
  visit("triangles", m.triangles);
}

template <typename T>
void write_rows(AtomicFile& file, const char* name, const std::vector<T>& rows, bool last) {
  file << "\"" << name << "\": [";
  for (size_t i = 0; i < rows.size(); ++i) {
    T row = rows[i];
    Json json;
    each_field(row, [&](const char* field, const auto& value) { json[field] = json_of(value); });
    file << (i ? ",\n  " : "\n  ") << json.dump();
  }
  file << (last ? "]\n" : "],\n");
}

constexpr auto read_row = [](const JsonFields& fields, auto& row) {
  each_field(row, [&](const char* name, auto& value) { fields.read(name, value); });
};

Json parse(const std::filesystem::path& file) {
  try {
    return Json::parse(read_text_file(file));
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{} is no scene: it is not JSON ({}); write it again with tessera pack", file.string(),
                              error.what()));
  }
}

}  // namespace

void write_scene(const std::filesystem::path& path, const Scene& scene) {
  Faults faults;
  add_scene_faults(scene, faults);
  faults.raise<UserError>(fmt::format("the scene cannot be written to {}", path.string()));
  AtomicFile file(path);
  file << "{\n\"format\": " << Json(format_name).dump() << ",\n\"box_A\": " << Json(scene.box_A).dump()
       << ",\n\"voxel_size_A\": " << Json(scene.voxel_size_A).dump() << ",\n\"seed\": " << Json(scene.seed).dump()
       << ",\n\"mode\": " << Json(scene.mode).dump() << ",\n";
  write_rows(file, "species", scene.species, false);
  write_rows(file, "bodies", scene.bodies, false);
  write_rows(file, "balls", scene.balls, false);
  write_rows(file, "filaments", scene.filaments, false);
  write_rows(file, "membranes", scene.membranes, true);
  file << "}\n";
  file.commit();
}

Scene read_scene(const std::filesystem::path& path) {
  const std::filesystem::path file = std::filesystem::is_directory(path) ? path / "scene.json" : path;
  const Json json = parse(file);
  Faults faults;
  const JsonFields fields(json, "", faults);
  Scene scene;
  std::string format;
  fields.read("format", format);
  if (!format.empty() && format != format_name)
    faults.add(fmt::format("format is \"{}\"; this program reads \"{}\"", format, format_name));
  fields.read("box_A", scene.box_A);
  fields.read("voxel_size_A", scene.voxel_size_A);
  fields.read("seed", scene.seed);
  fields.read("mode", scene.mode);
  fields.rows("species", scene.species, read_row);
  fields.rows("bodies", scene.bodies, read_row);
  fields.rows("balls", scene.balls, read_row);
  fields.rows("filaments", scene.filaments, read_row);
  fields.rows("membranes", scene.membranes, read_row);
  if (faults.empty()) add_scene_faults(scene, faults);
  faults.raise<IoError>(fmt::format("{} is no sound scene; write it again with tessera pack", file.string()));
  return scene;
}

}  // namespace tessera
