// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/template_scan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "tessera/fft/plan.h"
#include "tessera/volume/tomogram.h"

namespace tessera {
namespace {

using Complex = std::complex<float>;

// One block of the volume and what was found in it so far.
struct Block {
  Shape3 first;  // voxel of the volume where its core begins
  Shape3 core;   // smaller at the far faces
  HalfSpectrum spectrum;
};

struct Best {
  AlignedVector<float> score;
  AlignedVector<int32_t> rotation;
};

class Scan {
 public:
  Scan(const Volume<float>& volume, const SearchTemplate& pattern, const BlockLayout& layout)
      : volume_(tomogram_of(volume, 1)),  // voxels are all that counts here
        pattern_(pattern),
        layout_(layout),
        half_(pattern.box() / 2),
        fft_(plans().real3(layout.block)) {}

  std::vector<Block> blocks(int64_t begin, int64_t end, ExecContext& context) const {
    std::vector<Block> out(end - begin);
    context.threads.for_each(end - begin, [&](int64_t i, int) {
      const int64_t b = begin + i;
      Block& block = out[i];
      const Shape3 n = volume_.shape, count = layout_.count, core = layout_.core;
      block.first = {b / (count.y * count.x) * core.z, b / count.x % count.y * core.y, b % count.x * core.x};
      block.core = {std::min(core.z, n.z - block.first.z), std::min(core.y, n.y - block.first.y),
                    std::min(core.x, n.x - block.first.x)};
      block.spectrum = HalfSpectrum(layout_.block);
      const Volume<float> voxels = voxels_of(block);
      fft_.forward(voxels.data(), block.spectrum.data());
    });
    return out;
  }

  // The spectrum of something of the template's box, its centre voxel at the origin.
  void transform(const Volume<float>& pattern, Volume<float>& space, HalfSpectrum& out) const {
    std::fill(space.begin(), space.end(), 0.0f);
    const Shape3 n = layout_.block;
    const auto wrap = [this](int64_t i, int64_t size) { return i >= half_ ? i - half_ : i - half_ + size; };
    for (int64_t z = 0; z < pattern_.box(); ++z)
      for (int64_t y = 0; y < pattern_.box(); ++y) {
        const float* row = &pattern(z, y, 0);
        float* to = &space(wrap(z, n.z), wrap(y, n.y), 0);
        std::copy(row + half_, row + 2 * half_, to);
        std::copy(row, row + half_, to + n.x - half_);
      }
    fft_.forward(space.data(), out.data());
  }

  // Σ_y pattern(y) block(x + y), for x of the block from its first voxel on.
  void correlate(const HalfSpectrum& block, const HalfSpectrum& pattern, HalfSpectrum& product,
                 Volume<float>& out) const {
    const Complex *f = block.data(), *t = pattern.data();
    Complex* p = product.data();
    for (int64_t i = 0; i < product.size(); ++i) {
      const float fr = f[i].real(), fi = f[i].imag(), tr = t[i].real(), ti = t[i].imag();
      p[i] = {fr * tr + fi * ti, fi * tr - fr * ti};
    }
    fft_.inverse_unscaled(product.data(), out.data());
  }

  // Visits the rows of a block's core: visit(row of `out`, index of its first voxel in the block's results).
  template <typename Visit>
  void for_each_row(const Block& block, const Volume<float>& out, Visit&& visit) const {
    int64_t index = 0;
    for (int64_t z = 0; z < block.core.z; ++z)
      for (int64_t y = 0; y < block.core.y; ++y, index += block.core.x) visit(&out(z + half_, y + half_, half_), index);
  }

