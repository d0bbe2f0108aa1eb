// SPDX-License-Identifier: GPL-3.0-or-later
// The mask that a user gives for averages.
#pragma once

#include <filesystem>

#include "tessera/average/options.h"
#include "tessera/base/sink.h"
#include "tessera/volume/volume.h"

namespace tessera {

// A map of the particles' box and voxel size with values from 0 to 1 (1e-3 tolerance, cut off), somewhere above ½.
// IoError for another box or size, UserError for other values, or where a class's point group would turn the mask into
// something else (correlation with the mean of its turned copies below 0.95). A warning without a soft edge.
Volume<float> read_mask(const std::filesystem::path& path, int64_t box, double voxel_size_A,
                        const AverageOptions& options, Sink& sink);

}  // namespace tessera
