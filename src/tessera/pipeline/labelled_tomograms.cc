// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/labelled_tomograms.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tessera/io/any_list.h"
#include "tessera/io/mdoc.h"
#include "tessera/io/particles.h"
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

void require_folders(const std::vector<std::string>& folders, const char* what, const char* truth) {
  Faults missing;
  for (const std::string& folder : folders)
    for (const char* name : {"tomogram.mrc", truth}) require_readable(missing, what, fs::path(folder) / name);
  missing.raise<UserError>("folders of tessera simulate tomogram are expected");
}

// Opens tomogram.mrc of a folder; its voxel size must be that of the first.
TomogramFile open_one_of(const fs::path& tomogram, LabelledTomograms& all, Faults& faults) {
  SilentSink silent;
  TomogramFile file = open_tomogram(tomogram, std::nullopt, silent);
  const double size = file.tomogram.voxel_size_A;
  if (all.voxel_size_A == 0) all.voxel_size_A = size;
  if (std::abs(size / all.voxel_size_A - 1) > 0.01)
    faults.add(fmt::format("{} has voxels of {:g} Å, the first tomogram of {:g} Å", tomogram.string(), size,
                           all.voxel_size_A));
  return file;
}

struct TrueParticleOfClass {
  Vec3 voxel;
  int class_number = 0;
  double radius_A = 0;
};

// What a list says of its particles, and names for their classes.
std::vector<TrueParticleOfClass> read_truth(const fs::path& list, Shape3 shape, double voxel_size_A,
                                            std::map<int, std::string>& names, Faults& faults) {
  const ParticleSet set = read_picks(list);
  if (std::count(set.extra_columns.begin(), set.extra_columns.end(), "tesseraRadius") == 0) {
    faults.add(list.string() + ": it has no column tesseraRadius (voxels); heat maps are as wide as particles are");
    return {};
  }
  std::vector<TrueParticleOfClass> out;
  for (size_t i = 0; i < set.particles.size(); ++i) {
    const Particle& p = set.particles[i];
    const double size = set.optics[static_cast<size_t>(p.optics_group)].voxel_size_A;
    const Vec3 voxel = *p.coordinate;
    const double radius = extra_number(set, p, "tesseraRadius").value_or(0);
    const auto where = fmt::format("{}: particle {}", list.string(), i + 1);
    if (size > 0 && std::abs(size / voxel_size_A - 1) > 0.01)
      faults.add(fmt::format("{} is of voxels of {:g} Å, the tomogram of {:g} Å", where, size, voxel_size_A));
    if (!whole_of(shape).holds(voxel))
      faults.add(fmt::format("{} lies at ({:g}, {:g}, {:g}), outside the tomogram", where, voxel.x, voxel.y, voxel.z));
    if (p.class_number < 1) faults.add(where + " has no class (rlnClassNumber)");
    if (!(radius > 0)) faults.add(where + " has no positive tesseraRadius");
    const std::string& name = set.optics[static_cast<size_t>(p.optics_group)].name;
    if (names.emplace(p.class_number, name).first->second != name)
      faults.add(fmt::format("{} of class {} is a {}, in what was read before a {}", where, p.class_number, name,
                             names.at(p.class_number)));
    out.push_back({voxel, p.class_number, radius * voxel_size_A});
  }
  return out;
}

}  // namespace

Tomogram normalised(const Tomogram& tomogram, bool dark, const std::string& source) {
  const VoxelSpread spread = voxel_spread(tomogram, source);
  return scaled(tomogram, spread.mean, (dark ? -1 : 1) / spread.deviation);
}

LabelledTomograms read_labelled_tomograms(const std::vector<std::string>& folders, bool dark) {
  require_folders(folders, "labelled tomogram", "labels.mrc");
  Faults faults;
  LabelledTomograms out;
  std::vector<std::string> names;
  for (const std::string& folder : folders) {
    const fs::path tomogram = fs::path(folder) / "tomogram.mrc", labels = fs::path(folder) / "labels.mrc";
    const TomogramFile file = open_one_of(tomogram, out, faults);
    LabelFile mask = read_labels(labels);
    if (mask.voxels.shape() != file.tomogram.shape) {
      faults.add(fmt::format("{} has {} voxels, {} {}: they are not of one tomogram", tomogram.string(),
                             shape_text(file.tomogram.shape), labels.string(), shape_text(mask.voxels.shape())));
      continue;
    }
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

LabelledTomograms read_tomograms_with_centres(const std::vector<std::string>& folders, bool dark) {
  require_folders(folders, "tomogram with its truth", "truth.star");
  Faults faults;
  LabelledTomograms out;
  std::map<int, std::string> names;
  std::vector<std::vector<TrueParticleOfClass>> particles;
  for (const std::string& folder : folders) {
    const fs::path tomogram = fs::path(folder) / "tomogram.mrc", list = fs::path(folder) / "truth.star";
    const TomogramFile file = open_one_of(tomogram, out, faults);
    const Shape3 shape = file.tomogram.shape;
    particles.push_back(read_truth(list, shape, file.tomogram.voxel_size_A, names, faults));
    out.tomograms.push_back({normalised(file.tomogram, dark, tomogram.string()), Volume<uint8_t>(shape),
                             turns_of(fs::path(folder) / "tilts.tlt")});
    out.files.push_back(tomogram);
    out.files.push_back(list);
  }
  if (names.size() > 255) faults.add(fmt::format("{} classes; 255 at most", names.size()));
  faults.raise<UserError>("the tomograms cannot be trained on");
  for (const auto& [number, name] : names) out.classes.push_back({number, name});
  std::vector<int64_t> counts(out.classes.size());
  for (size_t i = 0; i < particles.size(); ++i)
    for (const TrueParticleOfClass& particle : particles[i]) {
      const auto map = static_cast<int>(std::distance(names.begin(), names.find(particle.class_number)));
      out.classes[map].radius_A += particle.radius_A;
      ++counts[map];
      out.tomograms[i].centres.push_back({particle.voxel, map});
      out.tomograms[i].labels(std::llround(particle.voxel.z), std::llround(particle.voxel.y),
                              std::llround(particle.voxel.x)) = static_cast<uint8_t>(map + 1);
    }
  for (size_t k = 0; k < counts.size(); ++k) out.classes[k].radius_A /= static_cast<double>(counts[k]);
  return out;
}

void LabelledTomograms::record_inputs(RunRecord& record) const {
  for (const fs::path& file : files) record.add_input(file);
}

}  // namespace tessera
