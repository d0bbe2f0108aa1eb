// SPDX-License-Identifier: GPL-3.0-or-later
// The images of a particle list: where they are, and whether they are what the list says.
#include <cmath>
#include <map>
#include <set>

#include "tessera/base/errors.h"
#include "tessera/io/mrc.h"
#include "tessera/io/particles.h"

namespace tessera {
namespace fs = std::filesystem;

fs::path resolve(const ParticleSet& set, const std::string& name) {
  fs::path path(name);
  if (path.is_absolute()) return path;
  std::error_code error;
  fs::path beside = set.directory / path;
  if (fs::exists(beside, error)) return beside;
  if (fs::exists(path, error)) return path;
  // RELION writes names from its project folder, and its lists into a job folder below it.
  fs::path folder = fs::absolute(set.directory / ".", error).lexically_normal();
  while (folder.has_relative_path()) {
    folder = folder.parent_path();
    if (fs::exists(folder / path, error)) return folder / path;
  }
  return beside;
}

std::string file_key(const ParticleSet& set, const std::string& name) {
  const auto file = resolve(set, name);
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(file, error);
  return error ? file.string() : whole.string();
}

namespace {

constexpr size_t listed_faults = 1000;  // enough to find every missing file of a data set at once

// The boxes and voxel sizes of one set, against which each image and weight is held.
class ImageCheck {
 public:
  ImageCheck(const ParticleSet& set, const ImageCheckOptions& options) : set_(set), options_(options) {
    for (const OpticsGroup& group : set.optics) box_.push_back(group.box);
  }

  void image(size_t index) {
    const Particle& p = set_.particles[index];
    const std::optional<MrcInfo> info = header(p.image, index, "");
    if (!info) return;
    const std::string who = fmt::format("particle {} ({})", index + 1, p.image);
    int64_t& box = box_[p.optics_group];
    if (!info->shape.is_cube()) {
      fault(index, false, fmt::format("{}: is {}, not a cube", who, size_text(info->shape)));
      return;
    }
    if (box == 0) box = info->shape.x;
    if (info->shape.x != box)
      fault(index, false, fmt::format("{}: box of {} voxels where its optics group has {}", who, info->shape.x, box));
    const double expected = set_.optics[p.optics_group].voxel_size_A;
    if (info->has_voxel_size && std::abs(info->voxel_size_A / expected - 1) > options_.voxel_size_tolerance)
      fault(
          index, false,
          fmt::format("{}: voxel size {:.4g} Å in the file, {:.4g} Å in the STAR", who, info->voxel_size_A, expected));
  }

  void weight(size_t index) {
    const Particle& p = set_.particles[index];
    if (!options_.weights || p.weight.empty()) return;
    auto known = weights_.find(p.weight);  // one weight often serves thousands
    if (known == weights_.end()) {
      const std::optional<MrcInfo> info = header(p.weight, index, ", weight");
      known = weights_.emplace(p.weight, info ? info->shape : Shape3{}).first;
    }
    const int64_t box = box_[p.optics_group];
    const bool unknown = known->second == Shape3{} || box == 0;
    if (unknown || known->second == Shape3::cube(box) || !reported_.insert({p.weight, box}).second) return;
    fault(index, true,
          fmt::format("particle {} ({}): its weight {} is {}, not {}³", index + 1, p.image, p.weight,
                      size_text(known->second), box));
  }

  std::vector<ImageFault> take_faults() { return std::move(faults_); }

 private:
  void fault(size_t index, bool of_weight, std::string text) { faults_.push_back({index, of_weight, std::move(text)}); }

  static std::string size_text(Shape3 shape) { return fmt::format("{}×{}×{} voxels", shape.x, shape.y, shape.z); }

  std::optional<MrcInfo> header(const std::string& name, size_t index, const char* what) {
    try {
      return read_mrc_info(resolve(set_, name));
    } catch (const Error& error) {
      fault(index, *what != '\0', fmt::format("particle {}{}: {}", index + 1, what, error.what()));
      return std::nullopt;
    }
  }

  const ParticleSet& set_;
  const ImageCheckOptions& options_;
  std::vector<int64_t> box_;
  std::map<std::string, Shape3> weights_;               // 0³: cannot be read, reported
  std::set<std::pair<std::string, int64_t>> reported_;  // weight and box that do not fit
  std::vector<ImageFault> faults_;
};

}  // namespace

std::vector<ImageFault> find_image_faults(const ParticleSet& set, const ImageCheckOptions& options) {
  ImageCheck check(set, options);
  for (size_t i = 0; i < set.particles.size(); ++i) {
    check.image(i);
    check.weight(i);
  }
  return check.take_faults();
}

void check_images(const ParticleSet& set, const ImageCheckOptions& options) {
  Faults faults;
  for (const ImageFault& fault : find_image_faults(set, options)) faults.add(fault.text);
  if (!faults.empty()) throw IoError(faults.text("subtomograms", listed_faults));
}

}  // namespace tessera
