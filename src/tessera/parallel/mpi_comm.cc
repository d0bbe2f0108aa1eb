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

  // In rounds of at most 1 GiB for all ranks together: MPI counts with 32 bits.
  std::vector<std::vector<std::byte>> gather_bytes(std::span<const std::byte> mine) override {
    const auto bytes = static_cast<int64_t>(mine.size());
    std::vector<int64_t> sizes(size_);
    MPI_Allgather(&bytes, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, MPI_COMM_WORLD);
    std::vector<std::vector<std::byte>> out(size_);
    for (int r = 0; r < size_; ++r) out[r].resize(static_cast<size_t>(sizes[r]));
    const int64_t largest = *std::max_element(sizes.begin(), sizes.end()), chunk = (int64_t{1} << 30) / size_;
    std::vector<std::byte> together;
    for (int64_t first = 0; first < largest; first += chunk) {
      std::vector<int> counts(size_), places(size_);
      int total = 0;
      for (int r = 0; r < size_; ++r) {
        counts[r] = static_cast<int>(std::clamp<int64_t>(sizes[r] - first, 0, chunk));
        places[r] = total;
        total += counts[r];
      }
      together.resize(static_cast<size_t>(total));
      MPI_Allgatherv(mine.data() + std::min(first, bytes), counts[rank_], MPI_BYTE, together.data(), counts.data(),
                     places.data(), MPI_BYTE, MPI_COMM_WORLD);
      for (int r = 0; r < size_; ++r)
        std::copy_n(together.data() + places[r], counts[r], out[r].data() + std::min(first, sizes[r]));
    }
    return out;
  }

 private:
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
