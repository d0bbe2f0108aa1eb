// SPDX-License-Identifier: GPL-3.0-or-later
// A snapshot of Mol* is the tree of its state: transforms, each named with its parameters and its parent. What they
// read is here given with them: maps as data: addresses of MRC files, models as text.
#include <fmt/format.h>
#include <algorithm>
#include <map>

#include "tessera/io/atomic_file.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/report_scenes.h"
#include "tessera/report/ball_view.h"
#include "tessera/report/page_data.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int64_t class_edge = 64, placed_edge = 32, tomogram_edge = 128;  // voxels; larger maps are binned
constexpr int64_t model_colour = 0xd98a4b;
const std::string root = "-=root=-";

// Column by column.
Json matrix_json(const Rotation& turn, Vec3 shift) {
  const Mat3 m = turn.matrix();
  auto out = Json::array();
  for (int column = 0; column < 3; ++column) {
    for (const auto& row : m.m) out.push_back(row[column]);
    out.push_back(0);
  }
  for (const double value : {shift.x, shift.y, shift.z, 1.0}) out.push_back(value);
  return {{"transform", {{"name", "matrix"}, {"params", {{"data", out}, {"transpose", false}}}}}};
}

Json uniform_colour(int64_t colour) {
  return {{"name", "uniform"}, {"params", {{"value", colour}, {"saturation", 0}, {"lightness", 0}}}};
}

int64_t colour_of(size_t number) {
  const Colour colour = palette_colour(static_cast<int64_t>(number) - 1);
  return int64_t{colour[0]} << 16 | int64_t{colour[1]} << 8 | int64_t{colour[2]};
}

class MolstarScene {
 public:
  MolstarScene() { transforms_.push_back({{"parent", root}, {"transformer", "build-in.root"}, {"ref", root}}); }

  std::string add(const std::string& parent, const std::string& transformer, const Json& params) {
    std::string ref = fmt::format("tessera-{}", transforms_.size());
    transforms_.push_back({{"parent", parent},
                           {"transformer", "ms-plugin." + transformer},
                           {"params", params},
                           {"ref", ref},
                           {"version", ref}});
    return ref;
  }

  // Adds the map as a file within; returns the volume that Mol* reads from it.
  std::string add_map(const Map& map, const fs::path& scratch, const std::string& label) {
    write_mrc(scratch, map, {.label = "for Mol*"});
    const std::string bytes = base64(read_text_file(scratch));
    fs::remove(scratch);
    const std::string data =
        add(root, "download",
            {{"url", "data:application/octet-stream;base64," + bytes}, {"label", label}, {"isBinary", true}});
    const std::string parsed = add(data, "parse-ccp4", Json::object());
    return add(parsed, "volume-from-ccp4", {{"voxelSize", {1, 1, 1}}, {"offset", {0, 0, 0}}, {"entryId", ""}});
  }

  std::string add_moved(const std::string& volume, const Rotation& turn, Vec3 shift) {
    return add(volume, "volume-transform", matrix_json(turn, shift));
  }

  void add_surface(const std::string& volume, double level, size_t number, double alpha) {
    const Json type = {{"isoValue", {{"kind", "absolute"}, {"absoluteValue", level}}},
                       {"alpha", alpha},
                       {"tryUseGpu", false}};  // which shades turned maps inside out (4.18)
    add_volume(volume, "isosurface", type, uniform_colour(colour_of(number)));
  }

  void add_slice(const std::string& volume, int64_t z) {
    add_volume(volume, "slice", {{"dimension", {{"name", "z"}, {"params", z}}}}, uniform_colour(0xffffff));
  }

  void add_model(const std::string& pdb, Vec3 shift) {
    const std::string data = add(root, "raw-data", {{"data", pdb}, {"label", "model"}});
    const std::string models = add(data, "trajectory-from-pdb", {{"isPdbqt", false}});
    const std::string model = add(models, "model-from-trajectory", {{"modelIndex", 0}});
    const std::string structure =
        add(model, "structure-from-model", {{"type", {{"name", "model"}, {"params", {{"dynamicBonds", false}}}}}});
    const std::string moved = add(structure, "transform-structure-conformation", matrix_json(Rotation(), shift));
    add(moved, "structure-representation-3d",
        {{"type", {{"name", "spacefill"}, {"params", {{"sizeFactor", 1.6}}}}},
         {"colorTheme", uniform_colour(model_colour)},
         {"sizeTheme", {{"name", "physical"}, {"params", {{"scale", 1}}}}}});
  }

