// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/average/maximisation.h"

#include <algorithm>
#include <cmath>

#include "tessera/parallel/blocks.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {

Accumulator FoldSums::all() const {
  return without(-1);
}

Accumulator FoldSums::half(int which) const {
  Accumulator out(folds[0].numerator.real_shape().x);
  for (size_t f = which; f < folds.size(); f += 2) out.add(folds[f]);
  return out;
}

Accumulator FoldSums::without(int fold) const {
  Accumulator out(folds[0].numerator.real_shape().x);
  for (size_t f = 0; f < folds.size(); ++f)
    if (static_cast<int>(f) != fold) out.add(folds[f]);
  return out;
}

Accumulator FoldSums::half_without(int fold) const {
  Accumulator out(folds[0].numerator.real_shape().x);
  for (size_t f = fold % 2; f < folds.size(); f += 2)
    if (static_cast<int>(f) != fold || folds.size() < 4) out.add(folds[f]);
  return out;
}

HalfSpectrum fold_reference(const FoldSums& sums, int fold, const std::vector<double>& ridge, int64_t join_shell,
                            int64_t max_shell, const HalfSpectrum* mean) {
  HalfSpectrum joint = solve(sums.without(fold), ridge, std::min(join_shell, max_shell), mean);
  if (max_shell > join_shell) {
    const HalfSpectrum own = solve(sums.half_without(fold), ridge, max_shell, mean);
    for_each_frequency(own, [&](int64_t i, int64_t z, int64_t y, int64_t x) {
      if (std::lround(std::sqrt(static_cast<double>(z * z + y * y + x * x))) > join_shell)
        joint.data()[i] = own.data()[i];
    });
  }
  return joint;
}

namespace {

std::vector<FoldSums> no_sums(int64_t box, int folds, int classes) {
  std::vector<FoldSums> out(classes);
  for (FoldSums& one : out)
    for (int f = 0; f < folds; ++f) one.folds.emplace_back(box);
  return out;
}

void clear(std::vector<FoldSums>& sums) {
  for (FoldSums& one : sums)
    for (Accumulator& fold : one.folds) {
      std::fill(fold.numerator.begin(), fold.numerator.end(), std::complex<float>());
      std::fill(fold.weight.begin(), fold.weight.end(), 0.0f);
    }
}

// Every array of the sums, in the same order on all ranks.
template <typename Visit>
void for_each_array(std::vector<FoldSums>& sums, Visit&& visit) {
  for (FoldSums& one : sums)
    for (Accumulator& fold : one.folds) {
      visit(reinterpret_cast<float*>(fold.numerator.data()), 2 * fold.numerator.size());
      visit(fold.weight.data(), std::ssize(fold.weight));
    }
}

// Adds the sums of blocks in the order of the blocks, whichever rank has them. Each of several ranks adds its share of
// the components of all blocks; share() brings the shares together.
class TotalOfBlocks {
 public:
  TotalOfBlocks(std::vector<FoldSums> nothing, Comm& comm) : total_(std::move(nothing)), comm_(comm) {
    if (comm.size() == 1) return;
    int64_t values = 0;
    for_each_array(total_, [&](float*, int64_t count) { values += count; });
    block_.resize(values);
    const Share mine = share_of(values, comm.rank(), comm.size());
    own_.resize(mine.end - mine.begin);
  }

  // As many blocks as there are ranks, that of rank 0 first. Ranks without one bring nothing.
  void add(std::vector<FoldSums>& sums, bool has_block) {
    if (comm_.size() == 1) {
      for (size_t k = 0; k < total_.size(); ++k)
        for (size_t f = 0; f < total_[k].folds.size(); ++f) total_[k].folds[f].add(sums[k].folds[f]);
      return;
    }
    float* to = block_.data();
    if (has_block) for_each_array(sums, [&](const float* from, int64_t count) { to = std::copy_n(from, count, to); });
    std::vector<std::span<const float>> for_ranks(comm_.size());
    for (int r = 0; has_block && r < comm_.size(); ++r) {
      const Share share = share_of(std::ssize(block_), r, comm_.size());
      for_ranks[r] = {block_.data() + share.begin, block_.data() + share.end};
    }
    for (const auto& values : comm_.exchange(for_ranks))
      for (size_t i = 0; i < values.size(); ++i) own_[i] += values[i];
  }

