// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/parallel/counted_comm.h"

#include <ctime>

#include "tessera/base/stopwatch.h"

namespace tessera {
namespace {

// Adds the time from its making to its end.
class Waiting {
 public:
  explicit Waiting(Traffic& traffic) : traffic_(traffic) {}
  ~Waiting() {
    traffic_.seconds += watch_.seconds();
    traffic_.processor_seconds += processor_seconds() - processor_start_;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Traffic& traffic_;
  Stopwatch watch_;
  double processor_start_ = processor_seconds();
};

}  // namespace

Traffic operator-(const Traffic& a, const Traffic& b) {
  return {a.gathers - b.gathers,
          a.exchanges - b.exchanges,
          a.barriers - b.barriers,
          a.sent_bytes - b.sent_bytes,
          a.received_bytes - b.received_bytes,
          a.seconds - b.seconds,
          a.processor_seconds - b.processor_seconds};
}

void CountedComm::barrier() {
  const Waiting waiting(traffic_);
  ++traffic_.barriers;
  inner_.barrier();
}

std::vector<std::vector<std::byte>> CountedComm::gather_bytes(std::span<const std::byte> mine) {
  const Waiting waiting(traffic_);
  ++traffic_.gathers;
  traffic_.sent_bytes += std::ssize(mine);
  auto all = inner_.gather_bytes(mine);
  for (const auto& of_rank : all) traffic_.received_bytes += std::ssize(of_rank);
  return all;
}

std::vector<std::vector<std::byte>> CountedComm::exchange_bytes(
    const std::vector<std::span<const std::byte>>& for_ranks) {
  const Waiting waiting(traffic_);
  ++traffic_.exchanges;
  for (const auto& parcel : for_ranks) traffic_.sent_bytes += std::ssize(parcel);
  auto all = inner_.exchange_bytes(for_ranks);
  for (const auto& of_rank : all) traffic_.received_bytes += std::ssize(of_rank);
  return all;
}

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace tessera
