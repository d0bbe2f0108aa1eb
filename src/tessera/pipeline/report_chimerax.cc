// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/pipeline/report_sources.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t most_placed = 300;  // copies of maps in one scene

// As ChimeraX's `view matrix` takes it: three rows of the turn and the shift.
std::string matrix_text(const Rotation& turn, Vec3 shift) {
  const Mat3 turned = turn.matrix();
  const double shifts[3] = {shift.x, shift.y, shift.z};
  std::string out;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) out += fmt::format(",{:.7f}", turned.m[row][column]);
    out += fmt::format(",{:.4f}", shifts[row]);
  }
  return out;
}

// Of coordinates: rlnMicrographPixelSize where the list tells it (binned subtomograms), else that of the subtomograms.
double coordinate_voxel_A(const ParticleSet& set, const Particle& particle) {
  const OpticsGroup& group = set.optics.at(static_cast<size_t>(particle.optics_group));
  for (size_t i = 0; i < set.extra_optics_columns.size() && i < group.extra.size(); ++i)
    if (set.extra_optics_columns[i] == "rlnMicrographPixelSize") return std::stod(group.extra[i]);
  return group.voxel_size_A;
}

// A point p of a class's map (Å, from its origin) lies at turn (p − centre) + shift + place in the tomogram, with place
// the particle's coordinate: reference→particle is active, about voxel n/2.
std::string placed_maps(const Json& average, const ParticleSet& set) {
  std::string out;
  const double middle =
      static_cast<double>(average.at("box").get<int64_t>() / 2) * average.at("voxel_size_A").get<double>();
  size_t model = 0;
  for (const Particle& particle : set.particles) {
    if (!particle.coordinate || particle.class_number < 1 || model >= most_placed) continue;
    const Json& one = average.at("classes").at(static_cast<size_t>(particle.class_number) - 1);
    const Vec3 place = *particle.coordinate * coordinate_voxel_A(set, particle) + particle.shift_A;
    const Rotation& turn = particle.particle_from_ref;
    ++model;
    out += fmt::format("open maps/{}.mrc id {}\nvolume #{} level {:.6g} step 1\n", one.at("map").get<std::string>(),
                       model, model, one.at("level").get<double>());
    out += fmt::format("view matrix models #{}{}\n", model,
                       matrix_text(turn, place - turn * Vec3{middle, middle, middle}));
  }
  return out;
}

std::string beside_models(const Json& average) {
  std::string out;
  int model = 0;
  for (const Json& one : average.at("classes")) {
    const std::string name = one.at("map").get<std::string>();
    ++model;
    out += fmt::format("open maps/{}.mrc id {}\nvolume #{} level {:.6g} step 1\n", name, model, model,
                       one.at("level").get<double>());
    if (one.at("fit").is_object() && one.at("fit").at("model").is_string())
      out += fmt::format("open models/{}.pdb id {}\ntransparency #{} 50\n", name, 100 + model, model);
  }
  return out + (model > 1 ? "tile\n" : "") + "view\n";
}

}  // namespace

int write_chimerax_scripts(const ReportParts& parts, const Json& averages) {
  int written = 0;
  for (const Json& average : averages) {
    const std::string name = average.at("name").get<std::string>();
    for (const ReportRun& run : parts.runs) {
      if (run.name != name || run.verb != "average") continue;
      std::string stem = name == "." ? "average" : name;
      for (char& letter : stem)
        if (letter == '/') letter = '_';
      write_text_file(parts.pages / (stem + ".cxc"),
                      "# ChimeraX: the averages and the models fitted into them\n" + beside_models(average));
      const std::string placed = placed_maps(average, read_particles(run.folder / "particles.star"));
      if (!placed.empty())
        write_text_file(
            parts.pages / (stem + "_placed.cxc"),
            "# ChimeraX: each particle's average where and how it lies in the tomogram\n" + placed + "view\n");
      ++written;
    }
  }
  return written;
}

}  // namespace tessera
