// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pipeline/average_mask.h"

#include <algorithm>
#include <cmath>

#include "tessera/average/class_symmetry.h"
#include "tessera/base/errors.h"
#include "tessera/io/mrc.h"
#include "tessera/volume/masks.h"

namespace tessera {
namespace {

void check_values(const std::string& name, Volume<float>& mask, Sink& sink) {
  const Statistics values = statistics(mask);
  if (values.not_finite > 0)
    throw UserError(fmt::format("--mask {}: {} voxels are not finite", name, values.not_finite));
  if (values.minimum < -1e-3f || values.maximum > 1 + 1e-3f)
    throw UserError(fmt::format("--mask {}: values from {:g} to {:g}; a mask runs from 0 (outside) to 1 (inside)", name,
                                values.minimum, values.maximum));
  if (values.maximum <= 0.5f)
    throw UserError(fmt::format("--mask {}: no voxel above 0.5: nothing would be looked at", name));
  int64_t inside = 0, edge = 0;
  for (float& v : mask) {
    v = std::clamp(v, 0.0f, 1.0f);
    inside += v > 0.5f;
    edge += v > 0.01f && v < 0.99f;
  }
  // An edge of one voxel about a ball has this many.
  if (static_cast<double>(edge) < std::pow(static_cast<double>(inside), 2.0 / 3.0))
    sink.message(
        Severity::warning,
        fmt::format("{}: a mask without a soft edge; hard edges ring through all resolutions and raise the FSC", name));
}

}  // namespace

Volume<float> read_mask(const std::filesystem::path& path, int64_t box, double voxel_size_A,
                        const AverageOptions& options, Sink& sink) {
  MrcInfo info;
  Volume<float> mask = read_mrc(path, {}, &info).voxels;
  if (mask.shape() != Shape3::cube(box))
    throw IoError(fmt::format("--mask {}: {}×{}×{} voxels, the particles have {}³", path.string(), mask.shape().x,
                              mask.shape().y, mask.shape().z, box));
  if (info.has_voxel_size && std::abs(info.voxel_size_A / voxel_size_A - 1) > 0.01)
    throw IoError(fmt::format("--mask {}: voxels of {:g} Å, the particles have {:g} Å", path.string(),
                              info.voxel_size_A, voxel_size_A));
  check_values(path.string(), mask, sink);
  const ClassSymmetry symmetry(options.symmetry, options.classes);
  for (int k = 0; k < options.classes; ++k) {
    if (!symmetry.has(k)) continue;
    const double alike = correlation(mask, symmetrised(mask, symmetry.group(k)));
    if (alike < 0.95)
      throw UserError(
          fmt::format("--mask {}: not symmetric under {} (correlation {:.2f} with its turned copies), so that "
                      "copies of what it selects would lie outside of it; classify one part of a symmetric "
                      "structure with --symmetry C1",
                      path.string(), symmetry.name(k), alike));
  }
  return mask;
}

}  // namespace tessera
