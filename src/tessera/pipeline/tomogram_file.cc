// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/tomogram_file.h"

#include "tessera/io/mdoc.h"
#include "tessera/pipeline/run_files.h"

namespace tessera {

double tomogram_voxel_size(const std::filesystem::path& path, const MrcInfo& info, std::optional<double> given) {
  if (!given && !info.has_voxel_size)
    throw UserError(path.string() + ": its header states no voxel size; give --voxel-size");
  return given.value_or(info.voxel_size_A);
}

TomogramFile open_tomogram(const std::filesystem::path& path, std::optional<double> voxel_size_A, Sink& sink) {
  TomogramFile out;
  out.file = std::make_shared<const MrcWindows>(path);
  const MrcInfo& info = out.file->info();
  if (!info.note.empty() && !voxel_size_A) sink.message(Severity::warning, path.string() + ": " + info.note);
  const auto file = out.file;
  out.tomogram = {info.shape, tomogram_voxel_size(path, info, voxel_size_A),
                  [file](int64_t z, int64_t y, int64_t x, Shape3 shape) { return file->read(z, y, x, shape); }};
  return out;
}

void check_transfer(Faults& faults, const TransferOptions& options) {
  options.add_faults(faults);
  if (!options.tilts.empty()) require_readable(faults, "--tilts", options.tilts);
}

TomogramTransfer read_transfer(const TransferOptions& options, const std::string& consequence, Sink& sink) {
  std::vector<double> angles;
  if (!options.tilts.empty()) angles = read_tilt_angles(options.tilts);
  if (options.tilts.empty() && options.tilt_range_deg.empty())
    sink.message(Severity::warning, "neither --tilt-range nor --tilts is given: " + consequence);
  return TomogramTransfer(options, angles);
}

}  // namespace tessera
