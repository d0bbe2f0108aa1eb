// SPDX-License-Identifier: GPL-3.0-or-later
// The particle lists of tessera convert: any format in, any format out.
#pragma once

#include "tessera/io/particles.h"
#include "tessera/pipeline/convert.h"

namespace tessera {

enum class FileFormat { mrc, em, motive_list, dynamo_table, star, copick, portal, folder, relion_project, unknown };

// By what it is: a folder, the ending of its name, and for .em the shape. IoError where an .em file cannot be read.
FileFormat format_of_input(const std::filesystem::path& path);
// By the ending of its name; .em is a list where the input is one. A name without an ending, or a folder, is a project.
FileFormat format_of_output(const std::filesystem::path& path, FileFormat input);
bool is_map(FileFormat format);

// The list (or the folder of subtomograms as one), poses and places in Tessera's conventions, with a voxel size.
// Images in EM format are copied to MRC files beside `request.output`, all images are checked.
ParticleSet read_list(const ConvertRequest& request, FileFormat format, ConvertOutcome& outcome, ExecContext& context);

// Images first, where asked for; the list last.
void write_list(const ConvertRequest& request, FileFormat format, ParticleSet set, ConvertOutcome& outcome,
                ExecContext& context);

}  // namespace tessera
