// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/particle_stack.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <numeric>

#include "tessera/average/noise_shape.h"
#include "tessera/base/errors.h"
#include "tessera/parallel/blocks.h"
#include "tessera/parallel/packer.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

// v ← (v − mean)·scale, masked.
void rescale(Volume<float>& v, double mean, double scale, const Volume<float>& mask, bool masked) {
  for (int64_t i = 0; i < v.size(); ++i)
    v[i] = (v[i] - static_cast<float>(mean)) * static_cast<float>(scale) * (masked ? mask[i] : 1.0f);
}

// Background outside the mask to mean 0 and variance `wanted`, then the mask if `masked`. Returns a fault, empty when
// fine.
std::string normalise(Volume<float>& v, const Volume<float>& mask, bool masked, double wanted) {
  double count = 0, sum = 0, square = 0;
  for (int64_t i = 0; i < v.size(); ++i) {
    if (!std::isfinite(v[i])) return "holds NaN or infinite voxels";
    if (mask[i] > 0) continue;
    ++count;
    sum += v[i];
    square += static_cast<double>(v[i]) * v[i];
  }
  if (count < 10) return "has no background outside the mask: choose a smaller mask diameter or larger boxes";
  const double mean = sum / count, variance = square / count - mean * mean;
  if (!(variance > 1e-12 * std::max(1.0, mean * mean))) {
    // Noise-free particles have an empty background: scale by the whole box instead.
    const Statistics all = statistics(v);
    if (!(all.variance > 0)) return "is constant";
    rescale(v, mean, 1 / std::sqrt(all.variance), mask, masked);
    return {};
  }
  rescale(v, mean, std::sqrt(wanted / variance), mask, masked);
  return {};
}

// What share of white noise of unit variance per component is left in the data of a tilt group.
double noise_transfer(const FourierWeight& weight) {
  const Volume<float>& half = weight.half();
  const int64_t n = weight.box();
  const HalfSpectrum layout(Shape3::cube(n));
  float largest = 0;
  for (const float h : half) largest = std::max(largest, std::abs(h));
  double sum = 0;
  for (int64_t z = 0, i = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x <= n / 2; ++x, ++i)
        if (std::abs(half[i]) >= 1e-3f * largest)
          sum += layout.multiplicity(x) * (weight.premultiplied() ? static_cast<double>(half[i]) * half[i] : 1.0);
  return sum / static_cast<double>(n * n * n);
}

}  // namespace

ParticleStack::ParticleStack(const ParticleSource& source, const StackOptions& options, ExecContext& context)
    : source_(source),
      options_(options),
      box_(source.box),
      voxel_size_A_(source.voxel_size_A),
      mask_radius_(options.mask_radius),
      weights_(std::move(source_.weights)),
      group_(std::move(source_.group)),
      mask_(soft_sphere(Shape3::cube(box_), options.mask_radius, 3)) {
  if (weights_.empty()) weights_.push_back(FourierWeight::uniform(box_));
  if (group_.empty()) group_.assign(source.count, 0);
  for (const FourierWeight& weight : weights_) transfer_.push_back(std::max(noise_transfer(weight), 1e-12));
  const double first = transfer_[0];
  for (double& transfer : transfer_) transfer /= first;
  describe_weights();
  double energy = 0;
  for (const float m : mask_) energy += static_cast<double>(m) * m;
  noise_share_ = options.masked ? energy / static_cast<double>(mask_.size()) : 1;
  if (options.whitened) whiten(context);
  read_all(context);
  report_duplicates(context);
}

void ParticleStack::describe_weights() {
  components_.clear();
  observed_.clear();
  for (const FourierWeight& weight : weights_) {
    const ObservedComponents& seen = components_.emplace_back(weight, box_ / 2);
    std::vector<double>& count = observed_.emplace_back(shell_count(box_));
    for (size_t k = 0; k < seen.size(); ++k) count[seen.shell[k]] += seen.noise_factor(k);
  }
}

// From a hundred particles and more, evenly spread over the list; those unfit are named when all are read.
void ParticleStack::whiten(ExecContext& context) {
  const int64_t step = std::max<int64_t>(1, source_.count / 128), count = (source_.count + step - 1) / step;
  std::vector<NoiseShape::Sums> sums(count);
  Progress progress(context.sink, "measuring the noise", count);
  std::mutex mutex;
  context.threads.for_each(count, [&](int64_t j, int) {
    if (context.stop_requested()) throw Interrupted("stopped by request; nothing was written");
    const int64_t i = j * step;
    try {
      PreparedParticle made;
      if (prepare(source_.load(i), group_[i], made).empty())
        sums[j] = NoiseShape::sums(made.spectrum, components_[group_[i]]);
    } catch (const IoError&) {
    }
    std::lock_guard lock(mutex);
    progress.advance();
  });
  NoiseShape::Sums all;
  for (const NoiseShape::Sums& one : sums) all.add(one);
  gain_ = NoiseShape(all).gains(box_);
  for (FourierWeight& weight : weights_) weight = scaled(weight, gain_);
  describe_weights();
}

