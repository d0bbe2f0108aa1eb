// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/particles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "tessera/base/units.h"
#include "tessera/simulate/snr.h"

namespace tessera {
namespace {

constexpr int64_t kept_for_pairs = 24;         // 276 pairs of each class
constexpr int64_t posed_for_projections = 64;  // particles of each class that the signal's variance is averaged over
constexpr int64_t posed_for_volumes = 16;

bool is_empty(const Map& density) {
  const auto* voxels = density.voxels.data();
  return std::all_of(voxels, voxels + density.voxels.size(), [](float value) { return value == 0; });
}

void validate(const std::vector<SimulatedStructure>& structures, const ImagingOptions& options) {
  Faults faults;
  options.add_faults(faults);
  if (structures.empty()) faults.add("no structure was given");
  for (size_t i = 0; i < structures.size(); ++i) {
    const Map& map = structures[i].density;
    const Shape3 shape = map.voxels.shape();
    if (structures[i].copies < 1)
      faults.add(fmt::format("structure {} is to be copied {} times", i + 1, structures[i].copies));
    if (!shape.is_cube() || shape.x < 8)
      faults.add(fmt::format("the map of structure {} is {}×{}×{} voxels; a cube of at least 8³ is needed", i + 1,
                             shape.x, shape.y, shape.z));
    const Map& first = structures.front().density;
    if (shape != first.voxels.shape() || std::abs(map.voxel_size_A / first.voxel_size_A - 1) > 1e-6)
      faults.add(
          fmt::format("the map of structure {} ({} voxels of {} Å) differs from that of structure 1 ({} of {} Å)",
                      i + 1, shape.x, map.voxel_size_A, first.voxels.shape().x, first.voxel_size_A));
  }
  if (!structures.empty() && std::all_of(structures.begin(), structures.end(),
                                         [](const auto& structure) { return is_empty(structure.density); }))
    faults.add("every map is zero: the SNR has no meaning without a particle");
  faults.raise<UserError>("the particles cannot be simulated");
}

// One data set in the making.
class Simulation {
 public:
  Simulation(const std::vector<SimulatedStructure>& structures, const ImagingOptions& options, ExecContext& context)
      : structures_(structures), options_(options), context_(context) {
    for (const SimulatedStructure& structure : structures) {
      imagers_.push_back(std::make_unique<ParticleImager>(structure.density, options,
                                                          imagers_.empty() ? nullptr : imagers_.front().get()));
      empty_.push_back(is_empty(structure.density));
      axes_.push_back(options.rotation_axis == "none" || empty_.back() ? Vec3{0, 0, 1}
                                                                       : principal_axis(structure.density));
    }
    mix_classes();
    report_.classes.resize(structures.size());
  }

  SimulationReport run(const std::function<void(const SimulatedParticle&)>& finished) {
    measure_signal();
    set_noise();
    make_particles(finished);
    measure_pairs();
    report_.weight = imagers_.front()->weight();
    for (const double tilt : imagers_.front()->tilts()) report_.tilts_deg.push_back(tilt / degree);
    return std::move(report_);
  }

 private:
  // Classes follow each other in random order, so that the place in a list tells nothing.
  void mix_classes() {
    for (size_t c = 0; c < structures_.size(); ++c)
      class_of_.insert(class_of_.end(), static_cast<size_t>(structures_[c].copies), static_cast<int>(c));
    Random random(context_.seed, "particle order");
    shuffle(class_of_, random);
    members_.resize(structures_.size());
    for (size_t i = 0; i < class_of_.size(); ++i) members_[class_of_[i]].push_back(static_cast<int64_t>(i));
  }

  ParticlePose pose(int64_t index) const { return draw_pose(options_, axes_[class_of_[index]], context_.seed, index); }

  // Mean variance over members of class c, evenly chosen; summed in fixed order.
  double mean_signal(size_t c, const std::string& definition) {
    if (empty_[c]) return 0;
    const bool flat = definition.starts_with("projection");
    const auto size = static_cast<int64_t>(members_[c].size());
    const int64_t count = std::min(size, flat ? posed_for_projections : posed_for_volumes);
    std::vector<double> variance(count);
    context_.threads.for_each(count, [&](int64_t i, int) {
      variance[i] =
          signal_variance(*imagers_[c], structures_[c].density, pose(members_[c][i * size / count]), definition);
    });
    double sum = 0;
    for (const double value : variance) sum += value;
    return sum / static_cast<double>(count);
  }

