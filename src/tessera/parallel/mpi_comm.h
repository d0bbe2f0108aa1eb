// SPDX-License-Identifier: GPL-3.0-or-later
// The ranks of a job started by mpirun or srun.
#pragma once

#include <memory>
#include <string>

#include "tessera/parallel/comm.h"

namespace tessera {

// How many ranks the launcher (Open MPI's mpirun, or srun with PMIx) says this process is one of; 1 without a launcher.
// Reads the environment alone.
int launched_ranks();

// Which of them this process is, from 0.
int rank_of_job();

// The ranks of this job: those of MPI when there are several, else LocalComm. MPI is opened only then, from
// libtessera_mpi.so, so that a call without mpirun pays nothing for it (docs/performance.md). At most one at a time;
// its end waits for all ranks. UserError when the library is not there.
std::unique_ptr<Comm> make_comm();

// Ends every rank of the job, after a rank has failed: none waits for it for ever. Does nothing with one rank.
void end_all_ranks(int exit_code);

// How many ranks run on the machine of this one: they share its memory. Collective.
int ranks_beside(Comm& comm);

// The names by which libtessera_mpi.so is opened.
inline constexpr const char* mpi_library_name = "libtessera_mpi.so";
using MakeComm = Comm* (*)();
using EndAllRanks = void (*)(int exit_code);
extern "C" {
tessera::Comm* tessera_mpi_make_comm();
void tessera_mpi_end_all_ranks(int exit_code);
}

}  // namespace tessera
