// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/scene_file.h"

#include <nlohmann/json.hpp>

#include "tessera/io/toml_file.h"
#include "tessera/simulate/json_fields.h"

namespace tessera {
namespace {

using Json = nlohmann::ordered_json;

// "dir/groel_1oel.pdb.gz" → "groel_1oel"
std::string name_of(const std::string& structure) {
  if (structure.starts_with("builtin:")) return structure.substr(8);
  const std::string file = std::filesystem::path(structure).filename().string();
  return file.substr(0, file.find('.', 1));
}

// Paths are relative to the scene file.
std::string resolved(const std::string& structure, const std::filesystem::path& scene_file) {
  if (structure.empty() || structure.starts_with("builtin:")) return structure;
  return std::filesystem::absolute(scene_file.parent_path() / structure).lexically_normal().string();
}

void read_species(const JsonFields& fields, SpeciesRequest& species) {
  fields.read("structure", species.structure);
  fields.read_if_given("name", species.name);
  fields.read_if_given("assembly", species.assembly);
  fields.read_if_given("copies", species.copies);
  fields.read_if_given("concentration_mM", species.concentration_mM);
  fields.read_if_given("volume_percent", species.volume_percent);
  fields.read_if_given("membrane", species.membrane);
  fields.read_if_given("membrane_offset_A", species.membrane_offset_A);
  fields.refuse_others();
}

void read_filament(const JsonFields& fields, FilamentRequest& filament) {
  fields.read_if_given("name", filament.name);
  fields.read_if_given("copies", filament.copies);
  fields.read_if_given("balls", filament.balls);
  fields.read_if_given("diameter_A", filament.diameter_A);
  fields.read_if_given("spacing_A", filament.spacing_A);
  fields.read_if_given("structure", filament.structure);
  fields.read_if_given("assembly", filament.assembly);
  fields.read_if_given("axis_A", filament.axis_A);
  fields.read_if_given("rise_A", filament.rise_A);
  fields.read_if_given("twist_deg", filament.twist_deg);
  fields.read_if_given("strands", filament.strands);
  fields.read_if_given("strand_rise_A", filament.strand_rise_A);
  fields.read_if_given("strand_twist_deg", filament.strand_twist_deg);
  fields.read_if_given("persistence_length_A", filament.persistence_length_A);
  fields.refuse_others();
}

void read_membrane(const JsonFields& fields, MembraneRequest& membrane) {
  fields.read_if_given("name", membrane.name);
  fields.read_if_given("copies", membrane.copies);
  fields.read_if_given("shape", membrane.shape);
  fields.read_if_given("balls", membrane.balls);
  fields.read_if_given("radius_A", membrane.radius_A);
  fields.read_if_given("diameter_A", membrane.diameter_A);
  fields.read_if_given("spacing_A", membrane.spacing_A);
  fields.read_if_given("thickness_A", membrane.thickness_A);
  fields.read_if_given("bending_modulus_kT", membrane.bending_modulus_kT);
  fields.refuse_others();
}

void complete(SceneRequest& request) {
  for (SpeciesRequest& species : request.species) {
    species.structure = resolved(species.structure, request.file);
    if (species.name.empty()) species.name = name_of(species.structure);
  }
  for (size_t i = 0; i < request.filaments.size(); ++i) {
    FilamentRequest& filament = request.filaments[i];
    filament.structure = resolved(filament.structure, request.file);
    if (filament.name.empty()) filament.name = fmt::format("filament{}", i + 1);
  }
  for (size_t i = 0; i < request.membranes.size(); ++i)
    if (request.membranes[i].name.empty()) request.membranes[i].name = fmt::format("membrane{}", i + 1);
}

}  // namespace

SceneRequest read_scene_file(const std::filesystem::path& path) {
  const Json json = read_toml(path);
  SceneRequest request;
  request.file = std::filesystem::absolute(path);
  Faults faults;
  const JsonFields fields(json, "", faults);
  fields.read("box_A", request.box_A);
  fields.read("voxel_size_A", request.voxel_size_A);
  fields.read_if_given("seed", request.seed);
  fields.read_if_given("mode", request.mode);
  fields.read_if_given("packing", request.packing);
  fields.rows("species", request.species, read_species, false);
  fields.rows("filament", request.filaments, read_filament, false);
  fields.rows("membrane", request.membranes, read_membrane, false);
  fields.refuse_others();
  if (!request.packing.is_object()) faults.add("packing must be a table");
  complete(request);
  if (faults.empty()) add_request_faults(request, faults);
  faults.raise<UserError>(fmt::format("the scene {} cannot be packed", path.string()));
  return request;
}

}  // namespace tessera
