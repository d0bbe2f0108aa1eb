// SPDX-License-Identifier: GPL-3.0-or-later
// The state of an averaging run on disk, and its reports as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "tessera/average/averager.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct Checkpoint {
  std::string identity;  // of the request: a checkpoint of another one is refused
  AverageState state;
};

// CBOR (RFC 8949), atomic; numbers keep all their bits.
void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);
// Nothing when there is no such file. IoError when it is damaged, UserError when its identity is another.
std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, const std::string& identity);

// IoError naming `path` when the state is not one of that many particles and classes in boxes of that size: sizes that
// differ, classes and poses that are not there.
void require_fitting_state(const AverageState& state, int64_t particles, int classes, int64_t box,
                           const std::filesystem::path& path);

nlohmann::ordered_json report_json(const IterationReport& report);
nlohmann::ordered_json start_json(const std::vector<StartPass>& passes);
// null without a point group.
nlohmann::ordered_json symmetry_json(const std::optional<SymmetryStatus>& symmetry);

}  // namespace tessera
