// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/label_file.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/io/mrc.h"
#include "tessera/io/star.h"

namespace tessera {
namespace {

std::vector<std::string> read_names(const std::filesystem::path& path) {
  const StarDocument document = read_star(path);
  const StarTable* table = document.find("labels");
  const auto label = table ? table->find("tesseraLabel") : std::nullopt,
             name = table ? table->find("tesseraName") : std::nullopt;
  if (!label || !name)
    throw IoError(path.string() + ": a table \"labels\" with tesseraLabel and tesseraName is expected");
  std::vector<std::string> out;
  for (int64_t row = 0; row < table->rows(); ++row) {
    if (table->at(row, *label) != std::to_string(row))
      throw IoError(fmt::format("{}: row {} holds label {} where {} is expected; list all labels from 0 on",
                                path.string(), row + 1, table->at(row, *label), row));
    out.push_back(table->at(row, *name));
  }
  return out;
}

}  // namespace

std::filesystem::path label_list_path(std::filesystem::path map) {
  if (map.extension() == ".gz") map.replace_extension();
  return map.replace_extension(".star");
}

LabelFile read_labels(const std::filesystem::path& path) {
  LabelFile out;
  MrcInfo info;
  const Map map = read_mrc(path, {.accept_stack = true}, &info);
  if (info.has_voxel_size) out.voxel_size_A = info.voxel_size_A;
  const std::filesystem::path list = label_list_path(path);
  out.named = std::filesystem::exists(list);
  if (out.named) out.names = read_names(list);
  const double most = out.named ? static_cast<double>(out.names.size()) - 1 : 255;
  out.voxels = Volume<uint8_t>(map.voxels.shape());
  int highest = 0;
  for (int64_t i = 0; i < map.voxels.size(); ++i) {
    const double value = map.voxels[i];
    if (value < 0 || value > std::min(most, 255.0) || value != std::floor(value)) {
      const Shape3 s = map.voxels.shape();
      throw IoError(
          fmt::format("{}: voxel ({}, {}, {}) holds {:g}, which is no label: whole numbers from 0 to {:g} are{}",
                      path.string(), i % s.x, i / s.x % s.y, i / (s.x * s.y), value, std::min(most, 255.0),
                      out.named ? " (" + list.string() + " lists them)" : ""));
    }
    out.voxels[i] = static_cast<uint8_t>(value);
    highest = std::max(highest, static_cast<int>(out.voxels[i]));
  }
  if (!out.named)
    for (int k = 0; k <= highest; ++k) out.names.push_back(k == 0 ? "background" : fmt::format("label {}", k));
  return out;
}

void write_labels(const std::filesystem::path& path, const Volume<uint8_t>& voxels, double voxel_size_A,
                  const std::vector<std::string>& names) {
  Map map{Volume<float>(voxels.shape()), voxel_size_A, {}};
  std::vector<int64_t> counts(names.size());
  for (int64_t i = 0; i < voxels.size(); ++i) {
    map.voxels[i] = voxels[i];
    ++counts.at(voxels[i]);
  }
  write_mrc(path, map, {.label = "labels"});
  StarTable table;
  table.name = "labels";
  table.columns = {"tesseraLabel", "tesseraName", "tesseraVoxels"};
  for (size_t k = 0; k < names.size(); ++k)
    table.values.insert(table.values.end(), {std::to_string(k), names[k], std::to_string(counts[k])});
  write_star(label_list_path(path), {{table}});
}

}  // namespace tessera
