// SPDX-License-Identifier: GPL-3.0-or-later
// Method unet of tessera pick: from a tomogram to the peaks of a network's heat maps.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tessera/nn/model.h"
#include "tessera/parallel/exec_context.h"
#include "tessera/pick/heat_peaks.h"
#include "tessera/pick/search_region.h"
#include "tessera/volume/tomogram.h"

namespace tessera {

struct NetworkPickRequest {
  std::string model = "builtin";
  std::optional<double> threshold;
  int block = 96;
  bool rescale = false;
  std::string device = "cpu";

  template <typename Visitor>
  void describe(Visitor& visit) {
    const char* group = "Network";
    visit(
        Option{"model", "file", "Of `tessera train --network unet3d`; builtin: the one that comes with Tessera", group},
        model);
    visit(Option{"heat-threshold", "", "Least height of a peak, 0 to 1; if not given, that of the greatest expected F1",
                 group},
          threshold);
    visit(Option{"block", "voxels", "Edge of the blocks that the network is applied to; a multiple of 8, at least 80",
                 group},
          block);
    visit(Option{"rescale", "", "Read a tomogram of another voxel size at the model's; otherwise an error", group},
          rescale);
    visit(Option{"device", "", "cpu, or cuda (mixed precision)", group}, device);
  }
  std::filesystem::path file() const { return model_file(model, builtin_picker); }
  void add_faults(Faults& faults) const;
};

// Of one class of the model.
struct NetworkClassReport {
  int number = 0;
  std::string name;
  double radius_A = 0;
  int64_t picks = 0;
};

struct NetworkPicks {
  std::vector<Peak> peaks;                  // in voxels of the tomogram, best first; the label is the class's number
  std::vector<NetworkClassReport> classes;  // of `peaks`
  int64_t candidates = 0;                   // peaks of any height, where picks may lie
  double threshold = 0, expected_f1 = 0;    // the latter 0 where the user chose
  bool rescaled = false;
};

// `tomogram`: normalised as in training, at the model's voxel size. Peaks in its voxels, the label the class from 0.
std::vector<Peak> find_centres(Network& network, const std::vector<ModelClass>& classes, const Tomogram& tomogram,
                               int block, ExecContext& context);

// `tomogram`: prepared by prepare_search (mean 0, protein bright), whose region is given; nothing is taken nearer than
// `border` voxels to a face. keep > 0: the best so many, whatever their height. UserError, IoError: a model that finds
// no centres, one trained for another voxel size (2 %) without --rescale. Memory: 5 bytes for each voxel, and what the
// network needs for a block (nn/blockwise.h).
NetworkPicks pick_by_network(const NetworkPickRequest& request, const Volume<float>& tomogram, double voxel_size_A,
                             const SearchRegion& region, int64_t border, int64_t keep, ExecContext& context);

}  // namespace tessera