  // 1/√ of the local variance at the core's voxels, over the scale of unnormalised transforms; 0 where it is flat.
  AlignedVector<float> local_scale(const Block& block, double flat) const {
    Volume<float> voxels = voxels_of(block), space(layout_.block), sums(layout_.block);
    HalfSpectrum mask(layout_.block), product(layout_.block), spectrum(layout_.block);
    transform(pattern_.mask(), space, mask);
    correlate(block.spectrum, mask, product, sums);
    const double unscaled = 1 / static_cast<double>(layout_.block.count()), area = pattern_.mask_sum();
    AlignedVector<double> square_of_sum(block.core.count());
    for_each_row(block, sums, [&](const float* row, int64_t at) {
      for (int64_t x = 0; x < block.core.x; ++x) square_of_sum[at + x] = std::pow(row[x] * unscaled, 2) / area;
    });
    for (float& v : voxels) v *= v;
    fft_.forward(voxels.data(), spectrum.data());
    correlate(spectrum, mask, product, sums);
    AlignedVector<float> out(block.core.count());
    for_each_row(block, sums, [&](const float* row, int64_t at) {
      for (int64_t x = 0; x < block.core.x; ++x) {
        const double variance = row[x] * unscaled - square_of_sum[at + x];
        out[at + x] = variance > flat ? static_cast<float>(unscaled / std::sqrt(variance)) : 0.0f;
      }
    });
    return out;
  }

  const RealFft3& fft() const { return fft_; }

 private:
  Volume<float> voxels_of(const Block& block) const {
    return read_box(volume_, block.first.z - half_, block.first.y - half_, block.first.x - half_, layout_.block, 0)
        .voxels;
  }

