// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/report_scenes.h"

#include <algorithm>

#include "tessera/base/errors.h"
#include "tessera/base/json_value.h"
#include "tessera/io/any_list.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t most_placed = 300;  // copies of maps in one scene

// The file of a tomogram that particles name: where they say, or what a run of that name read. Empty where it is gone.
fs::path tomogram_file(const std::string& name, const ReportRun& average, const ReportParts& parts) {
  if (name.empty()) return {};
  fs::path file = locate(average, name);
  for (const ReportRun& run : parts.runs)
    if (file.empty() && (run.verb == "extract" || run.verb == "pick")) {
      const std::string read = run.record.at("options").value("tomogram", "");
      if (fs::path(read).filename() == fs::path(name).filename()) file = locate(run, read);
    }
  return named_as_map(file) && fs::is_regular_file(file) ? file : fs::path();
}

// Reference to particle is active, about voxel n/2; the particle's centre lies at its coordinate.
AverageScene scene_of(const Json& average, const ReportRun& run, const ReportParts& parts) {
  AverageScene scene{average, {}, {}};
  const ParticleSet set = read_particles(run.folder / "particles.star");
  const double middle =
      static_cast<double>(json_value<int64_t>(average.at("box")) / 2) * average.at("voxel_size_A").get<double>();
  const auto classes = static_cast<int>(average.at("classes").size());
  const std::string tomogram = set.particles.empty() ? "" : set.particles.front().micrograph;
  for (const Particle& particle : set.particles) {
    const bool classified = particle.class_number >= 1 && particle.class_number <= classes;
    if (!particle.coordinate || !classified || particle.micrograph != tomogram) continue;
    const Vec3 place = *particle.coordinate * coordinate_voxel_size_A(set, static_cast<size_t>(particle.optics_group)) +
                       particle.shift_A;
    const Rotation& turn = particle.particle_from_ref;
    scene.placed.push_back(
        {static_cast<size_t>(particle.class_number), turn, place - turn * Vec3{middle, middle, middle}});
    if (scene.placed.size() == most_placed) break;
  }
  scene.tomogram = tomogram_file(tomogram, run, parts);
  return scene;
}

// The names of what was written.
Json write_scene(const AverageScene& scene, const fs::path& pages, const std::string& stem) {
  Json files = {stem + ".cxc", stem + ".molj"};
  write_text_file(pages / (stem + ".cxc"),
                  "# ChimeraX: the averages and the models fitted into them\n" + chimerax_classes(scene.average));
  write_text_file(pages / (stem + ".molj"), molstar_classes(scene.average, pages).dump() + "\n");
  if (scene.placed.empty()) return files;
  write_text_file(
      pages / (stem + "_placed.cxc"),
      "# ChimeraX: each particle's average where and how it lies in the tomogram\n" + chimerax_placed(scene));
  write_text_file(pages / (stem + "_placed.molj"), molstar_placed(scene, pages).dump() + "\n");
  files.insert(files.end(), {stem + "_placed.cxc", stem + "_placed.molj"});
  return files;
}

}  // namespace

void write_scenes(const ReportParts& parts, Json& averages) {
  for (Json& average : averages) {
    const std::string name = average.at("name").get<std::string>();
    average["scenes"] = Json::array();
    for (const ReportRun& run : parts.runs) {
      if (run.name != name || run.verb != "average") continue;
      std::string stem = name == "." ? "average" : name;
      std::replace(stem.begin(), stem.end(), '/', '_');
      try {
        average["scenes"] = write_scene(scene_of(average, run, parts), parts.pages, stem);
      } catch (const IoError& error) {
        parts.notes.push_back(run.name + ": " + error.what());
      }
    }
  }
}

}  // namespace tessera
