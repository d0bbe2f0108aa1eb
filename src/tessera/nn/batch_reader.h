// SPDX-License-Identifier: GPL-3.0-or-later
// Batches read ahead of their use by a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "tessera/nn/examples.h"

namespace tessera {

struct Batch {
  std::vector<float> images;   // n × box³
  std::vector<int> labels;     // n × labels_per_item; empty where there are
  std::vector<float> heat;     // n × heat_maps × box³
  std::vector<int64_t> items;  // places in the source
  int64_t size() const { return static_cast<int64_t>(items.size()); }
};

// Where the batch that begins at `from` ends: a single item that would be left over joins the last batch, for batches
// are normalised over more than one.
size_t batch_end(size_t from, size_t items, size_t batch);

// Reads the items in the given order, `batch` at a time (batch_end), at most `ahead` batches before they are taken.
// What load() throws is thrown by next(). The source must outlive the reader.
class BatchReader {
 public:
  BatchReader(const ExampleSource& source, std::vector<int64_t> order, int64_t batch, uint64_t epoch, size_t ahead = 2);
  ~BatchReader();
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  // The next batch into `batch`; false after the last one.
  bool next(Batch& batch);

 private:
  void read();
  Batch batch_at(size_t from) const;

  const ExampleSource& source_;
  std::vector<int64_t> order_;
  int64_t batch_;
  uint64_t epoch_;
  size_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool finished_ = false, stopped_ = false;
  std::thread thread_;
};

}  // namespace tessera
