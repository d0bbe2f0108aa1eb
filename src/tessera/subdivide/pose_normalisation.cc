// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/subdivide/pose_normalisation.h"

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <mutex>

#include "tessera/base/errors.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

void smooth_lines(Volume<float>& volume, int64_t stride, int64_t edge, const std::vector<double>& kernel) {
  const auto reach = static_cast<int64_t>(kernel.size()) - 1;
  std::vector<float> line(edge);
  for (int64_t begin = 0; begin < volume.size(); ++begin) {
    if (begin / stride % edge != 0) continue;
    for (int64_t i = 0; i < edge; ++i) line[i] = volume[begin + i * stride];
    for (int64_t i = 0; i < edge; ++i) {
      double sum = kernel[0] * line[i], weight = kernel[0];
      for (int64_t d = 1; d <= reach; ++d) {
        if (i >= d) sum += kernel[d] * line[i - d], weight += kernel[d];
        if (i + d < edge) sum += kernel[d] * line[i + d], weight += kernel[d];
      }
      volume[begin + i * stride] = static_cast<float>(sum / weight);
    }
  }
}

void smooth(Volume<float>& volume, double sigma) {
  if (sigma <= 0) return;
  std::vector<double> kernel;
  for (int d = 0; d <= static_cast<int>(std::ceil(3 * sigma)); ++d)
    kernel.push_back(std::exp(-0.5 * d * d / (sigma * sigma)));
  const int64_t edge = volume.shape().x;
  for (const int64_t stride : {int64_t{1}, edge, edge * edge}) smooth_lines(volume, stride, edge, kernel);
}

struct Moments {
  Vec3 centre;  // voxels
  Eigen::Matrix3d second = Eigen::Matrix3d::Zero();
};

template <typename Body>
void each_positive(const Volume<float>& part, Body&& body) {
  const int64_t edge = part.shape().x;
  for (int64_t z = 0, i = 0; z < edge; ++z)
    for (int64_t y = 0; y < edge; ++y)
      for (int64_t x = 0; x < edge; ++x, ++i)
        if (part[i] > 0)
          body(Vec3{static_cast<double>(x), static_cast<double>(y), static_cast<double>(z)},
               static_cast<double>(part[i]));
}

Moments moments_of(const Volume<float>& part) {
  Moments out;
  double mass = 1e-30;
  each_positive(part, [&](Vec3 p, double weight) {
    out.centre = out.centre + p * weight;
    mass += weight;
  });
  out.centre = out.centre * (1 / mass);
  each_positive(part, [&](Vec3 p, double weight) {
    const Vec3 v = p - out.centre;
    const Eigen::Vector3d d(v.x, v.y, v.z);
    out.second += weight / mass * d * d.transpose();
  });
  return out;
}

}  // namespace

Volume<float> level_set_part(const Volume<float>& box, const PoseNormalisationOptions& options) {
  Volume<float> smoothed = box, inside(box.shape());
  smooth(smoothed, options.smoothing_voxels);
  double mean = 0, magnitude = 0;
  for (const float v : smoothed) mean += v / static_cast<double>(box.size());
  for (const float v : smoothed) magnitude += std::abs(v - mean) / static_cast<double>(box.size());
  for (int64_t i = 0; i < box.size(); ++i) inside[i] = smoothed[i] - mean > magnitude;
  for (int step = 0; step < options.iterations; ++step) {
    double sum[2] = {0, 0}, count[2] = {1e-30, 1e-30};
    for (int64_t i = 0; i < box.size(); ++i) {
      sum[inside[i] > 0] += smoothed[i];
      count[inside[i] > 0] += 1;
    }
    const double middle = (sum[0] / count[0] + sum[1] / count[1]) / 2;
    Volume<float> next(box.shape());
    for (int64_t i = 0; i < box.size(); ++i) next[i] = smoothed[i] > middle;
    smooth(next, options.smoothing_voxels / 2);
    bool same = true;
    for (int64_t i = 0; i < box.size(); ++i) {
      const float now = next[i] > 0.5f;
      same = same && now == inside[i];
      inside[i] = now;
    }
    if (same) break;
  }
  for (int64_t i = 0; i < box.size(); ++i)
    inside[i] = inside[i] > 0 ? static_cast<float>(std::max(0.0, smoothed[i] - mean)) : 0.0f;
  return inside;
}

Volume<float> pose_normalised(const Volume<float>& box, const PoseNormalisationOptions& options) {
  const Volume<float> part = level_set_part(box, options);
  const Moments moments = moments_of(part);
  if (moments.second.trace() <= 0) return box;                                  // nothing inside the level set
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(moments.second);  // ascending
  std::array<Eigen::Vector3d, 3> axes = {solver.eigenvectors().col(2), solver.eigenvectors().col(1), Eigen::Vector3d()};
  for (int k = 0; k < 2; ++k) {
    double third = 0;
    each_positive(part, [&](Vec3 p, double weight) {
      const Vec3 v = p - moments.centre;
      third += weight * std::pow(axes[k].dot(Eigen::Vector3d(v.x, v.y, v.z)), 3);
    });
    if (third < 0) axes[k] = -axes[k];
  }
  axes[2] = axes[0].cross(axes[1]);
  Mat3 turn;
  for (int r = 0; r < 3; ++r)
    for (int c = 0; c < 3; ++c) turn.m[r][c] = axes[r][c];
  const auto middle = static_cast<double>(box.shape().x / 2);
  const Vec3 offset = moments.centre - Vec3{middle, middle, middle};
  return rotate_volume(box, turn, turn * offset * -1.0);
}

Points pose_normalised_boxes(const ExampleSource& source, const PoseNormalisationOptions& options,
                             ExecContext& context) {
  const int64_t edge = source.box(), half = edge / 2, n = source.size();
  Points out{n, half * half * half, {}};
  out.values.resize(static_cast<size_t>(n * out.dimensions));
  Progress progress(context.sink, "pose normalisation", n);
  std::mutex lock;
  context.threads.for_each(n, [&](int64_t i, int) {
    if (context.stop_requested()) throw Interrupted("stopped while normalising poses");
    Volume<float> box(Shape3::cube(edge));
    source.load(i, 0, box.data());
    const Volume<float> posed = pose_normalised(box, options);
    float* row = out.row(i);
    for (int64_t z = 0; z < half; ++z)
      for (int64_t y = 0; y < half; ++y)
        for (int64_t x = 0; x < half; ++x) {
          double sum = 0;
          for (int64_t k = 0; k < 8; ++k) sum += posed(2 * z + (k >> 2), 2 * y + (k >> 1 & 1), 2 * x + (k & 1));
          *row++ = static_cast<float>(sum / 8);
        }
    const std::lock_guard guard(lock);
    progress.advance();
  });
  return out;
}

}  // namespace tessera
