// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/gaussian_difference.h"

#include <algorithm>
#include <cmath>

namespace tessera {
namespace {

constexpr int64_t lanes = 64;

// out[l] = w₀ centre[l] + Σ_k w_k (centre[l − k·step] + centre[l + k·step]); `weights` are padded with zeros to a
// multiple of four beyond w₀, and so is what they reach.
void convolve_lanes(const float* __restrict centre, int64_t step, const std::vector<float>& weights,
                    float* __restrict out) {
  alignas(64) float sum[lanes];
  const float* w = weights.data();
  for (int64_t l = 0; l < lanes; ++l) sum[l] = w[0] * centre[l];
  const auto taps = static_cast<int64_t>(weights.size());
  for (int64_t k = 1; k < taps; k += 4) {
    const float *a = centre - k * step, *b = centre + k * step;
    for (int64_t l = 0; l < lanes; ++l)
      sum[l] += w[k] * (a[l] + b[l]) + w[k + 1] * (a[l - step] + b[l + step]) +
                w[k + 2] * (a[l - 2 * step] + b[l + 2 * step]) + w[k + 3] * (a[l - 3 * step] + b[l + 3 * step]);
  }
  for (int64_t l = 0; l < lanes; ++l) out[l] = sum[l];
}

// The sum of the weights that fall inside an axis of n voxels.
std::vector<float> share_inside(const std::vector<float>& weights, int64_t n) {
  std::vector<float> out(n);
  const auto taps = static_cast<int64_t>(weights.size());
  for (int64_t i = 0; i < n; ++i) {
    double sum = weights[0];
    for (int64_t k = 1; k < taps; ++k) sum += weights[k] * ((i - k >= 0) + (i + k < n));
    out[i] = static_cast<float>(sum);
  }
  return out;
}

// One Gaussian of the two: its taps and its smoothed planes of the current slab.
struct Side {
  std::vector<float> taps;
  std::vector<float> inside_z, inside_y, inside_x;
  AlignedVector<float> signal, weight;  // slab × y × x
};

class SlabFilter {
 public:
  SlabFilter(const Volume<float>& in, std::span<const uint8_t> allowed, const GaussianDifference& filter,
             Threads& threads)
      : in_(in), allowed_(allowed), shape_(in.shape()), threads_(threads) {
    const int64_t reach = (filter.reach() + 3) / 4 * 4;
    reach_ = reach;
    const int64_t plane = shape_.y * shape_.x;
    const int64_t arrays = allowed.empty() ? 3 : 5;
    depth_ = std::clamp<int64_t>(shape_.z / (4 * arrays), std::min<int64_t>(shape_.z, 3), 32);
    for (int s = 0; s < 2; ++s) {
      Side& side = sides_[s];
      side.taps = gaussian_taps(filter.sigma_voxels * (s == 0 ? 1 : filter.ratio), filter.reach());
      side.taps.resize(reach + 1);
      side.inside_z = share_inside(side.taps, shape_.z);
      side.inside_y = share_inside(side.taps, shape_.y);
      side.inside_x = share_inside(side.taps, shape_.x);
      side.signal.resize(depth_ * plane);
      if (!allowed.empty()) side.weight.resize(depth_ * plane);
    }
    const int64_t longest = std::max({shape_.y, depth_, shape_.x / lanes + 2});
    scratch_.resize(threads.count());
    for (auto& s : scratch_) s.resize(2 * (longest + 2 * reach_) * lanes + 4 * reach_ + 4 * lanes);
  }

  int64_t depth() const { return depth_; }

  // out[i] receives plane first + i.
  void filter(int64_t first, int64_t count, const std::vector<float*>& out) {
    threads_.for_each(shape_.y, [&](int64_t y, int worker) { along_z(first, count, y, scratch_[worker]); });
    threads_.for_each(count, [&](int64_t i, int worker) {
      for (Side& side : sides_) {
        along_y_and_x(side.signal.data() + i * shape_.y * shape_.x, side.taps, scratch_[worker]);
        if (!allowed_.empty()) along_y_and_x(side.weight.data() + i * shape_.y * shape_.x, side.taps, scratch_[worker]);
      }
      subtract(i, first + i, out[i]);
    });
  }

 private:
  void along_z(int64_t first, int64_t count, int64_t y, AlignedVector<float>& scratch) {
    const int64_t rows = count + 2 * reach_;
    float* signal = scratch.data();
    float* weight = signal + rows * lanes;
    for (int64_t x0 = 0; x0 < shape_.x; x0 += lanes) {
      const int64_t width = std::min(lanes, shape_.x - x0);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t z = first - reach_ + r, at = (z * shape_.y + y) * shape_.x + x0;
        std::fill_n(signal + r * lanes, lanes, 0.0f);
        if (!allowed_.empty()) std::fill_n(weight + r * lanes, lanes, 0.0f);
        if (z < 0 || z >= shape_.z) continue;
        std::copy_n(in_.data() + at, width, signal + r * lanes);
        if (!allowed_.empty())
          for (int64_t l = 0; l < width; ++l) weight[r * lanes + l] = allowed_[at + l] ? 1.0f : 0.0f;
      }
      for (Side& side : sides_)
        for (int64_t i = 0; i < count; ++i) {
          alignas(64) float line[lanes];
          const int64_t to = (i * shape_.y + y) * shape_.x + x0;
          convolve_lanes(signal + (i + reach_) * lanes, lanes, side.taps, line);
          std::copy_n(line, width, side.signal.data() + to);
          if (allowed_.empty()) continue;
          convolve_lanes(weight + (i + reach_) * lanes, lanes, side.taps, line);
          std::copy_n(line, width, side.weight.data() + to);
        }
    }
  }

