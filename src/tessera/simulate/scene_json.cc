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

Json json_of(const SceneSpecies& s) {
  return {{"name", s.name},         {"structure", s.structure}, {"assembly", s.assembly}, {"mass_kDa", s.mass_kDa},
          {"radius_A", s.radius_A}, {"requested", s.requested}, {"placed", s.placed}};
}

Json json_of(const SceneBody& b) {
  const Rotation& r = b.scene_from_ref;
  return {{"species", b.species},
          {"position_A", json_of(b.position_A)},
          {"quaternion_wxyz", {r.w(), r.x(), r.y(), r.z()}},
          {"filament", b.filament},
          {"membrane", b.membrane}};
}

Json json_of(const SceneBall& b) {
  return {{"position_A", json_of(b.position_A)},
          {"radius_A", b.radius_A},
          {"body", b.body},
          {"filament", b.filament},
          {"membrane", b.membrane}};
}

Json json_of(const SceneFilament& f) {
  return {{"name", f.name}, {"radius_A", f.radius_A}, {"species", f.species}, {"nodes_A", json_of(f.nodes_A)}};
}

Json json_of(const SceneMembrane& m) {
  return {
      {"shape", m.shape}, {"thickness_A", m.thickness_A}, {"nodes_A", json_of(m.nodes_A)}, {"triangles", m.triangles}};
}

template <typename T>
void write_rows(AtomicFile& file, const char* name, const std::vector<T>& rows, bool last) {
  file << "\"" << name << "\": [";
  for (size_t i = 0; i < rows.size(); ++i) file << (i ? ",\n  " : "\n  ") << json_of(rows[i]).dump();
  file << (last ? "]\n" : "],\n");
}

void read_species(const JsonFields& fields, SceneSpecies& s) {
  fields.read("name", s.name);
  fields.read("structure", s.structure);
  fields.read("assembly", s.assembly);
  fields.read("mass_kDa", s.mass_kDa);
  fields.read("radius_A", s.radius_A);
  fields.read("requested", s.requested);
  fields.read("placed", s.placed);
}

void read_body(const JsonFields& fields, SceneBody& b) {
  fields.read("species", b.species);
  fields.read("position_A", b.position_A);
  fields.read("quaternion_wxyz", b.scene_from_ref);
  fields.read("filament", b.filament);
  fields.read("membrane", b.membrane);
}

void read_ball(const JsonFields& fields, SceneBall& b) {
  fields.read("position_A", b.position_A);
  fields.read("radius_A", b.radius_A);
  fields.read("body", b.body);
  fields.read("filament", b.filament);
  fields.read("membrane", b.membrane);
}

void read_filament(const JsonFields& fields, SceneFilament& f) {
  fields.read("name", f.name);
  fields.read("radius_A", f.radius_A);
  fields.read("species", f.species);
  fields.read("nodes_A", f.nodes_A);
}

void read_membrane(const JsonFields& fields, SceneMembrane& m) {
  fields.read("shape", m.shape);
  fields.read("thickness_A", m.thickness_A);
  fields.read("nodes_A", m.nodes_A);
  fields.read("triangles", m.triangles);
}

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
  fields.rows("species", scene.species, read_species);
  fields.rows("bodies", scene.bodies, read_body);
  fields.rows("balls", scene.balls, read_ball);
  fields.rows("filaments", scene.filaments, read_filament);
  fields.rows("membranes", scene.membranes, read_membrane);
  if (faults.empty()) add_scene_faults(scene, faults);
  faults.raise<IoError>(fmt::format("{} is no sound scene; write it again with tessera pack", file.string()));
  return scene;
}

}  // namespace tessera
