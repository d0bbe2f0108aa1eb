// SPDX-License-Identifier: GPL-3.0-or-later
// Particle lists with whatever they hold: for conversion.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tessera/io/particles.h"

namespace tessera {

// Any list: what it holds of 3-D images (2-D ones of RELION 5 are left empty), places and voxel sizes (0 where not
// told). rlnImagePixelSize stays what it is; see coordinate_voxel_size_A. IoError as read_particles.
ParticleSet read_any_list(const std::filesystem::path& path);

// Of the tomogram whose voxels coordinates of an optics group are counted in: rlnMicrographPixelSize, or RELION 4's
// rlnTomoTiltSeriesPixelSize, or that of its images. IoError where such a column is no length above 0.
double coordinate_voxel_size_A(const ParticleSet& set, size_t optics_group);

// What a particle has in one of the extra columns; empty where there is no such column.
std::string extra_text(const ParticleSet& set, const Particle& particle, const std::string& column);
// The same as a number; none where there is no such column or it holds no number.
std::optional<double> extra_number(const ParticleSet& set, const Particle& particle, const std::string& column);
inline constexpr const char* score_column = "rlnAutopickFigureOfMerit";

}  // namespace tessera
