// SPDX-License-Identifier: GPL-3.0-or-later
// One description of an options struct yields its flags, its help, its TOML keys and its part of run.json.
//
//   struct DensityOptions {
//     int box = 64;
//     template <typename Visitor> void describe(Visitor& visit) {
//       visit(Option{"box", "voxels", "Edge of the cubic map", "Geometry"}, box);
//     }
//   };
// A visitor is called as visit(Option, field) with field one of bool, int, double, std::string, std::optional<double>,
// std::vector<double>, std::vector<int>, std::vector<std::string>, std::array<double,2>, uint64_t.
#pragma once

namespace tessera {

struct Option {
  const char* name;         // flag without dashes, e.g. "voxel-size"
  const char* unit;         // "Å", "degrees", "" for none
  const char* description;  // one sentence without a full stop
  const char* group;        // heading in --help
};

}  // namespace tessera
