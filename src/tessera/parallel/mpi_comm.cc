// SPDX-License-Identifier: GPL-3.0-or-later
// The only file that sees MPI; built as libtessera_mpi.so.
#include "tessera/parallel/mpi_comm.h"

#include <mpi.h>

#include <algorithm>
#include <exception>

namespace tessera {
namespace {

class MpiComm : public Comm {
 public:
  MpiComm() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  // Not while an error is on its way: the others would not come. The program ends them all (end_all_ranks).
  ~MpiComm() override {
    if (std::uncaught_exceptions() == 0) MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void barrier() override { MPI_Barrier(MPI_COMM_WORLD); }

  std::vector<std::vector<std::byte>> gather_bytes(std::span<const std::byte> mine) override {
    const auto bytes = static_cast<int64_t>(mine.size());
    std::vector<int64_t> sizes(size_);
    MPI_Allgather(&bytes, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, MPI_COMM_WORLD);
    std::vector<std::vector<std::byte>> out = room_for(sizes);
    const int64_t largest = *std::max_element(sizes.begin(), sizes.end()), chunk = longest_piece();
    for (int64_t first = 0; first < largest; first += chunk) {
      Pieces in = pieces_of(sizes, first, chunk);
      MPI_Allgatherv(mine.data() + std::min(first, bytes), in.counts[rank_], MPI_BYTE, in.bytes.data(),
                     in.counts.data(), in.places.data(), MPI_BYTE, MPI_COMM_WORLD);
      take(in, first, out);
    }
    return out;
  }

  std::vector<std::vector<std::byte>> exchange_bytes(
      const std::vector<std::span<const std::byte>>& for_ranks) override {
    std::vector<int64_t> own, sizes(size_);
    for (const auto& parcel : for_ranks) own.push_back(std::ssize(parcel));
    MPI_Alltoall(own.data(), 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, MPI_COMM_WORLD);
    int64_t largest =
        std::max(*std::max_element(own.begin(), own.end()), *std::max_element(sizes.begin(), sizes.end()));
    MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_INT64_T, MPI_MAX, MPI_COMM_WORLD);
    std::vector<std::vector<std::byte>> out = room_for(sizes);
    const int64_t chunk = longest_piece();
    for (int64_t first = 0; first < largest; first += chunk) {
      Pieces from = pieces_of(own, first, chunk), in = pieces_of(sizes, first, chunk);
      for (int r = 0; r < size_; ++r)
        std::copy_n(for_ranks[r].data() + std::min(first, own[r]), from.counts[r], from.bytes.data() + from.places[r]);
      MPI_Alltoallv(from.bytes.data(), from.counts.data(), from.places.data(), MPI_BYTE, in.bytes.data(),
                    in.counts.data(), in.places.data(), MPI_BYTE, MPI_COMM_WORLD);
      take(in, first, out);
    }
    return out;
  }

 private:
  // What travels at once, a piece for each rank: at most 1 GiB together, for MPI counts with 32 bits.
  struct Pieces {
    std::vector<int> counts, places;
    std::vector<std::byte> bytes;
  };
  int64_t longest_piece() const { return (int64_t{1} << 30) / size_; }

  Pieces pieces_of(const std::vector<int64_t>& sizes, int64_t first, int64_t longest) const {
    Pieces out;
    int total = 0;
    for (const int64_t size : sizes) {
      out.counts.push_back(static_cast<int>(std::clamp<int64_t>(size - first, 0, longest)));
      out.places.push_back(total);
      total += out.counts.back();
    }
    out.bytes.resize(static_cast<size_t>(total));
    return out;
  }
  static void take(const Pieces& pieces, int64_t first, std::vector<std::vector<std::byte>>& out) {
    for (size_t r = 0; r < out.size(); ++r)
      std::copy_n(pieces.bytes.data() + pieces.places[r], pieces.counts[r],
                  out[r].data() + std::min(first, std::ssize(out[r])));
  }
  static std::vector<std::vector<std::byte>> room_for(const std::vector<int64_t>& sizes) {
    std::vector<std::vector<std::byte>> out;
    for (const int64_t size : sizes) out.emplace_back(static_cast<size_t>(size));
    return out;
  }

  int rank_ = 0, size_ = 1;
};

}  // namespace

extern "C" Comm* tessera_mpi_make_comm() {
  return new MpiComm;
}

extern "C" void tessera_mpi_end_all_ranks(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
}

}  // namespace tessera