  // All of it, looked at along −z so that a sphere of `radius_A` about `centre_A` fills the view.
  Json json(const std::string& name, Vec3 centre_A, double radius_A) const {
    const double away = 1.9 * radius_A;
    const Json camera = {{"mode", "perspective"},
                         {"fov", 0.7853981633974483},
                         {"position", {centre_A.x, centre_A.y, centre_A.z + away}},
                         {"up", {0, 1, 0}},
                         {"target", {centre_A.x, centre_A.y, centre_A.z}},
                         {"radius", radius_A},
                         {"radiusMax", radius_A},
                         {"fog", 15},
                         {"clipFar", true},
                         {"minNear", 5},
                         {"minFar", 0}};
    const Json snapshot = {{"id", name},
                           {"data", {{"tree", {{"transforms", transforms_}}}}},
                           {"camera", {{"current", camera}, {"transitionStyle", "instant"}}}};
    return {{"timestamp", 1},
            {"version", "4.18.0"},
            {"name", "Tessera " + tessera_version()},
            {"current", name},
            {"playback", {{"isPlaying", false}, {"nextSnapshotDelayInMs", 1500}}},
            {"entries", {{{"timestamp", 1}, {"name", name}, {"snapshot", snapshot}}}}};
  }

 private:
  void add_volume(const std::string& volume, const std::string& type, const Json& params, const Json& colour) {
    add(volume, "volume-representation-3d",
        {{"type", {{"name", type}, {"params", params}}},
         {"colorTheme", colour},
         {"sizeTheme", {{"name", "uniform"}, {"params", {{"value", 1}}}}}});
  }

  Json transforms_ = Json::array();
};

Map class_map(const Json& one, const fs::path& pages, int64_t edge) {
  return shrunk(read_mrc(pages / "maps" / (one.at("map").get<std::string>() + ".mrc")), edge);
}

}  // namespace

Json molstar_classes(const Json& average, const fs::path& pages) {
  MolstarScene scene;
  const double edge_A = average.at("box").get<double>() * average.at("voxel_size_A").get<double>();
  const double apart_A = 0.8 * edge_A;
  size_t number = 0;
  for (const Json& one : average.at("classes")) {
    const Vec3 shift{apart_A * static_cast<double>(number++), 0, 0};
    const Map map = class_map(one, pages, class_edge);
    const Json& fit = one.at("fit");
    const bool has_model = fit.is_object() && fit.at("model").is_string();
    const std::string volume = scene.add_map(map, pages / "maps/molstar.mrc", fmt::format("class {}", number));
    scene.add_surface(scene.add_moved(volume, Rotation(), shift), surface_level(map.voxels), number,
                      has_model ? 0.45 : 1);
    if (has_model)
      scene.add_model(read_text_file(pages / "models" / (fit.at("model").get<std::string>() + ".pdb")), shift);
  }
  const double row_A = apart_A * static_cast<double>(std::max<size_t>(number, 1) - 1);
  return scene.json("averages", {0.5 * (edge_A + row_A), 0.5 * edge_A, 0.5 * edge_A}, 0.5 * (0.9 * edge_A + row_A));
}

Json molstar_placed(const AverageScene& scene, const fs::path& pages) {
  MolstarScene out;
  std::map<size_t, std::pair<std::string, double>> volumes;  // of each class: where it is in the scene, its level
  const double half_A = 0.5 * scene.average.at("box").get<double>() * scene.average.at("voxel_size_A").get<double>();
  const Vec3 half{half_A, half_A, half_A};
  Vec3 low = scene.placed.front().shift_A, high = low;  // what the boxes cover
  for (const PlacedAverage& placed : scene.placed) {
    if (!volumes.contains(placed.number)) {
      const Map map = class_map(scene.average.at("classes").at(placed.number - 1), pages, placed_edge);
      const std::string label = fmt::format("class {}", placed.number);
      volumes[placed.number] = {out.add_map(map, pages / "maps/molstar.mrc", label), surface_level(map.voxels)};
    }
    const auto& [volume, level] = volumes.at(placed.number);
    out.add_surface(out.add_moved(volume, placed.turn, placed.shift_A), level, placed.number, 1);
    const Vec3 at = placed.turn * half + placed.shift_A;
    low = {std::min(low.x, at.x - half_A), std::min(low.y, at.y - half_A), std::min(low.z, at.z - half_A)};
    high = {std::max(high.x, at.x + half_A), std::max(high.y, at.y + half_A), std::max(high.z, at.z + half_A)};
  }
  if (!scene.tomogram.empty()) {
    const Map tomogram = shrunk(read_mrc(scene.tomogram, {.not_finite = NotFinite::keep}), tomogram_edge);
    const Shape3 shape = tomogram.voxels.shape();
    out.add_slice(out.add_map(tomogram, pages / "maps/molstar.mrc", "tomogram"), shape.z / 2);
  }
  return out.json("placed", (low + high) * 0.5, 0.5 * (high - low).norm());
}

}  // namespace tessera
