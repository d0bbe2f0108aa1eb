// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/packing_window.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace tessera {
namespace {

constexpr uint64_t row_mask = (uint64_t{1} << PackingWindow::edge) - 1;

uint64_t load(const uint8_t* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// 56 bits from bit `at` on.
uint64_t load_bits(const uint8_t* row, int64_t at) {
  return load(row + (at >> 3)) >> (at & 7);
}

// A run as two places to look at, together covering it, in the array of its level.
struct Look {
  int64_t byte[2];
  uint8_t shift[2];
};

}  // namespace

// Bit b of local row (z, y) is voxel first + (z − margin, y − margin, b − margin), margin = reach + 1.
PackingWindow::PackingWindow(const Volume<uint8_t>& occupancy, Voxel first, int reach)
    : first_(first), reach_(reach + 1), rows_(edge + 2 * reach_) {
  const Shape3 shape = occupancy.shape();
  size_ = {std::clamp<int64_t>(shape.z - first.z, 0, edge), std::clamp<int64_t>(shape.y - first.y, 0, edge),
           std::clamp<int64_t>(shape.x - first.x, 0, edge)};
  row_bytes_ = (rows_ + 7) / 8 + 8;
  level_bytes_ = rows_ * rows_ * row_bytes_;
  bits_.assign(static_cast<size_t>(levels * level_bytes_ + 8), 0xff);
  const int64_t low = std::max<int64_t>(0, first.x - reach_), high = std::min(shape.x, first.x - reach_ + rows_);
  for (int64_t z = 0; z < rows_; ++z)
    for (int64_t y = 0; y < rows_; ++y) {
      const int64_t vz = first.z + z - reach_, vy = first.y + y - reach_;
      if (vz >= 0 && vy >= 0 && vz < shape.z && vy < shape.y) {
        const uint8_t* from = &occupancy(vz, vy, 0);
        uint8_t* to = row(0, z, y);
        for (int64_t x = low; x < high; ++x)
          if (!from[x]) {
            const int64_t bit = x - first.x + reach_;
            to[bit >> 3] &= static_cast<uint8_t>(~(1u << (bit & 7)));
          }
      }
      refresh_row(z, y);
    }
}

// Past the end of a row everything is occupied; nothing is looked at there.
void PackingWindow::refresh_row(int64_t z, int64_t y) {
  for (int level = 1; level < levels; ++level) {
    const uint8_t* from = row(level - 1, z, y);
    uint8_t* to = row(level, z, y);
    const int step = 1 << (level - 1);
    for (int64_t byte = 0; byte + 8 <= row_bytes_; byte += 4) {
      const uint64_t here = load(from + byte);
      const auto word = static_cast<uint32_t>(here | here >> step);
      std::memcpy(to + byte, &word, sizeof word);
    }
  }
}

bool PackingWindow::find_free(const BodyMask& mask, std::vector<uint64_t>& free) const {
  std::vector<Look> looks;
  looks.reserve(mask.keep_out.size());
  const auto add_look = [&](int64_t z, int64_t y, int64_t x, int64_t length) {
    const int level = std::min(levels - 1, static_cast<int>(std::bit_width(static_cast<uint64_t>(length))) - 1);
    const int64_t start = level * level_bytes_ + (z * rows_ + y) * row_bytes_, end = x + length - (int64_t{1} << level);
    looks.push_back(
        {{start + (x >> 3), start + (end >> 3)}, {static_cast<uint8_t>(x & 7), static_cast<uint8_t>(end & 7)}});
  };
  constexpr int64_t longest = int64_t{2} << (levels - 1);
  // Visited in a scattered order, so that each row of positions meets different parts of the body early.
  const auto count = static_cast<int64_t>(mask.keep_out.size());
  int64_t stride = std::max<int64_t>(1, count * 618 / 1000);
  while (std::gcd(stride, count) != 1) ++stride;
  for (int64_t i = 0, at = count / 2; i < count; ++i, at = (at + stride) % count) {
    const MaskRun& run = mask.keep_out[at];
    for (int64_t x = 0; x < run.length; x += longest)
      add_look(run.z + reach_, run.y + reach_, run.x + x + reach_, std::min<int64_t>(longest, run.length - x));
  }
  free.assign(static_cast<size_t>(edge) * edge, 0);
  const uint64_t positions = size_[2] == 0 ? 0 : row_mask >> (edge - size_[2]);
  bool any = false;
  for (int64_t z = 0; z < size_[0]; ++z)
    for (int64_t y = 0; y < size_[1]; ++y) {
      const uint8_t* base = bits_.data() + (z * rows_ + y) * row_bytes_;
      uint64_t blocked = ~positions;
      for (const Look& look : looks) {
        blocked |= load(base + look.byte[0]) >> look.shift[0] | load(base + look.byte[1]) >> look.shift[1];
        if ((~blocked & row_mask) == 0) break;
      }
      free[z * edge + y] = ~blocked & row_mask;
      any |= free[z * edge + y] != 0;
    }
  return any;
}

bool PackingWindow::fits(const BodyMask& mask, Voxel position) const {
  const int64_t z0 = position.z - first_.z + reach_, y0 = position.y - first_.y + reach_,
                x0 = position.x - first_.x + reach_;
  for (const MaskRun& run : mask.keep_out)
    for (int64_t x = 0; x < run.length; x += edge) {
      const uint64_t bits = load_bits(row(0, z0 + run.z, y0 + run.y), x0 + run.x + x);
      if (bits & (row_mask >> (edge - std::min<int64_t>(edge, run.length - x)))) return false;
    }
  return true;
}

int64_t PackingWindow::contacts(const BodyMask& mask, Voxel position) const {
  const int64_t z0 = position.z - first_.z + reach_, y0 = position.y - first_.y + reach_,
                x0 = position.x - first_.x + reach_;
  int64_t out = 0;
  for (const MaskChunk& chunk : mask.shell)
    out += std::popcount(load_bits(row(0, z0 + chunk.z, y0 + chunk.y), x0 + chunk.x) & chunk.bits);
  return out;
}

void PackingWindow::add(const BodyMask& mask, Voxel position) {
  add_runs(mask.voxels, position);
  add_runs(mask.sealed, position);
}

void PackingWindow::add_runs(const std::vector<MaskRun>& runs, Voxel position) {
  const int64_t z0 = position.z - first_.z + reach_, y0 = position.y - first_.y + reach_,
                x0 = position.x - first_.x + reach_;
  for (size_t i = 0; i < runs.size(); ++i) {
    const MaskRun& run = runs[i];
    const int64_t z = z0 + run.z, y = y0 + run.y;
    uint8_t* bytes = row(0, z, y);
    for (int64_t bit = x0 + run.x; bit < x0 + run.x + run.length; ++bit)
      bytes[bit >> 3] |= static_cast<uint8_t>(1u << (bit & 7));
    const bool row_done = i + 1 == runs.size() || runs[i + 1].y != run.y || runs[i + 1].z != run.z;
    if (row_done) refresh_row(z, y);
  }
}

int64_t PackingWindow::empty_voxels() const {
  int64_t out = 0;
  const uint64_t positions = size_[2] == 0 ? 0 : row_mask >> (edge - size_[2]);
  for (int64_t z = 0; z < size_[0]; ++z)
    for (int64_t y = 0; y < size_[1]; ++y)
      out += std::popcount(~load_bits(row(0, z + reach_, y + reach_), reach_) & positions);
  return out;
}

std::array<std::vector<uint64_t>, 7> by_blocked_neighbours(const std::vector<uint64_t>& free) {
  constexpr int64_t n = PackingWindow::edge;
  std::array<std::vector<uint64_t>, 7> out;
  for (auto& set : out) set.assign(free.size(), 0);
  for (int64_t z = 0; z < n; ++z)
    for (int64_t y = 0; y < n; ++y) {
      const uint64_t here = free[z * n + y];
      if (!here) continue;
      const auto blocked = [&](int64_t kz, int64_t ky) {
        return kz < 0 || ky < 0 || kz >= n || ky >= n ? uint64_t{0} : ~free[kz * n + ky];
      };
      const uint64_t sides[6] = {blocked(z - 1, y), blocked(z + 1, y), blocked(z, y - 1),
                                 blocked(z, y + 1), ~(here << 1 | 1),  ~(here >> 1 | uint64_t{1} << (n - 1))};
      uint64_t one = 0, two = 0, four = 0;  // binary digits of the count
      for (const uint64_t side : sides) {
        const uint64_t carry = one & side;
        one ^= side;
        four |= two & carry;
        two ^= carry;
      }
      for (int k = 0; k < 7; ++k)
        out[k][z * n + y] = here & (k & 1 ? one : ~one) & (k & 2 ? two : ~two) & (k & 4 ? four : ~four);
    }
  return out;
}

}  // namespace tessera