std::string ParticleStack::name(int64_t source_index) const {
  return source_.name ? source_.name(source_index) : fmt::format("particle {}", source_index + 1);
}

double ParticleStack::spectrum_bytes() const {
  return static_cast<double>(HalfSpectrum(Shape3::cube(box_)).size() * sizeof(std::complex<float>));
}

std::string ParticleStack::prepare(const Volume<float>& voxels, int group, PreparedParticle& out) const {
  Volume<float> volume = voxels;
  std::string fault = normalise(volume, mask_, options_.masked, transfer_[group]);
  if (!fault.empty()) return fault;
  out.spectrum = centred_spectrum(volume);
  // Premultiplied data H·X have the gain of X and that of H.
  const bool twice = weights_[group].premultiplied();
  for (size_t k = 0; k < gain_.size(); ++k) out.spectrum.data()[k] *= twice ? gain_[k] * gain_[k] : gain_[k];
  const ObservedComponents& seen = components_[group];
  out.shell_power.assign(shell_count(box_), 0);
  for (size_t k = 0; k < seen.size(); ++k)
    out.shell_power[seen.shell[k]] += std::norm(out.spectrum.data()[seen.index[k]]);
  return {};
}

void ParticleStack::read_all(ExecContext& context) {
  const int64_t count = source_.count;
  prepared_.resize(count);
  digest_.resize(count);
  const std::vector<int64_t> mine = Blocks(count).items_of(context.comm);
  const auto fit =
      static_cast<int64_t>(std::min(static_cast<double>(mine.size()), options_.memory_bytes / spectrum_bytes()));
  resident_ = fit == 0 ? 0 : fit == std::ssize(mine) ? count : mine[fit];
  // What stays is allocated before what comes and goes: else it would leave gaps between that no temporary fits into.
  for (PreparedParticle& one : prepared_) one.shell_power.resize(shell_count(box_));
  for (int64_t j = 0; j < fit; ++j) prepared_[mine[j]].spectrum = HalfSpectrum(Shape3::cube(box_));
  std::vector<UnfitParticle> faults(count);
  Progress progress(context.sink, "reading particles", std::ssize(mine));
  std::mutex mutex;
  context.threads.for_each(std::ssize(mine), [&](int64_t j, int) {
    if (context.stop_requested()) throw Interrupted("stopped by request; nothing was written");
    const int64_t i = mine[j];
    faults[i].index = i;
    try {
      const Volume<float> voxels = source_.load(i);
      digest_[i] = digest(voxels);
      PreparedParticle made;
      const std::string fault = prepare(voxels, group_[i], made);
      if (!fault.empty()) {
        faults[i].why = name(i) + " " + fault;
      } else {
        std::copy(made.shell_power.begin(), made.shell_power.end(), prepared_[i].shell_power.begin());
        if (is_resident(i)) std::copy(made.spectrum.begin(), made.spectrum.end(), prepared_[i].spectrum.begin());
      }
    } catch (const IoError& error) {
      faults[i].why = name(i) + ": " + error.what();
      faults[i].unreadable = true;
    }
    std::lock_guard lock(mutex);
    progress.advance();
  });
  share_what_is_told(mine, faults, context.comm);
  std::erase_if(faults, [](const UnfitParticle& unfit) { return unfit.why.empty(); });
  kept_.resize(count);
  std::iota(kept_.begin(), kept_.end(), int64_t{0});
  if (!faults.empty()) remove_unfit(std::move(faults), context);
}

void ParticleStack::share_what_is_told(const std::vector<int64_t>& mine, std::vector<UnfitParticle>& faults,
                                       Comm& comm) {
  const auto pack = [&](int64_t i, Packer& to) {
    to.put(digest_[i]);
    to.put_all(prepared_[i].shell_power);
    to.put_all(faults[i].why);
    to.put(faults[i].unreadable);
  };
  const auto unpack = [&](int64_t i, Unpacker& from) {
    digest_[i] = from.take<uint64_t>();
    from.take_all(prepared_[i].shell_power);
    faults[i].index = i;
    from.take_all(faults[i].why);
    faults[i].unreadable = from.take<bool>();
  };
  share_packed(mine, comm, pack, unpack);
}

void ParticleStack::remove_unfit(std::vector<UnfitParticle> unfit, ExecContext& context) {
  left_out_ = std::move(unfit);
  if (!options_.skip_unfit || static_cast<int64_t>(left_out_.size()) == source_.count) {
    Faults faults;
    for (const UnfitParticle& one : left_out_) faults.add(one.why);
    const bool unreadable = std::any_of(left_out_.begin(), left_out_.end(), [](const auto& u) { return u.unreadable; });
    if (unreadable) faults.raise<IoError>("subtomograms that cannot be averaged");
    faults.raise<UserError>("particles unfit for averaging");
  }
  std::vector<char> bad(source_.count);
  for (const UnfitParticle& one : left_out_) {
    bad[one.index] = 1;
    context.sink.message(Severity::warning, "left out: " + one.why);
  }
  int64_t to = 0, resident = 0;
  for (int64_t from = 0; from < source_.count; ++from) {
    if (bad[from]) continue;
    kept_[to] = from;
    group_[to] = group_[from];
    digest_[to] = digest_[from];
    if (to != from) prepared_[to] = std::move(prepared_[from]);
    if (from < resident_) ++resident;
    ++to;
  }
  kept_.resize(to);
  group_.resize(to);
  digest_.resize(to);
  prepared_.resize(to);
  resident_ = resident;
}