  // Once, at the end.
  std::vector<FoldSums> share() {
    if (comm_.size() == 1) return std::move(total_);
    float* to = block_.data();
    for (const auto& share : comm_.gather(std::span<const float>(own_)))
      to = std::copy_n(share.data(), share.size(), to);
    const float* from = block_.data();
    for_each_array(total_, [&](float* values, int64_t count) {
      std::copy_n(from, count, values);
      from += count;
    });
    return std::move(total_);
  }

 private:
  std::vector<FoldSums> total_;
  Comm& comm_;
  std::vector<float> block_;  // all arrays, one after the other
  std::vector<float> own_;    // this rank's share of the total
};

}  // namespace

std::vector<FoldSums> accumulate(const ParticleStack& stack, const std::vector<std::vector<WeightedPose>>& poses,
                                 const std::vector<int>& fold_of, int folds, int classes, int64_t max_shell,
                                 ExecContext& context) {
  constexpr size_t batch = 16;
  const int64_t n = stack.box(), planes = 2;
  const Blocks blocks(stack.count());
  std::vector<FoldSums> sums = no_sums(n, folds, classes);
  TotalOfBlocks total(no_sums(n, folds, classes), context.comm);
  const auto add_batch = [&](std::span<const int64_t> items) {
    std::vector<PaddedSpectrum> spectra(items.size());
    context.threads.for_each(std::ssize(items),
                             [&](int64_t i, int) { spectra[i] = stack.padded(items[i], max_shell); });
    context.threads.for_each((n + planes - 1) / planes, [&](int64_t slab, int) {
      for (size_t i = 0; i < items.size(); ++i)
        for (const WeightedPose& p : poses[items[i]])
          sums[p.class_index].folds[fold_of[items[i]]].add(spectra[i], stack.weight(items[i]), p.pose, p.probability,
                                                           slab * planes, std::min(n, (slab + 1) * planes));
    });
  };
  // Those without poses are not read: starts look at few of many particles.
  std::vector<std::vector<int64_t>> placed(blocks.count());
  for (int b = 0; b < blocks.count(); ++b)
    for (int64_t i = blocks.block(b).begin; i < blocks.block(b).end; ++i)
      if (!poses[i].empty()) placed[b].push_back(i);
  const int ranks = context.comm.size(), rank = context.comm.rank();
  Progress progress(context.sink, "summing particles", blocks.count());
  for (int first = 0; first < blocks.count(); first += ranks) {
    const int end = std::min(first + ranks, blocks.count()), mine = std::min(first + rank, end - 1);
    const bool any = std::any_of(&placed[first], &placed[first] + (end - first), [](auto& b) { return !b.empty(); });
    const bool own = first + rank < end && !placed[mine].empty();
    for (size_t i = 0; own && i < placed[mine].size(); i += batch)
      add_batch(std::span(placed[mine]).subspan(i, std::min(batch, placed[mine].size() - i)));
    if (any) total.add(sums, own);
    if (own) clear(sums);
    progress.advance(end - first);
  }
  return total.share();
}

HalfMaps half_maps(const FoldSums& sums) {
  HalfMaps out;
  for (int h = 0; h < 2; ++h) {
    const Accumulator half = sums.half(h);
    out.map[h] = unfiltered_map(half);
    out.weight[h] = mean_weight(half);
  }
  return out;
}

std::vector<double> half_set_fsc(const HalfMaps& halves, const Volume<float>& mask) {
  std::vector<double> fsc = fourier_shell_correlation(centred_spectrum(masked(halves.map[0], mask)),
                                                      centred_spectrum(masked(halves.map[1], mask)));
  for (size_t s = 1; s < fsc.size(); ++s)
    if (halves.weight[0][s] == 0 || halves.weight[1][s] == 0) fsc[s] = 0;
  return fsc;
}

Resolution measure_resolution(const FoldSums& sums, const Volume<float>& mask, bool wiener, double share) {
  return measure_resolution(half_maps(sums), mask, wiener, share);
}

Resolution measure_resolution(const HalfMaps& halves, const Volume<float>& mask, bool wiener, double share) {
  std::vector<double> fsc = half_set_fsc(halves, mask), weight(fsc.size());
  for (size_t s = 0; s < fsc.size(); ++s) weight[s] = 0.5 * (halves.weight[0][s] + halves.weight[1][s]);
  return resolution_of(std::move(fsc), weight, wiener, share);
}

