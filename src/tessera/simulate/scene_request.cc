// SPDX-License-Identifier: GPL-3.0-or-later
// What makes a request impossible before any structure is read.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "tessera/base/nearest.h"
#include "tessera/simulate/builtin.h"
#include "tessera/simulate/scene_file.h"

namespace tessera {
namespace {

bool positive(double value) {
  return value > 0 && std::isfinite(value);
}

void check_structure(const std::string& place, const std::string& structure, Faults& faults) {
  if (structure.starts_with("builtin:")) {
    std::vector<std::string> names;
    for (const BuiltinInfo& info : builtin_structures()) names.push_back(info.name);
    const std::string name = structure.substr(8);
    if (std::find(names.begin(), names.end(), name) == names.end())
      faults.add(fmt::format("{}.structure: there is no {}{} (tessera density --list-builtins lists them)", place,
                             structure, did_you_mean(name, names)));
    return;
  }
  std::error_code error;
  if (structure.empty())
    faults.add(place + ".structure is empty; name a PDB or mmCIF file, or builtin:NAME");
  else if (const std::string file = structure_file(structure);
           std::filesystem::is_directory(file, error) || !std::ifstream(file))
    faults.add(
        fmt::format("{}.structure: there is no readable file {}; paths are relative to the scene file, or use "
                    "builtin:NAME",
                    place, structure));
}

// Returns the volume percent that the species asks for outright, else 0.
double check_species(const SceneRequest& request, size_t index, Faults& faults) {
  const SpeciesRequest& species = request.species[index];
  const std::string place = fmt::format("species[{}] ({})", index, species.name);
  check_structure(place, species.structure, faults);
  const int given =
      species.copies.has_value() + species.concentration_mM.has_value() + species.volume_percent.has_value();
  if (given != 1)
    faults.add(fmt::format("{} has {} of copies, concentration_mM and volume_percent; give exactly one", place, given));
  if (species.copies && *species.copies < 1)
    faults.add(fmt::format("{}.copies is {}; at least 1 (leave the species out for none)", place, *species.copies));
  if (species.concentration_mM && !positive(*species.concentration_mM))
    faults.add(fmt::format("{}.concentration_mM is {}; it must be positive", place, *species.concentration_mM));
  if (!species.membrane.empty()) {
    std::vector<std::string> names;
    for (const MembraneRequest& membrane : request.membranes) names.push_back(membrane.name);
    if (std::find(names.begin(), names.end(), species.membrane) == names.end())
      faults.add(fmt::format("{}.membrane: there is no membrane named \"{}\"{}", place, species.membrane,
                             did_you_mean(species.membrane, names)));
  }
  if (!std::isfinite(species.membrane_offset_A)) faults.add(place + ".membrane_offset_A must be finite");
  if (!species.volume_percent) return 0;
  if (positive(*species.volume_percent) && *species.volume_percent <= 100) return *species.volume_percent;
  faults.add(fmt::format("{}.volume_percent is {}; above 0 and at most 100", place, *species.volume_percent));
  return 0;
}

void check_filament(const SceneRequest& request, size_t index, Faults& faults) {
  const FilamentRequest& filament = request.filaments[index];
  const std::string place = fmt::format("filament[{}] ({})", index, filament.name);
  if (filament.copies < 1) faults.add(fmt::format("{}.copies is {}; at least 1", place, filament.copies));
  if (filament.balls < 2 || filament.balls > 1000000)
    faults.add(fmt::format("{}.balls is {}; from 2 to a million", place, filament.balls));
  if (!positive(filament.diameter_A)) faults.add(place + ".diameter_A must be positive");
  if (filament.spacing_A && !positive(*filament.spacing_A)) faults.add(place + ".spacing_A must be positive");
  if (!positive(filament.persistence_length_A)) faults.add(place + ".persistence_length_A must be positive");
  if (!filament.structure.empty()) {
    check_structure(place, filament.structure, faults);
    if (!positive(filament.rise_A))
      faults.add(place + ".rise_A must be positive: the distance from one repeat of the structure to the next");
    for (const double value : {filament.twist_deg, filament.strand_rise_A, filament.strand_twist_deg})
      if (!std::isfinite(value)) faults.add(place + ": twist_deg, strand_rise_A and strand_twist_deg must be finite");
    if (filament.strands < 1 || filament.strands > 1000)
      faults.add(fmt::format("{}.strands is {}; from 1 to 1000", place, filament.strands));
  }
  const auto& box = request.box_A;
  const double diagonal = std::sqrt(box[0] * box[0] + box[1] * box[1] + box[2] * box[2]);
  if (filament.length_A() + filament.diameter_A > diagonal)
    faults.add(
        fmt::format("{} is {:.0f} Å long, the diagonal of the box only {:.0f} Å; take fewer balls or a larger box",
                    place, filament.length_A() + filament.diameter_A, diagonal));
}

void check_membrane(const SceneRequest& request, size_t index, Faults& faults) {
  const MembraneRequest& membrane = request.membranes[index];
  const std::string place = fmt::format("membrane[{}] ({})", index, membrane.name);
  if (membrane.copies < 1) faults.add(fmt::format("{}.copies is {}; at least 1", place, membrane.copies));
  if (!positive(membrane.diameter_A)) faults.add(place + ".diameter_A must be positive");
  if (!positive(membrane.bending_modulus_kT)) faults.add(place + ".bending_modulus_kT must be positive");
  if (!positive(membrane.thickness_A)) faults.add(place + ".thickness_A must be positive");
  if (membrane.spacing_A && !positive(*membrane.spacing_A)) faults.add(place + ".spacing_A must be positive");
  auto box = request.box_A;
  std::sort(box.begin(), box.end());
  if (membrane.shape == "vesicle") {
    if (!positive(membrane.radius_A)) return faults.add(place + ".radius_A must be positive for a vesicle");
    const double outer = 2 * membrane.radius_A + membrane.diameter_A;
    if (outer > box[0])
      faults.add(fmt::format("{}: a vesicle {:.0f} Å wide does not fit a box {:.0f} Å wide", place, outer, box[0]));
  } else if (membrane.shape == "sheet") {
    if (membrane.balls[0] < 2 || membrane.balls[1] < 2 || membrane.balls[0] * membrane.balls[1] > 1000000)
      return faults.add(place + ".balls must be two numbers of at least 2, at most a million balls");
    const double spacing = membrane.spacing_A.value_or(membrane.diameter_A);
    const auto edge = [&](int64_t balls) { return static_cast<double>(balls - 1) * spacing + membrane.diameter_A; };
    const double longer = edge(std::max(membrane.balls[0], membrane.balls[1]));
    const double shorter = edge(std::min(membrane.balls[0], membrane.balls[1]));
    if (longer > box[2] || shorter > box[1] || membrane.diameter_A > box[0])
      faults.add(
          fmt::format("{}: a sheet of {:.0f} × {:.0f} × {:.0f} Å is larger than the box of {:.0f} × {:.0f} × "
                      "{:.0f} Å; take fewer balls or a larger box",
                      place, longer, shorter, membrane.diameter_A, box[2], box[1], box[0]));
  } else {
    faults.add(fmt::format("{}.shape is \"{}\"; sheet or vesicle", place, membrane.shape));
  }
}

}  // namespace

void add_request_faults(const SceneRequest& request, Faults& faults) {
  bool sound_box = positive(request.voxel_size_A);
  if (!sound_box) faults.add(fmt::format("voxel_size_A is {}; it must be positive", request.voxel_size_A));
  for (const double edge : request.box_A)
    if (!positive(edge) || (sound_box && (edge < request.voxel_size_A || edge > 65535 * request.voxel_size_A))) {
      faults.add(fmt::format("box_A holds {}; each edge is 1 to 65535 voxels of {} Å", edge, request.voxel_size_A));
      sound_box = false;
    }
  if (request.mode && *request.mode != "paper" && *request.mode != "product")
    faults.add(fmt::format("mode is \"{}\"; paper or product", *request.mode));
  if (request.species.empty() && request.filaments.empty() && request.membranes.empty())
    faults.add("nothing to pack: add [[species]], [[filament]] or [[membrane]]");
  double percent = 0;
  for (size_t i = 0; i < request.species.size(); ++i) percent += check_species(request, i, faults);
  if (percent > 100) faults.add(fmt::format("the species ask for {:g} % of the volume together; at most 100", percent));
  if (!sound_box) return;
  for (size_t i = 0; i < request.filaments.size(); ++i) check_filament(request, i, faults);
  for (size_t i = 0; i < request.membranes.size(); ++i) check_membrane(request, i, faults);
  std::set<std::string> names;
  for (const MembraneRequest& membrane : request.membranes)
    if (!names.insert(membrane.name).second) faults.add(fmt::format("two membranes are named \"{}\"", membrane.name));
}

int64_t requested_copies(const SpeciesRequest& species, double box_volume_A3, double volume_A3) {
  if (species.copies) return *species.copies;
  constexpr double per_A3_and_mM = 6.02214076e23 * 1e-3 / 1e27;  // molecules in 1 Å³ at 1 mmol/L
  const double count = species.concentration_mM ? *species.concentration_mM * per_A3_and_mM * box_volume_A3
                                                : *species.volume_percent / 100 * box_volume_A3 / volume_A3;
  return std::max<int64_t>(1, std::llround(count));
}

}  // namespace tessera
