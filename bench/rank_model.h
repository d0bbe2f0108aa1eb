// SPDX-License-Identifier: GPL-3.0-or-later
// What an iteration of `average` costs on any number of ranks, from what its parts cost on one (docs/cluster.md).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tessera/parallel/blocks.h"

namespace tessera::bench {

// Seconds of one rank with one thread on a processor of its own.
struct RankParts {
  // Of a particle: read once; in every iteration the E-step, and its part in the sums.
  double reading_s = 0, expectation_s = 0, summing_s = 0;
  double sharing_s = 0;    // of a particle: its pose packed, sent and unpacked, but for the network
  double alike_s = 0;      // of an iteration, what every rank does: references, FSC, masks, maps
  double writing_s = 0;    // of an iteration: rank 0 writes maps; the others wait
  double recording_s = 0;  // of a particle and iteration: its lines of the list and the checkpoint
  double own_block_s = 0;  // to add the sums of a block to the total, alone
  // Among several ranks: a block's sums made ready to be sent; those received, as many as a block has, added; all of
  // the total put together at the end.
  double sending_block_s = 0, adding_block_s = 0, total_s = 0;
  int64_t block_bytes = 0;  // the sums of a block
  double pose_bytes = 0;    // what is told of a particle after the E-step
};

struct Network {
  double latency_s = 0, bytes_per_s = 0;
};

struct RankJob {
  int64_t particles = 0;
  int ranks = 1;
  int cores = 0;  // in all; ranks beyond them take turns. 0: one for each rank
};

struct IterationCost {
  double shared_s = 0;   // particles, by the rank that has most of them
  double alike_s = 0;    // done by all ranks, or by rank 0 while they wait
  double sums_s = 0;     // its blocks sent, its share of the components of all blocks added, the total put together
  double network_s = 0;  // waiting for latency and bandwidth
  int64_t gathers = 0, exchanges = 0, received_bytes = 0;
  double computing_s() const { return shared_s + alike_s + sums_s; }
  double total_s() const { return computing_s() + network_s; }
};

// A gather in a ring: every rank passes on what the others have, in ranks − 1 steps; the lengths travel before, in
// log₂ ranks steps. An exchange takes as many, one for each other rank. bytes: received, with one's own.
inline double gather_seconds(double bytes, int ranks, const Network& network) {
  const double steps = ranks - 1 + std::ceil(std::log2(ranks));
  return ranks == 1 ? 0 : steps * network.latency_s + bytes * (ranks - 1) / ranks / network.bytes_per_s;
}

// Particles of the rank that has most of them.
inline int64_t largest_share(const RankJob& job) {
  const Blocks blocks(job.particles);
  int64_t largest = 0;
  for (int rank = 0; rank < std::min(job.ranks, blocks.count()); ++rank) {
    int64_t own = 0;
    for (int b = rank; b < blocks.count(); b += job.ranks) own += blocks.block(b).end - blocks.block(b).begin;
    largest = std::max(largest, own);
  }
  return largest;
}

inline IterationCost iteration_cost(const RankParts& parts, const RankJob& job, const Network& network) {
  const auto particles = static_cast<double>(job.particles);
  const int64_t blocks = Blocks(job.particles).count(), rounds = (blocks + job.ranks - 1) / job.ranks;
  const double turns = job.cores > 0 ? std::max(1.0, static_cast<double>(job.ranks) / job.cores) : 1;
  IterationCost out;
  out.shared_s = turns * static_cast<double>(largest_share(job)) * (parts.expectation_s + parts.summing_s);
  out.alike_s = turns * parts.alike_s + parts.writing_s + particles * parts.recording_s;
  if (job.ranks == 1) {
    out.sums_s = static_cast<double>(blocks) * parts.own_block_s;
    return out;
  }
  out.alike_s += turns * particles * parts.sharing_s;
  const auto share = static_cast<double>(blocks) / job.ranks, total = static_cast<double>(parts.block_bytes);
  out.sums_s =
      turns * (static_cast<double>(rounds) * parts.sending_block_s + share * parts.adding_block_s + parts.total_s);
  out.gathers = 2;
  out.exchanges = rounds;
  const double poses = particles * parts.pose_bytes;
  out.received_bytes = static_cast<int64_t>(poses + share * total + total);
  out.network_s = gather_seconds(poses, job.ranks, network) + gather_seconds(total, job.ranks, network);
  for (int64_t round = 0; round < rounds; ++round) {
    const auto in_round = static_cast<double>(std::min<int64_t>(job.ranks, blocks - round * job.ranks));
    out.network_s += gather_seconds(in_round * total / job.ranks, job.ranks, network);
  }
  return out;
}

}  // namespace tessera::bench
