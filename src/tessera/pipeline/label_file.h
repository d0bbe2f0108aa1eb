// SPDX-License-Identifier: GPL-3.0-or-later
// Semantic masks on disk: labels.mrc, and labels.star beside it with their names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/volume/volume.h"

namespace tessera {

struct LabelFile {
  Volume<uint8_t> voxels;
  double voxel_size_A = 0;         // 0: the header does not say
  std::vector<std::string> names;  // of labels 0, 1, …: all that there are; from the list, or "label N"
  bool named = false;              // the list was there
};
// At most 255 labels but background. IoError: values that are not whole, or negative, or more than the list names; a
// list that skips a label.
LabelFile read_labels(const std::filesystem::path& path);

// The map, and beside it the list with the voxels of each label.
void write_labels(const std::filesystem::path& path, const Volume<uint8_t>& voxels, double voxel_size_A,
                  const std::vector<std::string>& names);
// "dir/labels.mrc" → "dir/labels.star".
std::filesystem::path label_list_path(std::filesystem::path map);

}  // namespace tessera
