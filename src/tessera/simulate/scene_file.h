// SPDX-License-Identifier: GPL-3.0-or-later
// What a user asks to be packed: the scene file (TOML) as data.
//
//   box_A = [1200, 1200, 1200]      # x, y, z
//   voxel_size_A = 10
//   seed = 1                        # optional; --seed wins
//   mode = "product"                # or "paper"; --mode wins
//   [packing]                       # optional; keys are flag names of tessera pack, flags win
//   steps = 5000
//   [[species]]
//   structure = "groel.pdb.gz"      # relative to the scene file, or builtin:NAME
//   copies = 20                     # or concentration_mM, or volume_percent
//   [[filament]]
//   balls = 9
//   [[membrane]]
//   shape = "sheet"                 # or "vesicle" with radius_A
//   balls = [8, 8]
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tessera/base/errors.h"

namespace tessera {

// One kind of macromolecule. Exactly one of copies, concentration_mM and volume_percent is set.
struct SpeciesRequest {
  std::string name;       // default: the structure's name without folder and extensions
  std::string structure;  // absolute path or builtin:NAME
  bool assembly = true;   // the biological assembly; else the asymmetric unit
  std::optional<int64_t> copies;
  std::optional<double> concentration_mM;  // millimole per litre of the box
  std::optional<double> volume_percent;    // of the box, by the volume inside the molecule's isosurface
  std::string membrane;                    // name of the membrane it sits on, its z axis along the normal; empty: free
  double membrane_offset_A = 0;            // of its centre of mass from the mid-surface, outwards
};

// A chain of touching balls along a line, that bends and does not stretch ([P] 2.1.2). With a structure it is built of
// repeats of that structure along a helix; without one it is a tube of density.
struct FilamentRequest {
  std::string name;  // default: filament1, filament2, …
  int64_t copies = 1;
  int64_t balls = 9;
  double diameter_A = 40;
  std::optional<double> spacing_A;  // between ball centres; default: the diameter
  std::string structure;            // of one repeat, its helix axis parallel to z; empty: a plain tube
  bool assembly = false;
  std::array<double, 2> axis_A{};  // where the helix axis crosses the structure's x, y plane
  double rise_A = 0;               // from one repeat to the next along the axis
  double twist_deg = 0;            // and about it, right-handed
  int64_t strands = 1;       // product mode: so many such helices, each this far along and about the axis from …
  double strand_rise_A = 0;  // … the one before (a microtubule: its protofilaments)
  double strand_twist_deg = 0;
  double persistence_length_A = 1e5;  // product mode: of the worm-like chain; actin 1e5, microtubules 1e7

  double length_A() const { return static_cast<double>(balls - 1) * spacing_A.value_or(diameter_A); }
};

// A sheet of m × n balls, each bonded to its 8 neighbours ([P] 2.1.2), or a closed vesicle of balls on a geodesic
// sphere, each bonded to its 5 or 6 neighbours.
struct MembraneRequest {
  std::string name;  // default: membrane1, membrane2, …
  int64_t copies = 1;
  std::string shape = "sheet";         // or "vesicle"
  std::array<int64_t, 2> balls{8, 8};  // of a sheet, along its two edges
  double radius_A = 0;                 // of a vesicle's mid-surface
  double diameter_A = 80;              // of a ball
  std::optional<double> spacing_A;     // between ball centres; default: the diameter (vesicle: at most the diameter)
  double thickness_A = 40;             // of the bilayer that carries density
  double bending_modulus_kT = 20;      // product mode: of its thermal undulations
};

struct SceneRequest {
  std::filesystem::path file;  // where it was read from; for messages
  std::array<double, 3> box_A{};
  double voxel_size_A = 10;
  std::optional<uint64_t> seed;
  std::optional<std::string> mode;  // paper or product, where the file says
  std::vector<SpeciesRequest> species;
  std::vector<FilamentRequest> filaments;
  std::vector<MembraneRequest> membranes;
  nlohmann::ordered_json packing = nlohmann::ordered_json::object();  // the table [packing]: flag name → value

  double box_volume_A3() const { return box_A[0] * box_A[1] * box_A[2]; }
};

// IoError when the file cannot be read or is not TOML (line and column). UserError naming every other fault at once:
// unknown keys (with the nearest offered), missing and malformed values, structures that do not exist, zero copies, a
// share of the volume that is not between 0 and 100 (each, and their sum), a membrane or filament larger than the box.
SceneRequest read_scene_file(const std::filesystem::path& path);

// The checks of read_scene_file, for a request made in code.
void add_request_faults(const SceneRequest& request, Faults& faults);

// How many bodies a species asks for, at least 1: copies, c·N_A·V, or the share of the box divided by `volume_A3`, the
// volume inside the isosurface of one (molecular_surface.h).
int64_t requested_copies(const SpeciesRequest& species, double box_volume_A3, double volume_A3);

}  // namespace tessera
