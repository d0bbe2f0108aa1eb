// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include "tessera/pipeline/report_scenes.h"

namespace tessera {
namespace {

using Json = nlohmann::ordered_json;

// As ChimeraX's `view matrix` takes it: three rows of the turn and the shift.
std::string matrix_text(const PlacedAverage& placed) {
  const Mat3 turned = placed.turn.matrix();
  const double shifts[3] = {placed.shift_A.x, placed.shift_A.y, placed.shift_A.z};
  std::string out;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) out += fmt::format(",{:.7f}", turned.m[row][column]);
    out += fmt::format(",{:.4f}", shifts[row]);
  }
  return out;
}

std::string opened_map(const Json& one, size_t model) {
  return fmt::format("open maps/{}.mrc id {}\nvolume #{} level {:.6g} step 1\n", one.at("map").get<std::string>(),
                     model, model, one.at("level").get<double>());
}

}  // namespace

std::string chimerax_placed(const AverageScene& scene) {
  std::string out;
  size_t model = 0;
  for (const PlacedAverage& placed : scene.placed) {
    ++model;
    out += opened_map(scene.average.at("classes").at(placed.number - 1), model);
    out += fmt::format("view matrix models #{}{}\n", model, matrix_text(placed));
  }
  return out + "view\n";
}

std::string chimerax_classes(const Json& average) {
  std::string out;
  size_t model = 0;
  for (const Json& one : average.at("classes")) {
    ++model;
    out += opened_map(one, model);
    if (const Json& fit = one.at("fit"); fit.is_object() && fit.at("model").is_string())
      out += fmt::format("open models/{}.pdb id {}\ntransparency #{} 50\n", fit.at("model").get<std::string>(),
                         100 + model, model);
  }
  return out + (model > 1 ? "tile\n" : "") + "view\n";
}

}  // namespace tessera
