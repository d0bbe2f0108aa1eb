// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/pipeline/report_sources.h"
#include "tessera/pipeline/run_files.h"
#include "tessera/report/page_data.h"
#include "tessera/simulate/builtin.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr size_t most_atoms = 4000;  // shown of a model: every so manyth
constexpr size_t most_views = 20000;

// A script that hands `text` to the page under `name`.
void write_asset(const fs::path& file, const std::string& name, const std::string& text) {
  write_text_file(file, fmt::format("tesseraAsset({}, {});\n", Json(name).dump(), Json(text).dump()));
}

std::string pdb_line(size_t serial, Vec3 at) {
  return fmt::format("HETATM{:5}  C   ATM A{:4}    {:8.3f}{:8.3f}{:8.3f}  1.00  0.00           C\n", serial % 100000,
                     serial % 10000, at.x, at.y, at.z);
}

// The model of a comparison turned and shifted into the map, whose voxel n/2 is `centre_A`; compare puts its centre of
// mass at voxel n/2 of the reference.
std::string fitted_model(const AtomicModel& model, const Json& fit, Vec3 centre_A) {
  Vec3 centre{};
  double mass = 0;
  for (const Atom& atom : model.atoms) {
    centre += atom.position_A * atom.mass;
    mass += atom.mass;
  }
  centre = centre * (1 / mass);
  const auto angles = fit.at("euler_zyz_deg").get<std::array<double, 3>>();
  const auto shift = fit.at("shift_A").get<std::array<double, 3>>();
  const Rotation turn = Rotation::from_euler({angles[0] * degree, angles[1] * degree, angles[2] * degree});
  const Vec3 to = centre_A + Vec3{shift[0], shift[1], shift[2]};
  std::string text;
  const size_t step = std::max<size_t>(1, (model.atoms.size() + most_atoms - 1) / most_atoms);
  for (size_t i = 0; i < model.atoms.size(); i += step)
    text += pdb_line(i / step + 1, turn * (model.atoms[i].position_A - centre) + to);
  return text + "END\n";
}

class AveragePage {
 public:
  AveragePage(const ReportParts& parts, const ReportRun& run, size_t number)
      : parts_(parts), run_(run), number_(number) {}

  Json json() {
    const Json convergence = Json::parse(read_text_file(run_.folder / "convergence.json"));
    const ParticleSet set = read_particles(run_.folder / "particles.star");
    Json out = {{"name", run_.name}, {"result", run_.result()}};
    for (const char* key : {"resolution_A", "voxel_size_A", "box", "iterations"}) out[key] = convergence.at(key);
    auto classes = Json::array();
    for (size_t k = 1; k <= convergence.at("classes").size(); ++k)
      classes.push_back(class_json(k, convergence.at("classes").at(k - 1), set));
    out["classes"] = classes;
    auto views = Json::array();
    const size_t step = std::max<size_t>(1, (set.particles.size() + most_views - 1) / most_views);
    for (size_t i = 0; i < set.particles.size(); i += step) {
      const RelionAngles angles = set.particles[i].particle_from_ref.relion();
      views.push_back(
          {std::round(angles.rot_deg * 10) / 10, std::round(angles.tilt_deg * 10) / 10, set.particles[i].class_number});
    }
    out["views"] = views;
    return out;
  }

 private:
  Json class_json(size_t k, const Json& convergence, const ParticleSet& set) {
    const fs::path file = run_.folder / fmt::format("class_{}.mrc", k);
    const Map whole = read_mrc(file), map = shrunk(whole, parts_.map_edge);
    const std::string stem = fmt::format("a{}_class_{}", number_, k);
    fs::create_directories(parts_.pages / "maps");
    fs::create_directories(parts_.pages / "figures");
    const fs::path copy = parts_.pages / "maps" / (stem + ".mrc");
    write_mrc(copy, map, {.label = "average, for the 3-D view"});
    write_asset(parts_.pages / "maps" / (stem + ".js"), stem, base64(read_text_file(copy)));
    write_png(parts_.pages / "figures" / (stem + "_slices.png"), middle_slices(whole.voxels, 160));
    const auto [least, most] = std::minmax_element(map.voxels.begin(), map.voxels.end());
    Json out = convergence;
    out["number"] = k;
    out["particles"] = std::count_if(set.particles.begin(), set.particles.end(),
                                     [&](const Particle& p) { return p.class_number == static_cast<int>(k); });
    out["map"] = stem;
    out["slices"] = "figures/" + stem + "_slices.png";
    out["least"] = *least;
    out["most"] = *most;
    out["level"] = surface_level(map.voxels);
    out["fit"] = fit_of(file, stem, whole);
    return out;
  }

  // The last comparison of this map with something.
  Json fit_of(const fs::path& file, const std::string& stem, const Map& map) {
    Json out = nullptr;
    std::error_code error;
    for (const ReportRun& run : parts_.runs) {
      if (run.verb != "compare") continue;
      const Json result = run.result();
      const fs::path judged = locate(run, result.value("map", ""));
      if (judged.empty() || !fs::equivalent(judged, file, error)) continue;
      out = {{"run", run.name}, {"result", result}, {"model", nullptr}};
      const std::string reference = result.value("reference", "");
      const bool builtin = reference.starts_with("builtin:");
      const fs::path model_file = builtin ? fs::path() : locate(run, reference);
      if (named_as_map(reference) || (!builtin && model_file.empty())) continue;
      const int64_t half = map.voxels.shape().x / 2;
      const double middle = static_cast<double>(half) * map.voxel_size_A;
      const AtomicModel model = load_structure(builtin ? reference : model_file.string());
      const std::string text = fitted_model(model, result, map.origin_A + Vec3{middle, middle, middle});
      fs::create_directories(parts_.pages / "models");
      write_text_file(parts_.pages / "models" / (stem + ".pdb"), text);
      write_asset(parts_.pages / "models" / (stem + ".js"), stem + "_model", text);
      out["model"] = stem;
    }
    return out;
  }

  const ReportParts& parts_;
  const ReportRun& run_;
  size_t number_;
};

}  // namespace

Json average_pages(const ReportParts& parts) {
  auto out = Json::array();
  for (const ReportRun& run : parts.runs) {
    if (run.verb != "average" || !fs::exists(run.folder / "convergence.json")) continue;
    throw_if_stopped(parts.context, "the report is incomplete");
    try {
      out.push_back(AveragePage(parts, run, out.size() + 1).json());
    } catch (const IoError& error) {
      parts.notes.push_back(run.name + ": " + error.what());
    }
  }
  return out;
}

}  // namespace tessera