  const Tomogram volume_;
  const SearchTemplate& pattern_;
  const BlockLayout& layout_;
  int64_t half_;
  const RealFft3& fft_;
};

// What a thread works with.
struct Worker {
  Volume<float> space;
  HalfSpectrum pattern, product;
  std::vector<Best> best;  // of each block of the group
};

// Keeps the larger; `rotation` grows from call to call, so that the first of equals stays.
void keep_larger(const float* row, int64_t count, int32_t rotation, float* score, int32_t* index) {
  for (int64_t i = 0; i < count; ++i) {
    const bool better = row[i] > score[i];
    score[i] = better ? row[i] : score[i];
    index[i] = better ? rotation : index[i];
  }
}

void merge(const Best& from, Best& to) {
  for (size_t i = 0; i < to.score.size(); ++i) {
    const bool better =
        from.score[i] > to.score[i] || (from.score[i] == to.score[i] && from.rotation[i] < to.rotation[i]);
    if (!better) continue;
    to.score[i] = from.score[i];
    to.rotation[i] = from.rotation[i];
  }
}

}  // namespace

namespace {

// The best of all ranks, each of which tried its share of the rotations: as if one had tried all.
void merge_ranks(Best& best, Comm& comm) {
  if (comm.size() == 1) return;
  const auto scores = comm.gather(std::span<const float>(best.score));
  const auto rotations = comm.gather(std::span<const int32_t>(best.rotation));
  for (int rank = 0; rank < comm.size(); ++rank)
    merge({{scores[rank].begin(), scores[rank].end()}, {rotations[rank].begin(), rotations[rank].end()}}, best);
}

}  // namespace

BlockLayout plan_blocks(Shape3 volume, int64_t template_box, int64_t max_voxels) {
  // One axis at a time: all ways to cut it, by the cost per axis n · blocks; the log is the same for all to a few %.
  const auto choices = [template_box](int64_t size) {
    std::vector<std::array<int64_t, 2>> out;  // edge, count
    for (int64_t count = 1; count <= 64; ++count) {
      const int64_t core = (size + count - 1) / count, edge = fast_even_size(core + template_box);
      out.push_back({edge, (size + edge - template_box - 1) / (edge - template_box)});
      if (core <= template_box) break;
    }
    return out;
  };
  const auto zs = choices(volume.z), ys = choices(volume.y), xs = choices(volume.x);
  BlockLayout best;
  double least = std::numeric_limits<double>::infinity();
  bool fits = false;
  for (const auto& z : zs)
    for (const auto& y : ys)
      for (const auto& x : xs) {
        const auto voxels = static_cast<double>(z[0] * y[0] * x[0]);
        const bool fit = voxels <= static_cast<double>(max_voxels);
        const double cost = fit ? voxels * std::log2(voxels) * static_cast<double>(z[1] * y[1] * x[1]) : voxels;
        if (fits && !fit) continue;
        if (fit == fits && cost >= least) continue;
        fits = fit;
        least = cost;
        best = {
            {z[0], y[0], x[0]}, {z[0] - template_box, y[0] - template_box, x[0] - template_box}, {z[1], y[1], x[1]}};
      }
  return best;
}

ScanResult scan_template(const Volume<float>& volume, const SearchTemplate& pattern,
                         const std::vector<Rotation>& rotations, const BlockLayout& layout, ExecContext& context,
                         double memory_bytes) {
  const Scan scan(volume, pattern, layout);
  ScanResult out{Volume<float>(volume.shape()), Volume<int32_t>(volume.shape())};
  double mean_square = 0;
  for (const float v : volume) mean_square += static_cast<double>(v) * v / static_cast<double>(volume.size());
  const double flat = 1e-4 * mean_square * pattern.mask_sum();
  const int64_t blocks = layout.count.count(), workers = context.threads.count();
  const double per_block =
      4.0 * static_cast<double>(layout.block.count()) + 8.0 * static_cast<double>(layout.core.count() * (workers + 1));
  const int64_t group = std::clamp<int64_t>(static_cast<int64_t>(memory_bytes / per_block), 1, blocks);
  const Share share = share_of(std::ssize(rotations), context.comm.rank(), context.comm.size());
  const int64_t count = share.end - share.begin;
  Progress progress(context.sink, "matching", count * blocks);
  for (int64_t begin = 0; begin < blocks && !context.stop_requested(); begin += group) {
    const int64_t end = std::min(begin + group, blocks);
    const std::vector<Block> group_blocks = scan.blocks(begin, end, context);
    std::vector<Worker> state(workers);
    std::mutex lock;
    context.threads.for_each(count, [&](int64_t item, int w) {
      const int64_t r = share.begin + item;
      if (context.stop_requested()) return;
      Worker& work = state[w];
      if (work.best.empty()) {
        work.space = Volume<float>(layout.block);
        work.pattern = work.product = HalfSpectrum(layout.block);
        for (const Block& block : group_blocks)
          work.best.push_back({AlignedVector<float>(block.core.count(), -std::numeric_limits<float>::infinity()),
                               AlignedVector<int32_t>(block.core.count(), std::numeric_limits<int32_t>::max())});
      }
      scan.transform(pattern.turn(rotations[r]), work.space, work.pattern);
      for (size_t b = 0; b < group_blocks.size(); ++b) {
        scan.correlate(group_blocks[b].spectrum, work.pattern, work.product, work.space);
        scan.for_each_row(group_blocks[b], work.space, [&](const float* row, int64_t at) {
          keep_larger(row, group_blocks[b].core.x, static_cast<int32_t>(r), &work.best[b].score[at],
                      &work.best[b].rotation[at]);
        });
      }
      const std::lock_guard guard(lock);
      progress.advance(end - begin);
    });
    std::vector<Best> found(end - begin);
    context.threads.for_each(end - begin, [&](int64_t b, int) {
      const int64_t voxels = group_blocks[b].core.count();
      Best& best = found[b];
      best = {AlignedVector<float>(voxels, -std::numeric_limits<float>::infinity()),
              AlignedVector<int32_t>(voxels, std::numeric_limits<int32_t>::max())};
      for (Worker& work : state) {
        if (work.best.empty()) continue;
        merge(work.best[b], best);
        work.best[b] = {};
      }
    });
    for (Best& best : found) merge_ranks(best, context.comm);
    context.threads.for_each(end - begin, [&](int64_t b, int) {
      const Block& block = group_blocks[b];
      const Best& best = found[b];
      const AlignedVector<float> scale = scan.local_scale(block, flat);
      for (int64_t z = 0, i = 0; z < block.core.z; ++z)
        for (int64_t y = 0; y < block.core.y; ++y)
          for (int64_t x = 0; x < block.core.x; ++x, ++i) {
            out.score(block.first.z + z, block.first.y + y, block.first.x + x) = best.score[i] * scale[i];
            out.rotation(block.first.z + z, block.first.y + y, block.first.x + x) = best.rotation[i];
          }
    });
  }
  return out;
}

}  // namespace tessera