  void measure_signal() {
    for (size_t c = 0; c < structures_.size(); ++c) {
      projection_variance_.push_back(mean_signal(c, "projection"));
      report_.classes[c].signal_variance =
          options_.snr_definition == "projection" ? projection_variance_[c] : mean_signal(c, options_.snr_definition);
    }
  }

  void set_noise() {
    const double per_sigma = unit_noise_variance(*imagers_.front(), options_);
    double whole = 0, particles = 0;  // empty boxes have no signal to compare the noise with
    for (size_t c = 0; c < structures_.size(); ++c) {
      if (empty_[c]) continue;
      whole += report_.classes[c].signal_variance * static_cast<double>(members_[c].size());
      particles += static_cast<double>(members_[c].size());
    }
    whole /= particles;
    const double infinite = std::numeric_limits<double>::infinity();
    for (size_t c = 0; c < structures_.size(); ++c) {
      ClassReport& of_class = report_.classes[c];
      const double signal = options_.snr_scope == "structure" && !empty_[c] ? of_class.signal_variance : whole;
      of_class.noise_sigma = options_.noise_free ? 0 : std::sqrt(signal / (options_.snr * per_sigma));
      const double variance = of_class.noise_sigma * of_class.noise_sigma;
      of_class.snr = options_.noise_free ? infinite : of_class.signal_variance / (variance * per_sigma);
      of_class.projection_snr = options_.noise_free ? infinite : projection_variance_[c] / variance;
    }
    report_.snr = options_.noise_free ? infinite : options_.snr;
  }

  void make_particles(const std::function<void(const SimulatedParticle&)>& finished) {
    kept_.resize(structures_.size());
    for (size_t c = 0; c < structures_.size(); ++c)
      kept_[c].resize(std::min<size_t>(members_[c].size(), kept_for_pairs));
    const int rank = context_.comm.rank(), ranks = context_.comm.size();
    context_.threads.for_each(static_cast<int64_t>(class_of_.size()), [&](int64_t index, int) {
      if (context_.stop_requested()) throw Interrupted("the simulation was stopped before its last particle");
      const size_t c = class_of_[index];
      const auto place = std::lower_bound(members_[c].begin(), members_[c].end(), index) - members_[c].begin();
      const bool mine = index % ranks == rank, kept = place < static_cast<int64_t>(kept_[c].size());
      if (!mine && !kept) return;  // the few for pairs are made by every rank
      const ParticlePose at = pose(index);
      SimulatedParticle particle{index, static_cast<int>(c) + 1, at.particle_from_ref, at.shift_voxels, {}};
      particle.subtomogram = imagers_[c]->image(at.particle_from_ref, at.shift_voxels, report_.classes[c].noise_sigma,
                                                Random(context_.seed, "particle noise", static_cast<uint64_t>(index)));
      if (mine) finished(particle);
      if (kept) kept_[c][place] = {at, std::move(particle.subtomogram)};
    });
  }

  void measure_pairs() {
    double sum = 0, pairs = 0;
    for (size_t c = 0; c < structures_.size(); ++c) {
      const PairCorrelation found = pair_correlation(kept_[c], imagers_.front()->weight(), context_.threads);
      kept_[c].clear();
      report_.classes[c].pairs = found.pairs;
      report_.classes[c].frank_al_ali_snr = frank_al_ali_snr(found.mean);
      if (found.pairs == 0 || empty_[c]) continue;
      sum += found.mean * static_cast<double>(found.pairs);
      pairs += static_cast<double>(found.pairs);
    }
    report_.frank_al_ali_snr = frank_al_ali_snr(pairs > 0 ? sum / pairs : std::numeric_limits<double>::quiet_NaN());
  }

  const std::vector<SimulatedStructure>& structures_;
  const ImagingOptions& options_;
  ExecContext& context_;
  std::vector<std::unique_ptr<ParticleImager>> imagers_;
  std::vector<Vec3> axes_;
  std::vector<bool> empty_;                    // of each structure: a map of zeros, boxes without a particle
  std::vector<int> class_of_;                  // of each particle, from 0
  std::vector<std::vector<int64_t>> members_;  // particles of each class, ascending
  std::vector<double> projection_variance_;
  std::vector<std::vector<PosedSubtomogram>> kept_;
  SimulationReport report_;
};

}  // namespace

SimulationReport simulate_particles(const std::vector<SimulatedStructure>& structures, const ImagingOptions& options,
                                    ExecContext& context,
                                    const std::function<void(const SimulatedParticle&)>& finished) {
  validate(structures, options);
  return Simulation(structures, options, context).run(finished);
}

}  // namespace tessera
