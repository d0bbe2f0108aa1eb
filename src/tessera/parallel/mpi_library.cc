// SPDX-License-Identifier: GPL-3.0-or-later
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "tessera/base/errors.h"
#include "tessera/parallel/mpi_comm.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text ? std::max(0, std::atoi(text)) : 0;
}

// Beside the program, above it (programs of the build tree), or where `make install` puts it.
fs::path library_path() {
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path(), above = folder.parent_path();
  for (const fs::path& place : {folder, above, above.parent_path(), above / "lib" / "tessera"})
    if (fs::exists(place / mpi_library_name, ignored)) return place / mpi_library_name;
  throw UserError(
      fmt::format("started as one of {} ranks, which need {} beside this program: install Open MPI (apt-get install "
                  "libopenmpi-dev openmpi-bin) and build Tessera again, or run without mpirun",
                  launched_ranks(), mpi_library_name));
}

EndAllRanks end_entry = nullptr;

}  // namespace

int launched_ranks() {
  if (const int ranks = number_in("OMPI_COMM_WORLD_SIZE")) return ranks;
  if (std::getenv("PMIX_RANK")) return std::max(1, number_in("SLURM_NTASKS"));
  return std::max(1, number_in("PMI_SIZE"));
}

int rank_of_job() {
  if (launched_ranks() == 1) return 0;
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (std::getenv(variable)) return number_in(variable);
  return 0;
}

std::unique_ptr<Comm> make_comm() {
  if (launched_ranks() == 1) return std::make_unique<LocalComm>();
  const fs::path path = library_path();
  // Open MPI opens parts of itself that look for its names among those of the whole program.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  const auto make = library ? reinterpret_cast<MakeComm>(dlsym(library, "tessera_mpi_make_comm")) : nullptr;
  end_entry = library ? reinterpret_cast<EndAllRanks>(dlsym(library, "tessera_mpi_end_all_ranks")) : nullptr;
  if (!make || !end_entry) {
    const char* cause = dlerror();
    throw UserError(fmt::format("{} cannot be opened ({}); build again, with the Open MPI that is installed",
                                path.string(), cause ? cause : "no entry point"));
  }
  return std::unique_ptr<Comm>(make());
}

void end_all_ranks(int exit_code) {
  if (end_entry) end_entry(exit_code);
}

int ranks_beside(Comm& comm) {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  const auto all = comm.gather(std::span<const char>(name));
  return static_cast<int>(std::count_if(
      all.begin(), all.end(), [&](const auto& other) { return std::equal(other.begin(), other.end(), name.begin()); }));
}

}  // namespace tessera
