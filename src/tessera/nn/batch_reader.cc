// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/nn/batch_reader.h"

#include <algorithm>

namespace tessera {

size_t batch_end(size_t from, size_t items, size_t batch) {
  const size_t to = std::min(items, from + batch);
  return to + 1 == items ? items : to;
}

BatchReader::BatchReader(const ExampleSource& source, std::vector<int64_t> order, int64_t batch, uint64_t epoch,
                         size_t ahead)
    : source_(source), order_(std::move(order)), batch_(batch), epoch_(epoch), ahead_(ahead) {
  thread_ = std::thread([this] { read(); });
}

BatchReader::~BatchReader() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Batch BatchReader::batch_at(size_t from) const {
  Batch out;
  const size_t to = batch_end(from, order_.size(), static_cast<size_t>(batch_));
  out.items.assign(order_.begin() + static_cast<int64_t>(from), order_.begin() + static_cast<int64_t>(to));
  const int64_t voxels = int64_t{1} * source_.box() * source_.box() * source_.box();
  out.images.resize(out.items.size() * static_cast<size_t>(voxels));
  const auto heat = static_cast<size_t>(source_.heat_maps() * voxels);
  const auto labels = static_cast<size_t>(heat > 0 ? 0 : source_.labels_per_item());
  out.labels.resize(out.items.size() * labels);
  out.heat.resize(out.items.size() * heat);
  for (size_t i = 0; i < out.items.size(); ++i) {
    if (labels > 0) source_.load_labels(out.items[i], epoch_, out.labels.data() + i * labels);
    if (heat > 0) source_.load_heat(out.items[i], epoch_, out.heat.data() + i * heat);
    source_.load(out.items[i], epoch_, out.images.data() + i * static_cast<size_t>(voxels));
  }
  return out;
}

void BatchReader::read() {
  try {
    for (size_t from = 0; from < order_.size();) {
      Batch batch = batch_at(from);
      from += batch.items.size();
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || ready_.size() < ahead_; });
      if (stopped_) return;
      ready_.push_back(std::move(batch));
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

bool BatchReader::next(Batch& batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return finished_ || !ready_.empty(); });
  if (ready_.empty()) {
    if (failure_) std::rethrow_exception(failure_);
    return false;
  }
  batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return true;
}

}  // namespace tessera
