// SPDX-License-Identifier: GPL-3.0-or-later
// What the scenes that a report leaves for other viewers have in common.
#pragma once

#include "tessera/io/particles.h"
#include "tessera/pipeline/report_sources.h"

namespace tessera {

// A copy of a class's average in the tomogram: a point p of the map (Å, in its own frame) lies at turn p + shift.
struct PlacedAverage {
  size_t number = 1;  // of the class, from 1
  Rotation turn;
  Vec3 shift_A;
};

// One average of the report and where its particles lie.
struct AverageScene {
  const nlohmann::ordered_json& average;  // one of average_pages
  std::vector<PlacedAverage> placed;      // of the tomogram of the first particle alone, the first 300
  std::filesystem::path tomogram;         // that one; empty where the file is gone or there is none
};

// ChimeraX commands, to be run from within the report's folder: the classes side by side with the fitted models; every
// placed average.
std::string chimerax_classes(const nlohmann::ordered_json& average);
std::string chimerax_placed(const AverageScene& scene);

// Snapshots of Mol* (.molj) that hold all they show: each class as an isosurface, in a row along x, with the fitted
// models; every placed average, and the middle slice of the tomogram. `pages` is the report's folder, with maps/ and
// models/. IoError: a file cannot be read.
nlohmann::ordered_json molstar_classes(const nlohmann::ordered_json& average, const std::filesystem::path& pages);
nlohmann::ordered_json molstar_placed(const AverageScene& scene, const std::filesystem::path& pages);

}  // namespace tessera
