// SPDX-License-Identifier: GPL-3.0-or-later
// tessera convert: maps and particle lists from one program's format to another's (docs/formats.md).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/base/option.h"
#include "tessera/pick/tomogram_transfer.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct ConvertRequest {
  std::string input, output;
  std::optional<double> voxel_size_A;
  std::string images, written_images;
  std::string tomogram;
  std::string center = "half";
  std::string contrast = "bright";
  int first_voxel = 0;
  TransferOptions transfer;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"input", "file",
                 "A map (.mrc, .em), a particle list (.star, .tbl, .em, .json, .ndjson) or a folder of subtomograms",
                 "Arguments"},
          input);
    visit(Option{"output", "file",
                 "The file to write; its ending names the format. A name without ending: a folder, a project of RELION "
                 "3.1 with "
                 "the list and the averages beside it imported",
                 "Arguments"},
          output);
    visit(Option{"voxel-size", "Å", "Where the input states none, or (maps, .tbl) a wrong one", "Input"}, voxel_size_A);
    visit(Option{"images", "folder",
                 "The images of a .tbl or .em list, by the number that ends their names (.mrc, .em)", "Input"},
          images);
    visit(Option{"tomogram", "file.mrc", "The tomogram in whose voxels RELION 5's centred coordinates are to count",
                 "Input"},
          tomogram);
    visit(Option{"contrast", "",
                 "bright or dark: how protein appears in the subtomograms. Dark ones are copied, inverted, for a .star "
                 "list or project: <OUTPUT>_bright/",
                 "Input"},
          contrast);
    visit(Option{"center", "",
                 "Centre of a tomogram of n voxels for centred coordinates: half (n/2) or below (n/2 - 1)", "Input"},
          center);
    visit(Option{"first-voxel", "", "What a .tbl or .em list calls the first voxel of a tomogram: 0, or 1 as MATLAB",
                 "Input"},
          first_voxel);
    transfer.describe(visit);
    visit(
        Option{"write-images", "folder", "Where the images of a .tbl or .em list go, as particle_NUMBER.em", "Output"},
        written_images);
  }
};

struct ConvertOutcome {
  std::string input, output;
  std::string kind;  // "map", "list of particles" or "list of places"
  int64_t particles = 0, box = 0;
  double voxel_size_A = 0;
  int64_t images_written = 0;
  int64_t references = 0;             // maps imported into a RELION project
  std::string weight;                 // the Fourier weight that was written, if any
  std::vector<std::string> left_out;  // what the format of the output cannot hold
  nlohmann::ordered_json json() const;
};

// Writes request.output, beside it <output>.run.json, and where asked for: images (before the list), and
// <output>_wedge.mrc, the Fourier weight of a tilt range, for a .star list without weights; or the folder of a project
// (io/relion_project.h). UserError, IoError: formats
// that do not go together, a voxel size that nobody states, images that are missing or of several boxes; all at once.
ConvertOutcome run_convert(const ConvertRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
