// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <map>

#include "tessera/base/errors.h"
#include "tessera/io/any_list.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"
#include "tessera/pipeline/report_sources.h"
#include "tessera/pipeline/run_files.h"
#include "tessera/report/ball_view.h"
#include "tessera/report/page_data.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int64_t most_pixels = 640;  // of a slice's edge

// One tomogram and what is known about it.
struct Entry {
  fs::path file, labels, truth;
  std::vector<std::string> kinds;  // names of labels 1, 2, …
  std::vector<std::pair<std::string, fs::path>> lists;
};

std::string key_of(const fs::path& file) {
  std::error_code error;
  return fs::weakly_canonical(file, error).string();
}

std::map<std::string, Entry> gather(const ReportParts& parts) {
  std::map<std::string, Entry> entries;
  for (const ReportRun& run : parts.runs) {
    if (run.verb == "simulate tomogram") {
      const fs::path file = run.folder / "tomogram.mrc";
      Entry& entry = entries[key_of(file)];
      entry.file = file;
      if (fs::exists(run.folder / "labels.mrc")) entry.labels = run.folder / "labels.mrc";
      for (const Json& species : run.result().value("species", Json::array()))
        entry.kinds.push_back(species.value("name", ""));
      if (fs::exists(run.folder / "truth.star")) entry.lists.emplace_back("truth", run.folder / "truth.star");
    } else if (run.verb == "pick") {
      const fs::path file = locate(run, run.record.at("options").value("tomogram", ""));
      const fs::path star = locate(run, run.result().value("star", ""));
      if (file.empty() || star.empty()) continue;
      Entry& entry = entries[key_of(file)];
      entry.file = file;
      entry.lists.emplace_back(run.name, star);
    }
  }
  return entries;
}

Json picks_of(const std::string& name, const fs::path& star) {
  const ParticleSet set = read_picks(star);
  auto points = Json::array();
  for (const Particle& particle : set.particles) {
    const Vec3 at = particle.coordinate.value_or(Vec3{});
    const double reach = extra_number(set, particle, "tesseraRadius").value_or(0);
    points.push_back({std::round(at.x * 10) / 10, std::round(at.y * 10) / 10, std::round(at.z * 10) / 10,
                      particle.class_number, std::round(reach * 10) / 10});
  }
  return {{"name", name}, {"points", points}};
}

// Colours on black, which the page adds to the grey slice.
ColourImage label_picture(const Volume<float>& labels, int64_t z, int64_t bin) {
  const Shape3 shape = labels.shape();
  const GreyImage empty((shape.y + bin - 1) / bin, (shape.x + bin - 1) / bin);
  ColourImage image{empty, empty, empty};
  for (int64_t row = 0; row < empty.rows(); ++row)
    for (int64_t column = 0; column < empty.columns(); ++column) {
      const auto label = static_cast<int64_t>(std::lround(labels(z, row * bin, column * bin)));
      if (label <= 0) continue;
      const Colour colour = palette_colour(label - 1);
      const int64_t up = empty.rows() - 1 - row;
      image.red(up, column) = colour[0];
      image.green(up, column) = colour[1];
      image.blue(up, column) = colour[2];
    }
  return image;
}

Json page_of(const Entry& entry, size_t number, const ReportParts& parts) {
  const Map tomogram = read_mrc(entry.file, {.not_finite = NotFinite::keep});
  const Shape3 shape = tomogram.voxels.shape();
  const GreyRange range = grey_range(tomogram.voxels);
  const int64_t bin = (std::max(shape.y, shape.x) + most_pixels - 1) / most_pixels;
  const int64_t step = std::max<int64_t>(1, (shape.z + parts.most_slices - 1) / parts.most_slices);
  Map labels;
  if (!entry.labels.empty()) labels = read_mrc(entry.labels);
  const bool labelled = labels.voxels.shape() == shape;
  fs::create_directories(parts.pages / "slices");
  auto slices = Json::array();
  Progress progress(parts.context.sink, "slices", (shape.z + step - 1) / step);
  for (int64_t z = step / 2; z < shape.z; z += step) {
    throw_if_stopped(parts.context, "the report is incomplete");
    const std::string stem = fmt::format("t{}_{:04}", number, z);
    write_png(parts.pages / "slices" / (stem + ".png"), slice_picture(tomogram.voxels, z, range, bin));
    if (labelled) write_png(parts.pages / "slices" / (stem + "_labels.png"), label_picture(labels.voxels, z, bin));
    slices.push_back({{"z", z}, {"file", "slices/" + stem}});
    progress.advance();
  }
  auto kinds = Json::array();
  for (size_t i = 0; i < entry.kinds.size(); ++i) {
    const Colour colour = palette_colour(static_cast<int64_t>(i));
    kinds.push_back(
        {{"name", entry.kinds[i]}, {"colour", fmt::format("rgb({},{},{})", colour[0], colour[1], colour[2])}});
  }
  auto lists = Json::array();
  for (const auto& [name, star] : entry.lists) lists.push_back(picks_of(name, star));
  return {{"name", entry.file.string()},
          {"shape", {shape.x, shape.y, shape.z}},
          {"voxel_size_A", tomogram.voxel_size_A},
          {"slices", slices},
          {"labels", labelled},
          {"kinds", kinds},
          {"picks", lists}};
}

}  // namespace

Json tomogram_pages(const ReportParts& parts) {
  auto out = Json::array();
  for (const auto& [key, entry] : gather(parts)) {
    try {
      out.push_back(page_of(entry, out.size() + 1, parts));
    } catch (const IoError& error) {
      parts.notes.emplace_back(error.what());
    }
  }
  return out;
}

}  // namespace tessera
