// SPDX-License-Identifier: GPL-3.0-or-later
// Counts what the ranks of a run say to each other, so that it can be multiplied out for ranks that are not there.
#pragma once

#include "tessera/parallel/comm.h"

namespace tessera {

// Of one rank, since its CountedComm was made.
struct Traffic {
  int64_t gathers = 0, exchanges = 0, barriers = 0;
  int64_t sent_bytes = 0, received_bytes = 0;  // received: from all ranks, itself included
  double seconds = 0;                          // in all three, by the clock: waiting and sending
  double processor_seconds = 0;                // of this process meanwhile: MPI may wait by asking again and again
};
Traffic operator-(const Traffic& a, const Traffic& b);

// Passes everything on to `inner`, which the caller keeps.
class CountedComm : public Comm {
 public:
  explicit CountedComm(Comm& inner) : inner_(inner) {}
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  void barrier() override;
  std::vector<std::vector<std::byte>> gather_bytes(std::span<const std::byte> mine) override;
  std::vector<std::vector<std::byte>> exchange_bytes(const std::vector<std::span<const std::byte>>& for_ranks) override;

  const Traffic& traffic() const { return traffic_; }

 private:
  Comm& inner_;
  Traffic traffic_;
};

// Of all threads of this process, in the program and in the system.
double processor_seconds();

}  // namespace tessera
