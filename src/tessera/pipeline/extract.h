// SPDX-License-Identifier: GPL-3.0-or-later
// tessera extract: subtomograms at the places of a list.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "tessera/io/particles.h"
#include "tessera/pick/extraction.h"
#include "tessera/pick/tomogram_transfer.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

struct ExtractRequest {
  std::string tomogram, picks;
  std::vector<int> classes;
  std::optional<double> voxel_size_A;
  bool rescale_coordinates = false;
  bool skip_bad = false;
  ExtractionOptions extraction;
  TransferOptions transfer;
  std::string output;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"tomogram", "file.mrc", "The tomogram (MRC, plain or .gz)", "Arguments"}, tomogram);
    visit(Option{"picks", "file.star",
                 "STAR file with rlnCoordinateX/Y/Z in voxels of the tomogram, from 0; angles, origins "
                 "and classes are carried over",
                 "Arguments"},
          picks);
    visit(Option{"classes", "", "Extract the picks of these classes (rlnClassNumber) alone", "Picks"}, classes);
    visit(Option{"rescale-coordinates", "",
                 "The picks were made in a tomogram of another voxel size, which the list tells: scale them", "Picks"},
          rescale_coordinates);
    visit(Option{"skip-bad", "",
                 "Leave out picks outside the tomogram and boxes with NaN or constant voxels, naming "
                 "them; otherwise they are an error",
                 "Picks"},
          skip_bad);
    visit(Option{"voxel-size", "Å", "Of the tomogram, where its header states none or a wrong one", "Picks"},
          voxel_size_A);
    extraction.describe(visit);
    transfer.describe(visit);
    visit(Option{"output", "folder", "Where the set goes; made if missing", "Output"}, output);
  }
};

struct ExtractOutcome {
  struct Padded {
    int64_t pick = 0;  // row of the list, from 1
    std::string image;
    double outside = 0;
  };
  std::string folder;
  int64_t picks = 0, particles = 0, box = 0;
  double voxel_size_A = 0;
  bool wedge = false;
  std::vector<Padded> padded;        // boxes that reach beyond the tomogram
  std::vector<int64_t> dropped;      // with --border drop, rows from 1
  std::vector<std::string> skipped;  // with --skip-bad: why
  nlohmann::ordered_json json() const;
};

// Writes into request.output, all or none: particles.star, subtomograms/, wedge.mrc, run.json, in the formats of
// simulate particles. rlnCoordinate is the voxel of the tomogram at the centre of the box, rlnOrigin what is missing
// to the particle's centre; tesseraOutside, where there is any, the share of a box beyond the tomogram. Memory: a few
// boxes for each thread, whatever the size of the tomogram (a compressed one is held whole). UserError, IoError:
// options out of range, picks outside the tomogram, boxes larger than it, voxel sizes that disagree, an empty list; all
// at once.
ExtractOutcome run_extract(const ExtractRequest& request, ExecContext& context, const CommandLine& command_line = {});

}  // namespace tessera
