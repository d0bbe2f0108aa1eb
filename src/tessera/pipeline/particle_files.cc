// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/particle_files.h"

#include <cmath>
#include <map>

#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/pipeline/run_files.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

// One name for one file, however it is spelt.
std::string file_key(const ParticleSet& set, const std::string& name) {
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(resolve(set, name), error);
  return error ? resolve(set, name).string() : path.string();
}

}  // namespace

ParticleFiles::ParticleFiles(const std::filesystem::path& star, ExecContext& context)
    : star_(star), set_(read_particles(star)) {
  if (set_.particles.empty()) throw IoError(star.string() + ": no particles in it; give a list with at least one");
  check_images(set_);
  const MrcInfo first = read_mrc_info(resolve(set_, set_.particles[0].image));
  box_ = first.shape.z;
  voxel_size_A_ = set_.optics.at(set_.particles[0].optics_group).voxel_size_A;
  Faults faults;
  for (const OpticsGroup& group : set_.optics)
    if ((group.box > 0 && group.box != box_) || std::abs(group.voxel_size_A / voxel_size_A_ - 1) > 1e-3)
      faults.add(fmt::format("optics group {} has boxes of {}³ at {} Å, the first particle {}³ at {} Å", group.name,
                             group.box, group.voxel_size_A, box_, voxel_size_A_));
  faults.raise<IoError>(star.string() +
                        ": particles of different box or voxel size cannot be averaged together; "
                        "give a list for each");
  read_weights();
  context.sink.message(Severity::info, fmt::format("{}: {} particles of {}³ voxels at {:g} Å, {} Fourier weight{}",
                                                   star.string(), set_.particles.size(), box_, voxel_size_A_,
                                                   weights_.size(), weights_.size() == 1 ? "" : "s"));
}

void ParticleFiles::read_weights() {
  using Kind = std::pair<std::string, ParticleData>;
  std::map<Kind, int> group_of_file;
  std::multimap<std::pair<uint64_t, ParticleData>, int> groups_of_content;  // lists often name a copy for each particle
  Faults faults;
  const auto group_of = [&](const Kind& kind) {
    const Volume<float> voxels =
        kind.first.empty() ? Volume<float>(Shape3::cube(box_), 1.0f) : read_mrc(kind.first).voxels;
    FourierWeight weight = FourierWeight::from_volume(voxels, kind.second);
    const auto content = std::pair(digest(weight.half()), kind.second);
    const auto [begin, end] = groups_of_content.equal_range(content);
    for (auto other = begin; other != end; ++other)
      if (std::equal(weight.half().begin(), weight.half().end(), weights_[other->second].half().begin()))
        return other->second;
    weights_.push_back(std::move(weight));
    return groups_of_content.emplace(content, static_cast<int>(weights_.size()) - 1)->second;
  };
  for (const Particle& particle : set_.particles) {
    const bool premultiplied = set_.optics.at(particle.optics_group).ctf_premultiplied;
    const Kind kind{particle.weight.empty() ? "" : file_key(set_, particle.weight),
                    premultiplied ? ParticleData::premultiplied : ParticleData::plain};
    const auto [entry, is_new] = group_of_file.try_emplace(kind, -1);
    try {
      if (is_new) entry->second = group_of(kind);
    } catch (const Error& error) {
      faults.add(error.what());
    }
    group_.push_back(entry->second);
  }
  faults.raise<IoError>(star_.string() + ": Fourier weights");
}

ParticleStack ParticleFiles::load(double mask_radius_voxels, ExecContext& context) const {
  std::vector<std::string> fault(set_.particles.size());
  ParticleSource source;
  source.count = static_cast<int64_t>(set_.particles.size());
  source.box = box_;
  source.voxel_size_A = voxel_size_A_;
  source.weights = weights_;
  source.group = group_;
  source.load = [&](int64_t i) -> Volume<float> {
    throw_if_stopped(context, "nothing was written");
    try {
      return read_mrc(resolve(set_, set_.particles[i].image)).voxels;
    } catch (const IoError& error) {
      fault[i] = error.what();
      return Volume<float>(Shape3::cube(box_));  // constant, so the stack refuses it: no run goes on with it
    }
  };
  const auto raise_read_faults = [&] {
    Faults faults;
    for (const std::string& text : fault)
      if (!text.empty()) faults.add(text);
    faults.raise<IoError>(star_.string() + ": subtomograms");
  };
  try {
    ParticleStack stack(source, mask_radius_voxels, context);
    raise_read_faults();
    return stack;
  } catch (const UserError&) {
    raise_read_faults();
    throw;
  }
}

std::vector<WeightedPose> ParticleFiles::poses_from(const std::filesystem::path& star, int classes) const {
  const ParticleSet other = read_particles(star);
  std::map<std::string, const Particle*> by_file;
  for (const Particle& particle : other.particles) by_file[file_key(other, particle.image)] = &particle;
  std::vector<WeightedPose> poses;
  Faults faults;
  for (const Particle& particle : set_.particles) {
    const auto found = by_file.find(file_key(set_, particle.image));
    if (found == by_file.end()) {
      faults.add("no pose for " + particle.image);
      continue;
    }
    const Particle& match = *found->second;
    const int class_index = classes == 1 ? 0 : match.class_number - 1;
    if (class_index < 0 || class_index >= classes)
      faults.add(fmt::format("{} is in class {}, with --classes {}", particle.image, match.class_number, classes));
    poses.push_back({{match.particle_from_ref, match.shift_A * (1 / voxel_size_A_)}, 1.0, class_index});
  }
  faults.raise<IoError>(star.string() + ": give the STAR file of the same subtomograms");
  return poses;
}

void ParticleFiles::record_inputs(RunRecord& record) const {
  record.add_input(star_);
  std::vector<std::filesystem::path> images;
  for (const Particle& particle : set_.particles) images.push_back(resolve(set_, particle.image));
  record.add_inputs("subtomograms", images);
}

Volume<float> read_reference(const std::filesystem::path& path, int64_t box, double voxel_size_A) {
  MrcInfo info;
  Map map = read_mrc(path, {}, &info);
  if (map.voxels.shape() != Shape3::cube(box))
    throw IoError(fmt::format("{}: {}×{}×{} voxels, the particles have {}³; give a map of the same box", path.string(),
                              info.shape.x, info.shape.y, info.shape.z, box));
  if (info.has_voxel_size && std::abs(info.voxel_size_A / voxel_size_A - 1) > 0.01)
    throw IoError(fmt::format("{}: voxels of {:g} Å, the particles have {:g} Å; give a map of the same voxel size",
                              path.string(), info.voxel_size_A, voxel_size_A));
  return std::move(map.voxels);
}

}  // namespace tessera
