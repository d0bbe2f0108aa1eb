// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/annealing.h"

#include <algorithm>
#include <cmath>

#include "tessera/average/share_assignments.h"
#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/parallel/blocks.h"
#include "tessera/parallel/packer.h"

namespace tessera {
namespace {

int64_t nearest_point(const So3Correlator& correlator, const Rotation& rotation) {
  const EulerZyz e = rotation.euler();
  const int64_t n = int64_t{2} * correlator.bandwidth();
  const auto around = [&](double angle) { return (std::lround(angle / correlator.step()) % n + n) % n; };
  const auto j = std::clamp<int64_t>(static_cast<int64_t>(e.beta / correlator.step()), 0, n / 2 - 1);
  return (j * n + around(e.alpha)) * n + around(e.gamma);
}

// The same map on a finer grid: shells and degrees that it does not have are empty.
ShellHarmonics embedded(const ShellHarmonics& map, int bandwidth, int shells) {
  ShellHarmonics out(bandwidth, shells);
  for (int l = 0; l < std::min(bandwidth, map.bandwidth); ++l)
    for (int m = 0; m <= l; ++m) std::copy_n(map.row(l, m), std::min(shells, map.shells), out.row(l, m));
  return out;
}

// Once averages tell where particles lie, most translations have next to no posterior, and an E-step looks only at
// those that had a share of it; at all in each of so many iterations, since the average moves.
constexpr double least_probability = 1e-6;
constexpr int iterations_between_all = 6;

std::vector<int> likely(const std::vector<double>& probability) {
  std::vector<int> out;
  for (size_t t = 0; t < probability.size(); ++t)
    if (probability[t] >= least_probability) out.push_back(static_cast<int>(t));
  return out;
}

// For each translation of `here` the nearest of `there`.
std::vector<int> nearest_translations(const std::vector<Vec3>& here, const std::vector<Vec3>& there) {
  std::vector<int> out;
  for (const Vec3& t : here) {
    const auto from = [&t](const Vec3& a, const Vec3& b) { return (a - t).norm() < (b - t).norm(); };
    out.push_back(static_cast<int>(std::min_element(there.begin(), there.end(), from) - there.begin()));
  }
  return out;
}

std::vector<int> nearest_to(const std::vector<int>& nearest, const std::vector<int>& chosen) {
  std::vector<int> out;
  for (int t = 0; t < std::ssize(nearest); ++t)
    if (std::find(chosen.begin(), chosen.end(), nearest[t]) != chosen.end()) out.push_back(t);
  return out;
}

}  // namespace

template <typename Body>
void Annealing::for_mine(Body&& body) {
  context_.threads.for_each(std::ssize(mine_), [&](int64_t at, int) { body(mine_[at]); });
}

template <typename Body>
void Annealing::for_my_folds(Body&& body) {
  const int rank = context_.comm.rank(), ranks = context_.comm.size();
  context_.threads.for_each(std::max(0, (folds_ - rank + ranks - 1) / ranks),
                            [&](int64_t at, int worker) { body(rank + static_cast<int>(at) * ranks, worker); });
}

Annealing::Annealing(const ParticleStack& stack, const AverageOptions& options, std::vector<int64_t> members,
                     int degrees, int shells, double radius, int folds, ExecContext& context)
    : stack_(stack),
      options_(options),
      context_(context),
      members_(std::move(members)),
      folds_(std::clamp<int>(folds, 1, static_cast<int>(members_.size()))),
      search_(stack.box(), degrees, shells,
              translation_ball(options.align.max_shift_voxels,
                               0.35 * static_cast<double>(stack.box()) / static_cast<double>(shells))),
      model_(search_, stack.weights(), stack.observed_variance()),
      mask_(stack.box(), degrees, shells, radius, 3),
      radius_(radius),
      samples_(members_.size()),
      powers_(members_.size()),
      own_(members_.size()),
      prior_(options.classes, -std::log(options.classes)),
      likely_(members_.size()) {
  for (int64_t i = 0; i < std::ssize(members_); ++i)
    if (fold_of(i) % context.comm.size() == context.comm.rank()) mine_.push_back(i);
  for_mine([&](int64_t i) {
    samples_[i] = samples_of(members_[i]);
    RotationSearch::Workspace work;
    search_.shifted_harmonics(samples_[i], 0, work.harmonics, work);
    powers_[i] = degree_powers(work.harmonics);
  });
  share_packed(
      mine_, context.comm, [&](int64_t i, Packer& to) { to.put_all(powers_[i]); },
      [&](int64_t i, Unpacker& from) { from.take_all(powers_[i]); });
}

void Annealing::scatter() {
  begin_with([&](int64_t i) {
    Random random(context_.seed, "marginal start poses", static_cast<uint64_t>(members_[i]));
    const int k = static_cast<int>(random.below(options_.classes));
    return std::vector<WeightedPose>{{{Rotation::random(random), {}}, 1, k}};
  });
}

void Annealing::place(const std::vector<Assignment>& found) {
  begin_with([&](int64_t i) { return found[members_[i]].poses; });
}

template <typename PosesOf>
void Annealing::begin_with(PosesOf&& poses_of) {
  const So3Correlator& correlator = search_.correlator();
  for_mine([&](int64_t i) {
    own_[i].assign(options_.classes, model_.no_sums());
    const ShellHarmonics seen = search_.weight_harmonics(stack_.weight(members_[i]));
    RotationSearch::Workspace work;
    So3Correlator::Moments moments;
    for (const WeightedPose& p : poses_of(i)) {
      MarginalSums& sums = own_[i][p.class_index];
      AlignedVector<float> one(correlator.grid_size());
      one[nearest_point(correlator, p.pose.particle_from_ref)] = static_cast<float>(p.probability);
      correlator.moments(one.data(), moments, work.correlate);
      const int t = nearest_translations({p.pose.shift_voxels}, search_.translations()).front();
      search_.shifted_harmonics(samples_[i], t, work.harmonics, work);
      correlator.turn_back(moments, work.harmonics, sums.numerator);
      correlator.turn_back(moments, seen, sums.weight);
    }
  });
  share_sums();
  total_up();
}

Expected Annealing::iterate(double ridge, double temperature, const Annealing* coarse) {
  const auto count = static_cast<int64_t>(members_.size());
  std::vector<MarginalParticle> said(count);
  std::vector<std::vector<MarginalSums>> next(count);
  std::vector<MarginalModel::Workspace> work(context_.threads.count());
  const bool all = iterations_++ % iterations_between_all == 0;
  const Annealing& made = coarse ? *coarse : *this;
  const auto nearest = nearest_translations(search_.translations(), made.search_.translations());
  const auto whole = made.averages(ridge);
  for_my_folds([&](int f, int worker) {
    if (context_.stop_requested()) throw Interrupted("stopped by request");
    const auto references = references_of(made.maps_without(f, whole, ridge), temperature);
    for (int64_t i = f; i < count; i += folds_) {
      next[i].assign(options_.classes, model_.no_sums());
      if (coarse)
        likely_[i] = nearest_to(nearest, coarse->likely_[i]);
      else if (all)
        likely_[i].clear();
      said[i] =
          model_.expect(samples_[i], stack_.group(members_[i]), references, prior_, likely_[i], &next[i], work[worker]);
      likely_[i] = likely(said[i].translation_probability);
    }
  });
  own_ = std::move(next);
  share_sums();
  share_said(said, mine_);
  total_up();
  Expected out = means(said);
  out.own_nats = respond(said, ridge) / temperature;
  std::vector<double> share(options_.classes);
  for (const MarginalParticle& one : said)
    for (int k = 0; k < options_.classes; ++k) share[k] += one.class_probability[k] / static_cast<double>(count);
  for (int k = 0; k < options_.classes; ++k) prior_[k] = std::log(std::max(share[k], 0.5 / static_cast<double>(count)));
  return out;
}

double Annealing::radius(double outer_radius) const {
  ShellHarmonics half[2];
  for (int h = 0; h < 2; ++h) {
    MarginalSums sums = model_.no_sums();
    for (size_t i = h; i < members_.size(); i += 2)
      for (const MarginalSums& one : own_[i]) sums.add(one);
    half[h] = model_.solve(sums, ridges(sums, 0.05));
  }
  return radius_of_product(
      radial_product(half[0], half[1], stack_.box()), outer_radius,
      background_profile(stack_.box(), stack_.mask_radius(), 0.77 * options_.align.max_shift_voxels));
}

std::vector<std::vector<int>> Annealing::likely_of(const std::vector<int64_t>& particles, double ridge) const {
  const auto references = references_for_others(ridge);
  std::vector<std::vector<int>> out(particles.size());
  std::vector<MarginalModel::Workspace> work(context_.threads.count());
  context_.threads.for_each(std::ssize(particles), [&](int64_t at, int worker) {
    const int64_t i = particles[at];
    out[at] = likely(model_.expect(samples_of(i), stack_.group(i), references, prior_, {}, nullptr, work[worker])
                         .translation_probability);
  });
  return out;
}

std::vector<Assignment> Annealing::draw(const std::vector<int64_t>& pool, double ridge, int draws, Expected& expected,
                                        const Annealing* scout) {
  std::vector<char> annealed(stack_.count(), 0);
  for (const int64_t particle : members_) annealed[particle] = 1;
  std::vector<int64_t> others, placed;
  for (const int64_t i : pool)
    if (!annealed[i]) others.push_back(i);
  for (const int64_t i : Blocks(std::ssize(others)).items_of(context_.comm)) placed.push_back(others[i]);
  std::vector<Assignment> out(stack_.count());
  std::vector<MarginalParticle> all(stack_.count());
  std::vector<MarginalModel::Workspace> work(context_.threads.count());
  const auto place = [&](int64_t i, const std::vector<int>& looked_at,
                         const std::vector<MarginalModel::Reference>& references, int worker) {
    all[i] = model_.expect(samples_of(i), stack_.group(i), references, prior_, looked_at, nullptr, work[worker]);
    Random random(context_.seed, "marginal start draws", static_cast<uint64_t>(i));
    out[i].poses = model_.draw(all[i], draws, random, work[worker]);
    out[i].log_likelihood = all[i].log_evidence;
    out[i].residual = stack_.shell_power(i);
  };
  std::vector<std::vector<int>> translations(placed.size());
  if (scout && !others.empty()) {
    const auto nearest = nearest_translations(search_.translations(), scout->search_.translations());
    translations = scout->likely_of(placed, ridge);
    for (std::vector<int>& one : translations) one = nearest_to(nearest, one);
  }
  const auto of_all = references_for_others(ridge);
  context_.threads.for_each(std::ssize(placed),
                            [&](int64_t i, int worker) { place(placed[i], translations[i], of_all, worker); });
  const auto whole = averages(ridge);
  for_my_folds([&](int f, int worker) {
    const auto references = references_of(maps_without(f, whole, ridge), 1);
    for (int64_t i = f; i < std::ssize(members_); i += folds_) place(members_[i], likely_[i], references, worker);
  });
  for (const int64_t i : mine_) placed.push_back(members_[i]);
  share_assignments(out, placed, context_.comm);
  share_said(all, placed);
  std::vector<MarginalParticle> said;
  for (const int64_t i : pool) said.push_back(std::move(all[i]));
  expected = means(said);
  return out;
}

void Annealing::share_sums() {
  const auto pack = [&](int64_t i, Packer& to) {
    for (const MarginalSums& one : own_[i]) {
      for (const ShellMap* map : {&one.numerator, &one.weight}) {
        to.put_all(map->re);
        to.put_all(map->im);
      }
      to.put_all(one.retained);
    }
  };
  const auto unpack = [&](int64_t i, Unpacker& from) {
    own_[i].resize(options_.classes, model_.no_sums());
    for (MarginalSums& one : own_[i]) {
      for (ShellMap* map : {&one.numerator, &one.weight}) {
        from.take_all(map->re);
        from.take_all(map->im);
      }
      from.take_all(one.retained);
    }
  };
  share_packed(mine_, context_.comm, pack, unpack);
}

void Annealing::share_said(std::vector<MarginalParticle>& said, const std::vector<int64_t>& mine) {
  const auto pack = [&](int64_t i, Packer& to) {
    to.put(said[i].log_evidence);
    to.put(said[i].effective_poses);
    to.put(said[i].rotation_information);
    to.put_all(said[i].class_probability);
  };
  const auto unpack = [&](int64_t i, Unpacker& from) {
    said[i].log_evidence = from.take<double>();
    said[i].effective_poses = from.take<double>();
    said[i].rotation_information = from.take<double>();
    from.take_all(said[i].class_probability);
  };
  share_packed(mine, context_.comm, pack, unpack);
}

Expected Annealing::means(const std::vector<MarginalParticle>& said) {
  Expected out;
  const auto count = static_cast<double>(said.size());
  for (const MarginalParticle& one : said) {
    out.log_evidence += one.log_evidence / count;
    out.information += one.rotation_information / count;
    out.effective_poses += std::log(one.effective_poses) / count;
  }
  out.effective_poses = std::exp(out.effective_poses);
  return out;
}

SphereSamples Annealing::samples_of(int64_t particle) const {
  return search_.sample_particle(stack_.padded(particle, search_.shells() + 1), stack_.weight(particle));
}

void Annealing::total_up() {
  total_.assign(options_.classes, model_.no_sums());
  for (auto& one : own_)
    for (int k = 0; k < options_.classes; ++k) {
      total_[k].add(one[k]);
      one[k].retained = {};
    }
}

double Annealing::respond(const std::vector<MarginalParticle>& said, double ridge) {
  const int degrees = search_.bandwidth(), shells = search_.shells();
  double nats = 0;
  responses_.clear();
  for (int k = 0; k < options_.classes; ++k) {
    std::vector<double> own(static_cast<size_t>(shells) * degrees), all(own.size());
    for (size_t i = 0; i < members_.size(); ++i) {
      const auto power = degree_powers(search_.correlator().restore(own_[i][k].numerator));
      for (size_t at = 0; at < own.size(); ++at) {
        own[at] += power[at];
        all[at] += said[i].class_probability[k] * powers_[i][at];
      }
    }
    const auto weight = model_.shell_mean(total_[k].weight);
    for (int s = 0; s < shells; ++s)
      for (int l = 1; l < degrees && l <= 2 * pi * (s + 1) * radius_ / static_cast<double>(stack_.box()) + 1; ++l)
        nats += model_.shell_weight()[s] * own[static_cast<size_t>(s) * degrees + l] /
                (std::max(weight[s], 1e-30) * (1 + ridge) * static_cast<double>(members_.size()));
    responses_.emplace_back(total_[k], degrees, own, all);
  }
  return nats;
}

std::vector<double> Annealing::ridges(const MarginalSums& sums, double ridge) const {
  std::vector<double> out = model_.shell_mean(sums.weight);
  for (double& r : out) r = std::max(ridge * r, 1e-30);
  return out;
}

std::vector<ShellHarmonics> Annealing::averages(double ridge) const {
  std::vector<ShellHarmonics> out;
  for (const MarginalSums& sums : total_) out.push_back(model_.solve(sums, ridges(sums, ridge)));
  return out;
}

std::vector<ShellHarmonics> Annealing::maps_without(int fold, const std::vector<ShellHarmonics>& whole,
                                                    double ridge) const {
  std::vector<ShellHarmonics> out;
  for (int k = 0; k < options_.classes; ++k) {
    MarginalSums sums{total_[k].numerator, total_[k].weight, {}};
    if (folds_ > 1)
      for (size_t i = fold; i < members_.size(); i += folds_) sums.add(own_[i][k], -1);
    out.push_back(model_.solve(sums, ridges(sums, ridge)));
    if (!responses_.empty()) responses_[k].leave_out(whole[k], ridge, out.back());
    mask_.apply(out.back());
  }
  return out;
}

std::vector<MarginalModel::Reference> Annealing::references_for_others(double ridge) const {
  auto maps = averages(ridge);
  for (ShellHarmonics& map : maps) mask_.apply(map);
  return references_of(maps, 1);
}

std::vector<MarginalModel::Reference> Annealing::references_of(const std::vector<ShellHarmonics>& maps,
                                                               double temperature) const {
  std::vector<MarginalModel::Reference> out;
  for (const ShellHarmonics& map : maps)
    out.push_back(model_.reference(embedded(map, search_.bandwidth(), search_.shells()), temperature));
  return out;
}

}  // namespace tessera
