// SPDX-License-Identifier: GPL-3.0-or-later
// The tomogram that a verb works on.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "tessera/base/errors.h"
#include "tessera/base/sink.h"
#include "tessera/io/mrc_window.h"
#include "tessera/pick/tomogram_transfer.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

// An opened tomogram; boxes are read from its file.
struct TomogramFile {
  std::shared_ptr<const MrcWindows> file;
  Tomogram tomogram;
};

// `given`, or else what the header says. UserError where it says nothing.
double tomogram_voxel_size(const std::filesystem::path& path, const MrcInfo& info, std::optional<double> given);

// voxel_size_A: instead of what the header says, or where it says nothing. IoError as MrcWindows; UserError where the
// voxel size is unknown.
TomogramFile open_tomogram(const std::filesystem::path& path, std::optional<double> voxel_size_A, Sink& sink);

// Faults of the options and of the file of tilts they name.
void check_transfer(Faults& faults, const TransferOptions& options);
// With the angles of options.tilts. Warns where no tilt range is known: `consequence` says what follows.
TomogramTransfer read_transfer(const TransferOptions& options, const std::string& consequence, Sink& sink);

}  // namespace tessera