void ParticleStack::report_duplicates(ExecContext& context) const {
  std::map<uint64_t, std::vector<int64_t>> by_content;
  for (int64_t i = 0; i < count(); ++i) by_content[digest_[i]].push_back(i);
  if (count() > 1 && by_content.size() == 1)
    throw UserError(
        fmt::format("all {} particles hold the same voxels, from {} on: the list names one image over and "
                    "over, or the extraction went wrong",
                    count(), name(kept_[0])));
  std::string text;
  int64_t copies = 0, shown = 0;
  for (const auto& [content, same] : by_content) {
    if (same.size() < 2) continue;
    copies += static_cast<int64_t>(same.size()) - 1;
    if (++shown > 3) continue;
    text += fmt::format("{}{} and {}", shown > 1 ? "; " : "", name(kept_[same[0]]), name(kept_[same[1]]));
    if (same.size() > 2) text += fmt::format(" and {} more", same.size() - 2);
  }
  if (copies > 0)
    context.sink.message(
        Severity::warning,
        fmt::format("{} of {} particles repeat the voxels of another ({}{}): they count several times, "
                    "and in both half-sets, which makes the resolution look better than it is",
                    copies, count(), text, shown > 3 ? "; …" : ""));
}

std::vector<int64_t> ParticleStack::all() const {
  std::vector<int64_t> out(count());
  std::iota(out.begin(), out.end(), int64_t{0});
  return out;
}

std::vector<const FourierWeight*> ParticleStack::weights() const {
  std::vector<const FourierWeight*> out;
  for (const auto& weight : weights_) out.push_back(&weight);
  return out;
}

PreparedParticle ParticleStack::loaded(int64_t i) const {
  PreparedParticle out;
  const std::string fault = prepare(source_.load(kept_[i]), group_[i], out);
  if (!fault.empty() || out.shell_power != prepared_[i].shell_power)
    throw IoError(fmt::format("{}: its file has changed since it was read; run again, without touching the files",
                              name(kept_[i])));
  return out;
}

std::shared_ptr<const PreparedParticle> ParticleStack::particle(int64_t i) const {
  if (is_resident(i)) return {std::shared_ptr<const PreparedParticle>(), &prepared_[i]};
  auto out = std::make_shared<PreparedParticle>(loaded(i));
  if (search_) out->samples = search_->sample_particle({out->spectrum, search_->shells() + 1}, weight(i));
  return out;
}

PaddedSpectrum ParticleStack::padded(int64_t i, int64_t max_shell) const {
  return is_resident(i) ? PaddedSpectrum(prepared_[i].spectrum, max_shell)
                        : PaddedSpectrum(loaded(i).spectrum, max_shell);
}

void ParticleStack::sample_for(std::shared_ptr<const RotationSearch> search, ExecContext& context) {
  const double bytes = spectrum_bytes() + static_cast<double>(search->sample_count() * sizeof(std::complex<float>));
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < resident_; ++i)
    if (is_resident(i)) kept.push_back(i);
  const auto fit = static_cast<int64_t>(std::min(static_cast<double>(kept.size()), options_.memory_bytes / bytes));
  for (int64_t j = fit; j < std::ssize(kept); ++j) {
    prepared_[kept[j]].spectrum = {};
    prepared_[kept[j]].samples = {};
  }
  if (fit < std::ssize(kept)) resident_ = kept[fit];
  kept.resize(fit);
  for (const int64_t i : kept) prepared_[i].samples.resize(search->sample_count());
  context.threads.for_each(fit, [&](int64_t j, int) {
    const int64_t i = kept[j];
    const SphereSamples samples = search->sample_particle(padded(i, search->shells() + 1), weight(i));
    std::copy(samples.begin(), samples.end(), prepared_[i].samples.begin());
  });
  search_ = std::move(search);
}

std::vector<double> ParticleStack::observed_variance() const {
  std::vector<double> out(shell_count(box_)), total(out.size());
  for (int64_t i = 0; i < count(); ++i)
    for (size_t s = 0; s < out.size(); ++s) {
      out[s] += prepared_[i].shell_power[s];
      total[s] += observed_[group_[i]][s];
    }
  double last = 1;
  for (size_t s = 1; s < out.size(); ++s) {
    out[s] = total[s] > 0 ? std::max(out[s] / (total[s] * noise_share_), 1e-12) : last;
    last = out[s];
  }
  out[0] = out[1];
  return out;
}

}  // namespace tessera
