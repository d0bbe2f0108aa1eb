// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/sink.h"

#include <algorithm>

namespace tessera {

Progress::Progress(Sink& sink, std::string title, int64_t total)
    : sink_(sink), title_(std::move(title)), total_(total) {
  if (total_ > 0) sink_.progress(title_, 0, total_, 0.0);
}

void Progress::advance(int64_t count) {
  if (done_ >= total_) return;  // ended, or nothing to do: reported once
  done_ = std::min(done_ + count, total_);
  const auto now = Clock::now();
  if (done_ < total_ && now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  sink_.progress(title_, done_, total_, std::chrono::duration<double>(now - start_).count());
}

}  // namespace tessera
