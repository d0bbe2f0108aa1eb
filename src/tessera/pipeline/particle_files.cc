// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/particle_files.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tessera/align/compare.h"
#include "tessera/average/averager.h"
#include "tessera/average/memory_estimate.h"
#include "tessera/io/mrc.h"
#include "tessera/io/run_record.h"
#include "tessera/parallel/memory.h"
#include "tessera/parallel/mpi_comm.h"
#include "tessera/pipeline/run_files.h"
#include "tessera/volume/masks.h"

namespace tessera {

void require_particle_list(Faults& faults, const std::filesystem::path& file) {
  std::error_code error;
  const std::string ending = file.extension().string();
  if (std::filesystem::is_directory(file, error))
    faults.add(
        fmt::format("particles: {0} is a folder, not a particle list; of a folder of subtomograms one is made "
                    "by: tessera convert {0} particles.star --tilt-range -60 60",
                    file.string()));
  else if (std::filesystem::exists(file, error) && (ending == ".tbl" || ending == ".em"))
    faults.add(
        fmt::format("particles: {0} is a list of another program; a STAR list is made of it by: tessera convert "
                    "{0} particles.star --images FOLDER",
                    file.string()));
  else
    require_readable(faults, "particles", file);
}

void check_particle_options(Faults& faults, const ParticleOptions& options) {
  if (options.memory_GB && !(*options.memory_GB > 0))
    faults.add(fmt::format("--memory {:g}: above 0", *options.memory_GB));
}

ParticleFiles::ParticleFiles(const std::filesystem::path& star, const ParticleOptions& options, ExecContext& context)
    : star_(star), options_(options), set_(read_particles(star)) {
  if (set_.particles.empty()) throw IoError(star.string() + ": no particles in it; give a list with at least one");
  if (options_.skip_bad)
    drop_bad_files(context);
  else
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

void ParticleFiles::drop(const std::vector<char>& bad) {
  size_t to = 0;
  for (size_t from = 0; from < bad.size(); ++from) {
    if (bad[from]) {
      skipped_.push_back(set_.particles[from].image);
      continue;
    }
    if (to != from) {
      set_.particles[to] = std::move(set_.particles[from]);
      if (!group_.empty()) group_[to] = group_[from];
    }
    ++to;
  }
  set_.particles.resize(to);
  if (!group_.empty()) group_.resize(to);
}

void ParticleFiles::drop_bad_files(ExecContext& context) {
  std::vector<char> bad(set_.particles.size());
  Faults images, weights;
  for (const ImageFault& fault : find_image_faults(set_)) {
    (fault.of_weight ? weights : images).add(fault.text);
    if (!fault.of_weight) bad[fault.particle] = 1;
  }
  weights.raise<IoError>("subtomograms");  // serves many particles, and is not theirs
  if (std::count(bad.begin(), bad.end(), 1) == std::ssize(bad)) images.raise<IoError>("subtomograms: none can be read");
  if (!images.empty()) context.sink.message(Severity::warning, images.text("left out", 1000));
  drop(bad);
}

double ParticleFiles::memory_for_particles(const AverageOptions& average, ExecContext& context) const {
  const auto count = static_cast<double>(set_.particles.size());
  const MemoryEstimate need = estimate_memory({.box = box_,
                                               .particles = std::ssize(set_.particles),
                                               .groups = static_cast<int>(weights_.size()),
                                               .threads = context.threads.count(),
                                               .voxel_size_A = voxel_size_A_,
                                               .ranks = context.comm.size()},
                                              average);
  const double allowed =
      options_.memory_GB ? *options_.memory_GB * 1e9 : 0.75 * available_memory_bytes() / ranks_beside(context.comm);
  const double left = allowed - need.fixed(), all = std::ceil(count / context.comm.size()) * need.particle;
  if (left < 0)
    throw UserError(fmt::format(
        "averaging these particles takes {:.4g} GB without one of them in memory, {} {:.4g} GB; {}use fewer --threads, "
        "--folds or --classes, or smaller boxes",
        need.fixed() / 1e9, options_.memory_GB ? "--memory allows" : "three quarters of what is available are",
        allowed / 1e9, options_.memory_GB ? "raise it, or " : ""));
  std::string verdict = fmt::format("{:.4g} GB allowed", allowed / 1e9);
  if (all > left)
    verdict += fmt::format(": {} particles stay in memory, the others are read again in every iteration",
                           std::floor(left / need.particle));
  context.sink.message(Severity::info,
                       fmt::format("memory: {:.4g} GB for {} particles, up to {:.4g} GB for the rest; {}", all / 1e9,
                                   count, need.fixed() / 1e9, verdict));
  return left;
}

ParticleStack ParticleFiles::load(const AverageOptions& average, ExecContext& context) {
  ParticleSource source;
  source.count = std::ssize(set_.particles);
  source.box = box_;
  source.voxel_size_A = voxel_size_A_;
  source.weights = weights_;
  source.group = group_;
  // Shared with the stack, which reads again what does not fit into memory.
  auto files = std::make_shared<std::vector<std::filesystem::path>>();
  auto names = std::make_shared<std::vector<std::string>>();
  for (const Particle& particle : set_.particles) {
    files->push_back(resolve(set_, particle.image));
    names->push_back(particle.image);
  }
  source.load = [files](int64_t i) { return read_mrc((*files)[i]).voxels; };
  source.name = [names](int64_t i) { return fmt::format("particle {} ({})", i + 1, (*names)[i]); };
  const StackOptions options{.mask_radius = stack_mask_radius(box_, voxel_size_A_, average),
                             .memory_bytes = memory_for_particles(average, context),
                             .skip_unfit = options_.skip_bad,
                             .masked = average.model.mask_particles,
                             .whitened = average.model.whitened()};
  ParticleStack stack(source, options, context);
  std::vector<char> bad(set_.particles.size());
  for (const UnfitParticle& unfit : stack.left_out()) bad[unfit.index] = 1;
  drop(bad);
  return stack;
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

std::vector<WeightedPose> ParticleFiles::own_poses() const {
  std::vector<WeightedPose> out;
  bool any = false;
  for (const Particle& particle : set_.particles) {
    out.push_back({{particle.particle_from_ref, particle.shift_A * (1 / voxel_size_A_)}, 1.0, 0});
    any = any || angle_between(particle.particle_from_ref, {}) > 0 || particle.shift_A.norm() > 0;
  }
  if (!any)
    throw IoError(star_.string() +
                  ": every particle is at angles and origin 0: the list holds no poses to keep; align "
                  "first, or leave out --fixed-poses");
  return out;
}

void ParticleFiles::record_inputs(RunRecord& record) const {
  record.add_input(star_);
  std::vector<std::filesystem::path> images;
  for (const Particle& particle : set_.particles) images.push_back(resolve(set_, particle.image));
  record.add_inputs("subtomograms", images);
}

Volume<float> read_reference(const std::filesystem::path& path, int64_t box, double voxel_size_A, bool rescale) {
  MrcInfo info;
  Map map = read_mrc(path, {}, &info);
  const bool same_box = map.voxels.shape() == Shape3::cube(box);
  const bool same_size = !info.has_voxel_size || std::abs(info.voxel_size_A / voxel_size_A - 1) <= 0.01;
  if (same_box && same_size) return std::move(map.voxels);
  if (rescale) {
    if (!info.has_voxel_size)
      throw IoError(path.string() + ": states no voxel size, so it cannot be rescaled; give a map that does");
    return resample_map({std::move(map.voxels), info.voxel_size_A, {}}, box, voxel_size_A);
  }
  if (!same_box)
    throw IoError(
        fmt::format("{}: {}×{}×{} voxels, the particles have {}³; give a map of the same box, or "
                    "--rescale-reference",
                    path.string(), info.shape.x, info.shape.y, info.shape.z, box));
  throw IoError(
      fmt::format("{}: voxels of {:g} Å, the particles have {:g} Å; give a map of the same voxel size, or "
                  "--rescale-reference",
                  path.string(), info.voxel_size_A, voxel_size_A));
}

}  // namespace tessera
