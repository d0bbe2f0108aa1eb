// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/labelled_tomograms.h"

#include <algorithm>
#include <cmath>

#include "tessera/io/mdoc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/label_file.h"
#include "tessera/pipeline/tomogram_file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// About the tilt axis any half turn is allowed, about the other axes where the tilt range is symmetric.
std::vector<HalfTurn> turns_of(const fs::path& tilts) {
  if (fs::exists(tilts)) {
    const std::vector<double> angles = read_tilt_angles(tilts);
    const auto [low, high] = std::minmax_element(angles.begin(), angles.end());
    if (std::abs(*low + *high) <= 0.05 * (*high - *low)) return {HalfTurn::none, HalfTurn::x, HalfTurn::y, HalfTurn::z};
  }
  return {HalfTurn::none, HalfTurn::y};
}

std::string shape_text(Shape3 s) {
  return fmt::format("{}×{}×{}", s.x, s.y, s.z);
}

}  // namespace

Tomogram normalised(const Tomogram& tomogram, bool dark, const std::string& source) {
  const VoxelSpread spread = voxel_spread(tomogram, source);
  return scaled(tomogram, spread.mean, (dark ? -1 : 1) / spread.deviation);
}

LabelledTomograms read_labelled_tomograms(const std::vector<std::string>& folders, bool dark) {
  Faults missing, faults;
  for (const std::string& folder : folders)
    for (const char* name : {"tomogram.mrc", "labels.mrc"})
      require_readable(missing, "labelled tomogram", fs::path(folder) / name);
  missing.raise<UserError>("folders of tessera simulate tomogram are expected");
  LabelledTomograms out;
  std::vector<std::string> names;
  SilentSink silent;
  for (const std::string& folder : folders) {
    const fs::path tomogram = fs::path(folder) / "tomogram.mrc", labels = fs::path(folder) / "labels.mrc";
    const TomogramFile file = open_tomogram(tomogram, std::nullopt, silent);
    LabelFile mask = read_labels(labels);
    if (mask.voxels.shape() != file.tomogram.shape) {
      faults.add(fmt::format("{} has {} voxels, {} {}: they are not of one tomogram", tomogram.string(),
                             shape_text(file.tomogram.shape), labels.string(), shape_text(mask.voxels.shape())));
      continue;
    }
    const double size = file.tomogram.voxel_size_A;
    if (out.voxel_size_A == 0) out.voxel_size_A = size;
    if (std::abs(size / out.voxel_size_A - 1) > 0.01)
      faults.add(fmt::format("{} has voxels of {:g} Å, the first tomogram of {:g} Å", tomogram.string(), size,
                             out.voxel_size_A));
    if (out.tomograms.empty()) names = mask.names;
    if (mask.named && mask.names != names)
      faults.add(labels.string() + ": its labels have other names than those of the first tomogram");
    if (!mask.named && mask.names.size() > names.size()) names = mask.names;
    out.tomograms.push_back({normalised(file.tomogram, dark, tomogram.string()), std::move(mask.voxels),
                             turns_of(fs::path(folder) / "tilts.tlt")});
    out.files.push_back(tomogram);
    out.files.push_back(labels);
  }
  faults.raise<UserError>("the tomograms cannot be trained on");
  for (size_t k = 0; k < names.size(); ++k) out.classes.push_back({static_cast<int>(k), names[k]});
  return out;
}

void LabelledTomograms::record_inputs(RunRecord& record) const {
  for (const fs::path& file : files) record.add_input(file);
}

}  // namespace tessera