Resolution resolution_of(std::vector<double> fsc, const std::vector<double>& half_weight, bool wiener, double share) {
  Resolution out;
  out.fsc = std::move(fsc);
  out.crossing_shell = fsc_crossing_shell(out.fsc, 0.143);
  out.ridge.assign(out.fsc.size(), 0);
  bool fallen = false;
  for (size_t s = 0; s < out.fsc.size(); ++s) {
    fallen = fallen || (s > 0 && static_cast<double>(s) > out.crossing_shell + 2);
    // Beyond the crossing single shells rise by chance: hold them down.
    const double f = std::clamp(fallen ? std::min(out.fsc[s], 0.02) : out.fsc[s], 0.01, 0.999);
    out.ridge[s] = std::max(half_weight[s] * (wiener ? (1 - f) / f : share), 1e-30);
  }
  out.ridge[0] = out.ridge.size() > 1 ? out.ridge[1] : out.ridge[0];
  return out;
}

Volume<float> unfiltered_map(const Accumulator& sums) {
  std::vector<double> ridge = mean_weight(sums);
  for (double& r : ridge) r = std::max(1e-3 * r, 1e-30);
  return centred_volume(solve(sums, ridge, sums.numerator.real_shape().x / 2));
}

Volume<float> solved_map(const Accumulator& sums, const Resolution& resolution, int64_t max_shell) {
  return centred_volume(solve(sums, resolution.ridge, max_shell));
}

std::vector<double> background_profile(int64_t box, double mask_radius, double shift) {
  constexpr int directions = 32;
  std::vector<double> out(box / 2 + 1);
  for (size_t r = 0; r < out.size(); ++r)
    for (int i = 0; i < directions; ++i) {
      const double cosine = -1 + 2 * (i + 0.5) / directions, radius = static_cast<double>(r);
      const double distance = std::sqrt(radius * radius + shift * shift + 2 * radius * shift * cosine);
      const double mask = cosine_edge(distance, mask_radius, mask_radius + 3);
      out[r] += mask * mask / directions;
    }
  return out;
}

namespace {

// Mean product of two maps on spherical shells about the centre voxel, each averaged with its neighbours.
std::vector<double> radial_product(const Volume<float>& a, const Volume<float>& b) {
  const int64_t n = a.shape().x;
  std::vector<double> sum(n / 2 + 1), count(n / 2 + 1), out(n / 2 + 1);
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y)
      for (int64_t x = 0; x < n; ++x) {
        const auto shell = static_cast<size_t>(std::lround(std::sqrt(
            static_cast<double>((z - n / 2) * (z - n / 2) + (y - n / 2) * (y - n / 2) + (x - n / 2) * (x - n / 2)))));
        if (shell >= sum.size()) continue;
        sum[shell] += static_cast<double>(a(z, y, x)) * b(z, y, x);
        ++count[shell];
      }
  for (size_t r = 0; r < out.size(); ++r) {
    const size_t before = r > 0 ? r - 1 : 0, after = std::min(r + 1, out.size() - 1);
    out[r] = 0.25 * sum[before] / count[before] + 0.5 * sum[r] / count[r] + 0.25 * sum[after] / count[after];
  }
  return out;
}

}  // namespace

double particle_radius(const Volume<float>& map, const Volume<float>& other, double outer_radius,
                       std::vector<double> background) {
  return radius_of_product(radial_product(map, other), outer_radius, std::move(background));
}

double radius_of_product(std::vector<double> product, double outer_radius, std::vector<double> background) {
  background.resize(product.size(), background.empty() ? 1.0 : 0.0);
  auto last = std::min(static_cast<size_t>(std::max(outer_radius, 4.0)), product.size() - 1);
  while (last > 4 && background[last] < 0.8) --last;
  for (size_t r = 1; r <= last; ++r) product[r] /= background[r];
  const auto begin = product.begin();
  const double greatest = *std::max_element(begin + 1, begin + static_cast<int64_t>(last) + 1);
  const double level = std::max(
      0.0, *std::min_element(begin + static_cast<int64_t>(outer_radius / 2), begin + static_cast<int64_t>(last) + 1));
  const double threshold = level + std::max(0.5 * level, 0.01 * greatest);
  for (size_t r = last; r > 0; --r)
    if (product[r] > threshold) return r == last ? outer_radius : std::min(static_cast<double>(r) + 2, outer_radius);
  return outer_radius;
}

}  // namespace tessera
