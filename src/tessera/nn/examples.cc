// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/examples.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/io/mrc.h"

namespace tessera {

bool normalise_box(float* values, int64_t count) {
  double sum = 0, square = 0;
  for (int64_t i = 0; i < count; ++i) sum += values[i];
  const double mean = sum / static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i) square += (values[i] - mean) * (values[i] - mean);
  const double deviation = std::sqrt(square / static_cast<double>(count));
  if (!(deviation > 1e-12 * std::abs(mean)) || deviation == 0) return false;
  for (int64_t i = 0; i < count; ++i) values[i] = static_cast<float>((values[i] - mean) / deviation);
  return true;
}

void turn_box(const float* from, int64_t edge, HalfTurn turn, float* to) {
  // A half turn negates the two other axes; index i goes to n − i, the place of 0 stays (n/2 lies in the middle).
  const bool negate_x = turn == HalfTurn::y || turn == HalfTurn::z,
             negate_y = turn == HalfTurn::x || turn == HalfTurn::z,
             negate_z = turn == HalfTurn::x || turn == HalfTurn::y;
  const auto place = [edge](int64_t i, bool negate) { return negate ? (2 * (edge / 2) - i + edge) % edge : i; };
  for (int64_t z = 0; z < edge; ++z)
    for (int64_t y = 0; y < edge; ++y) {
      const float* row = from + (place(z, negate_z) * edge + place(y, negate_y)) * edge;
      for (int64_t x = 0; x < edge; ++x) *to++ = row[place(x, negate_x)];
    }
}

void shift_box(const float* from, int64_t edge, std::array<int, 3> shift, float* to) {
  const auto source = [edge](int64_t i, int by) { return ((i - by) % edge + edge) % edge; };
  for (int64_t z = 0; z < edge; ++z)
    for (int64_t y = 0; y < edge; ++y) {
      const float* row = from + (source(z, shift[2]) * edge + source(y, shift[1])) * edge;
      for (int64_t x = 0; x < edge; ++x) *to++ = row[source(x, shift[0])];
    }
}

std::vector<HalfTurn> allowed_turns(const Volume<float>& weight) {
  if (weight.empty()) return {HalfTurn::none, HalfTurn::x, HalfTurn::y, HalfTurn::z};
  std::vector<HalfTurn> out = {HalfTurn::none};
  const int64_t edge = weight.shape().x;
  double largest = 0;
  for (const float value : weight) largest = std::max(largest, static_cast<double>(std::abs(value)));
  Volume<float> turned(weight.shape());
  for (const HalfTurn turn : {HalfTurn::x, HalfTurn::y, HalfTurn::z}) {
    turn_box(weight.data(), edge, turn, turned.data());
    double difference = 0, observed = 0;
    for (int64_t i = 0; i < weight.size(); ++i) {
      difference += std::abs(turned[i] - weight[i]);
      observed += weight[i] != 0;
    }
    if (difference <= 0.05 * largest * observed) out.push_back(turn);
  }
  return out;
}

FileExamples::FileExamples(std::vector<std::filesystem::path> files, std::vector<int> labels, int box, Options options)
    : files_(std::move(files)), labels_(std::move(labels)), box_(box), options_(std::move(options)) {
  if (files_.size() != labels_.size()) throw InternalError("as many labels as files are needed");
}

void FileExamples::load(int64_t i, uint64_t epoch, float* to) const {
  Map map = read_mrc(files_[i]);
  if (map.voxels.shape() != Shape3::cube(box_))
    throw IoError(fmt::format("{}: {}×{}×{} voxels where {}³ are needed", files_[i].string(), map.voxels.shape().x,
                              map.voxels.shape().y, map.voxels.shape().z, box_));
  if (!normalise_box(map.voxels.data(), map.voxels.size()))
    throw IoError(fmt::format("{}: every voxel has the same value; leave it out of the list", files_[i].string()));
  if (!options_.augment) {
    std::copy(map.voxels.begin(), map.voxels.end(), to);
    return;
  }
  Random random(options_.seed, "augmentation", epoch * files_.size() + static_cast<uint64_t>(i));
  const HalfTurn turn = options_.turns[random.below(options_.turns.size())];
  const auto reach = 2 * static_cast<uint64_t>(options_.shift_voxels) + 1;
  std::array<int, 3> shift;
  for (int& s : shift) s = static_cast<int>(random.below(reach)) - options_.shift_voxels;
  Volume<float> turned(map.voxels.shape());
  turn_box(map.voxels.data(), box_, turn, turned.data());
  shift_box(turned.data(), box_, shift, to);
}

}  // namespace tessera
