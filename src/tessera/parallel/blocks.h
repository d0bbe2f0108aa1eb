// SPDX-License-Identifier: GPL-3.0-or-later
// Items in fixed blocks, dealt to the ranks in turn: what is summed block by block, blocks in order, has the same bits
// for any number of ranks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tessera/parallel/comm.h"

namespace tessera {

class Blocks {
 public:
  // Blocks of at least 8 items; of at least 16 where that makes more than 256 of them; at most 4096. More ranks than
  // blocks have nothing to do.
  explicit Blocks(int64_t items) : items_(items) {
    const int64_t of_eight = std::clamp<int64_t>(items / 8, 1, 256), of_sixteen = std::min<int64_t>(items / 16, 4096);
    count_ = static_cast<int>(std::max(of_eight, of_sixteen));
  }

  int count() const { return count_; }
  Share block(int b) const { return share_of(items_, b, count_); }
  // Blocks b with b mod size = rank belong to the rank.
  int owner(int b, int size) const { return b % size; }

  // Of [0, items), ascending.
  std::vector<int64_t> items_of(const Comm& comm) const {
    std::vector<int64_t> out;
    for (int b = comm.rank(); b < count_; b += comm.size())
      for (int64_t i = block(b).begin; i < block(b).end; ++i) out.push_back(i);
    return out;
  }

 private:
  int64_t items_;
  int count_ = 1;
};

}  // namespace tessera