  void along_y_and_x(float* plane, const std::vector<float>& taps, AlignedVector<float>& scratch) const {
    alignas(64) float line[lanes];
    float* column = scratch.data();
    std::fill_n(column, reach_ * lanes, 0.0f);
    std::fill_n(column + (reach_ + shape_.y) * lanes, reach_ * lanes, 0.0f);
    for (int64_t x0 = 0; x0 < shape_.x; x0 += lanes) {
      const int64_t width = std::min(lanes, shape_.x - x0);
      for (int64_t y = 0; y < shape_.y; ++y) {
        float* row = std::copy_n(plane + y * shape_.x + x0, width, column + (reach_ + y) * lanes);
        std::fill_n(row, lanes - width, 0.0f);
      }
      for (int64_t y = 0; y < shape_.y; ++y) {
        convolve_lanes(column + (reach_ + y) * lanes, lanes, taps, line);
        std::copy_n(line, width, plane + y * shape_.x + x0);
      }
    }
    float* row = scratch.data();
    const int64_t padded = (shape_.x + lanes - 1) / lanes * lanes;
    std::fill_n(row, reach_, 0.0f);
    std::fill_n(row + reach_ + shape_.x, padded - shape_.x + reach_, 0.0f);
    for (int64_t y = 0; y < shape_.y; ++y) {
      std::copy_n(plane + y * shape_.x, shape_.x, row + reach_);
      for (int64_t x0 = 0; x0 < shape_.x; x0 += lanes) {
        convolve_lanes(row + reach_ + x0, 1, taps, line);
        std::copy_n(line, std::min(lanes, shape_.x - x0), plane + y * shape_.x + x0);
      }
    }
  }

  void subtract(int64_t i, int64_t z, float* out) const {
    const Side &a = sides_[0], &b = sides_[1];
    for (int64_t y = 0; y < shape_.y; ++y) {
      const int64_t at = (i * shape_.y + y) * shape_.x;
      const float share_a = a.inside_z[z] * a.inside_y[y], share_b = b.inside_z[z] * b.inside_y[y];
      for (int64_t x = 0; x < shape_.x; ++x) {
        const float wa = allowed_.empty() ? share_a * a.inside_x[x] : a.weight[at + x];
        const float wb = allowed_.empty() ? share_b * b.inside_x[x] : b.weight[at + x];
        out[y * shape_.x + x] = wa < 1e-3f ? 0.0f : a.signal[at + x] / wa - b.signal[at + x] / wb;
      }
    }
  }

  const Volume<float>& in_;
  std::span<const uint8_t> allowed_;
  Shape3 shape_;
  Threads& threads_;
  int64_t reach_ = 0, depth_ = 0;
  Side sides_[2];
  std::vector<AlignedVector<float>> scratch_;
};

}  // namespace

int64_t GaussianDifference::reach() const {
  return static_cast<int64_t>(std::ceil(5 * sigma_voxels * ratio));
}

double GaussianDifference::radius_voxels() const {
  return std::sqrt(3.0 * (1 + ratio * ratio) / 2) * sigma_voxels;
}

double sigma_of_diameter(double diameter, double ratio) {
  return diameter / 2 / std::sqrt(3.0 * (1 + ratio * ratio) / 2);
}

std::vector<float> gaussian_taps(double sigma_voxels, int64_t reach) {
  std::vector<double> exact(reach + 1);
  double sum = 0;
  for (int64_t i = 0; i <= reach; ++i) {
    exact[i] = std::exp(-0.5 * static_cast<double>(i * i) / (sigma_voxels * sigma_voxels));
    sum += i == 0 ? exact[i] : 2 * exact[i];
  }
  std::vector<float> out(reach + 1);
  for (int64_t i = 0; i <= reach; ++i) out[i] = static_cast<float>(exact[i] / sum);
  return out;
}

void scan_gaussian_difference(const Volume<float>& in, std::span<const uint8_t> allowed,
                              const GaussianDifference& filter, Threads& threads, const UsePlanes& use) {
  const Shape3 shape = in.shape();
  if (shape.count() == 0) return;
  SlabFilter slab(in, allowed, filter, threads);
  const int64_t plane = shape.y * shape.x;
  std::vector<AlignedVector<float>> planes(slab.depth() + 2);
  for (auto& p : planes) p.resize(plane);
  int64_t kept = 0;  // planes of the slab before, at the front
  for (int64_t z = 0; z < shape.z; z += slab.depth()) {
    const int64_t count = std::min(slab.depth(), shape.z - z);
    std::vector<float*> out(count);
    for (int64_t i = 0; i < count; ++i) out[i] = planes[kept + i].data();
    slab.filter(z, count, out);
    std::vector<const float*> seen;
    for (int64_t i = 0; i < kept + count; ++i) seen.push_back(planes[i].data());
    use(seen, z - kept);
    const int64_t filled = kept + count;
    kept = std::min<int64_t>(2, filled);
    for (int64_t i = 0; i < kept; ++i) std::swap(planes[i], planes[filled - kept + i]);
  }
}

}  // namespace tessera
