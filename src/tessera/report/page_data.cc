// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/page_data.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tessera/base/quantile.h"

namespace tessera {
namespace {

constexpr int64_t most_samples = 2'000'000;

uint8_t grey(double value, const GreyRange& range) {
  return static_cast<uint8_t>(
      std::lround(std::clamp((value - range.black) / (range.white - range.black), 0.0, 1.0) * 255));
}

}  // namespace

GreyRange grey_range(const Volume<float>& volume, double low_share, double high_share) {
  std::vector<float> sample;
  const int64_t step = std::max<int64_t>(1, volume.size() / most_samples);
  for (int64_t i = 0; i < volume.size(); i += step)
    if (std::isfinite(volume[i])) sample.push_back(volume[i]);
  if (sample.empty()) return {};
  const double black = quantile(sample, low_share), white = quantile(sample, high_share);
  return white > black ? GreyRange{black, white} : GreyRange{black, black + 1};
}

GreyImage slice_picture(const Volume<float>& volume, int64_t z, const GreyRange& range, int64_t bin) {
  const Shape3 shape = volume.shape();
  GreyImage image((shape.y + bin - 1) / bin, (shape.x + bin - 1) / bin);
  for (int64_t row = 0; row < image.rows(); ++row) {
    for (int64_t column = 0; column < image.columns(); ++column) {
      double sum = 0;
      int64_t count = 0;
      for (int64_t y = row * bin; y < std::min(shape.y, (row + 1) * bin); ++y)
        for (int64_t x = column * bin; x < std::min(shape.x, (column + 1) * bin); ++x, ++count)
          sum += std::isfinite(volume(z, y, x)) ? volume(z, y, x) : 0.0f;
      image(image.rows() - 1 - row, column) = grey(sum / static_cast<double>(count), range);
    }
  }
  return image;
}

GreyImage middle_slices(const Volume<float>& cube, int64_t edge) {
  const int64_t n = cube.shape().x, factor = std::max<int64_t>(1, (edge + n - 1) / n), size = n * factor, gap = 4;
  const GreyRange range = grey_range(cube, 0.02, 0.9995);
  GreyImage image(size, 3 * size + 2 * gap);
  const auto value = [&](int panel, int64_t up, int64_t right) -> double {
    up = std::clamp<int64_t>(up, 0, n - 1);
    right = std::clamp<int64_t>(right, 0, n - 1);
    return panel == 0 ? cube(n / 2, up, right) : panel == 1 ? cube(up, n / 2, right) : cube(up, right, n / 2);
  };
  for (int panel = 0; panel < 3; ++panel) {
    for (int64_t row = 0; row < size; ++row) {
      for (int64_t column = 0; column < size; ++column) {
        const double y = (static_cast<double>(size - 1 - row) + 0.5) / static_cast<double>(factor) - 0.5,
                     x = (static_cast<double>(column) + 0.5) / static_cast<double>(factor) - 0.5;
        const auto y0 = static_cast<int64_t>(std::floor(y)), x0 = static_cast<int64_t>(std::floor(x));
        const double v = y - static_cast<double>(y0), u = x - static_cast<double>(x0);
        image(row, panel * (size + gap) + column) =
            grey((1 - v) * ((1 - u) * value(panel, y0, x0) + u * value(panel, y0, x0 + 1)) +
                     v * ((1 - u) * value(panel, y0 + 1, x0) + u * value(panel, y0 + 1, x0 + 1)),
                 range);
      }
    }
  }
  return image;
}

double surface_level(const Volume<float>& map) {
  const auto [least, most] = std::minmax_element(map.begin(), map.end());
  const double low = *least, width = (double{*most} - low) / 256;
  if (!(width > 0)) return low;
  std::array<double, 256> count{};
  for (const float value : map) count[std::min(255, static_cast<int>((value - low) / width))] += 1;
  double all = 0, all_sum = 0, below = 0, below_sum = 0, best = -1;
  for (int i = 0; i < 256; ++i) {
    all += count[i];
    all_sum += i * count[i];
  }
  int first = 0, last = 0;  // of equally good levels: between them no value lies
  for (int i = 0; i < 255; ++i) {
    below += count[i];
    below_sum += i * count[i];
    if (below == 0 || below == all) continue;
    const double apart = below_sum / below - (all_sum - below_sum) / (all - below);
    const double between = below * (all - below) * apart * apart;
    if (between > best * (1 + 1e-12)) {
      best = between;
      first = i;
    }
    if (between >= best * (1 - 1e-12)) last = i;
  }
  return low + (0.5 * (first + last) + 1) * width;
}

Map shrunk(const Map& map, int64_t most) {
  const Shape3 shape = map.voxels.shape();
  const int64_t bin = (std::max({shape.z, shape.y, shape.x}) + most - 1) / most;
  if (bin <= 1) return map;
  Map out{Volume<float>({shape.z / bin, shape.y / bin, shape.x / bin}), map.voxel_size_A * static_cast<double>(bin),
          map.origin_A};
  for (int64_t z = 0; z < shape.z / bin * bin; ++z)
    for (int64_t y = 0; y < shape.y / bin * bin; ++y)
      for (int64_t x = 0; x < shape.x / bin * bin; ++x)
        out.voxels(z / bin, y / bin, x / bin) += map.voxels(z, y, x) / static_cast<float>(bin * bin * bin);
  const double half = 0.5 * static_cast<double>(bin - 1) * map.voxel_size_A;  // a voxel's centre is that of its cube
  out.origin_A = out.origin_A + Vec3{half, half, half};
  return out;
}

std::string base64(std::string_view bytes) {
  constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t here = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < here ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= here ? letters[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace tessera
