// SPDX-License-Identifier: GPL-3.0-or-later
// Structures of the Protein Data Bank by id, through a cache.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/base/sink.h"

namespace tessera {

struct FetchOptions {
  std::string server = "https://files.rcsb.org/download";  // files are SERVER/<ID>.cif.gz and SERVER/<ID>.pdb.gz
  std::filesystem::path cache;
  int retries = 4;               // further attempts after a stall, a broken connection or a 5xx answer
  double first_backoff_s = 0.5;  // doubled at each retry
  double stall_timeout_s = 30;   // give up a connection that brings nothing for that long (checked once a second)
  double connect_timeout_s = 15;
};

// Server: TESSERA_PDB_URL. Cache: TESSERA_CACHE, else XDG_CACHE_HOME/tessera, else HOME/.cache/tessera.
// UserError when none of these is set.
FetchOptions fetch_options_from_environment();

// "1kp8", "pdb_00001kp8" → "1KP8"; extended ids that have no short form stay, in lower case. UserError otherwise.
std::string normalise_pdb_id(const std::string& id);

// The cached file of an entry, downloaded if needed. An interrupted download is resumed (Range), also by a later run.
// What arrives must be whole gzip and a structure with atoms, of that id where it names one, before it enters the
// cache. Two runs that want the same entry wait for each other. UserError: bad id. IoError: no such entry (404, naming
// the id), server or network trouble after all retries, answer that is no structure, cache folder not writable.
// Interrupted when *stop becomes true.
std::filesystem::path fetch_structure(const std::string& id, const FetchOptions& options, Sink& sink,
                                      const std::atomic<bool>* stop = nullptr);

// Checks all ids first, then fetches each and copies it into `folder` (made if missing). Returns the copies in order.
// Entries that fail do not stop the others; one IoError at the end names them all.
std::vector<std::filesystem::path> fetch_structures(const std::vector<std::string>& ids,
                                                    const std::filesystem::path& folder, const FetchOptions& options,
                                                    Sink& sink, const std::atomic<bool>* stop = nullptr);

}  // namespace tessera
