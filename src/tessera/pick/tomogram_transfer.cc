// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/tomogram_transfer.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"

namespace tessera {

void TransferOptions::add_faults(Faults& faults) const {
  if (!tilt_range_deg.empty() && !tilts.empty()) faults.add("--tilt-range and --tilts both: give one of them");
  if (!tilt_range_deg.empty()) {
    if (tilt_range_deg.size() != 2)
      faults.add(fmt::format("--tilt-range has {} numbers; give the first and the last tilt", tilt_range_deg.size()));
    else if (!(tilt_range_deg[0] >= -90 && tilt_range_deg[0] < tilt_range_deg[1] && tilt_range_deg[1] <= 90))
      faults.add(fmt::format("--tilt-range {:g} {:g}: -90 ≤ first < last ≤ 90 is expected", tilt_range_deg[0],
                             tilt_range_deg[1]));
  }
  if (!defocus_um) return;
  if (!(*defocus_um > 0)) faults.add(fmt::format("--defocus {:g}: above 0, underfocus is positive", *defocus_um));
  try {
    ContrastTransfer{ctf_parameters()};
  } catch (const UserError& error) {
    faults.add(error.what());
  }
}

TomogramTransfer::TomogramTransfer(const TransferOptions& options, const std::vector<double>& angles_deg)
    : flipped_(options.phase_flip) {
  Faults faults;
  options.add_faults(faults);
  if (!options.tilts.empty() && angles_deg.empty()) faults.add("--tilts: no angles in it");
  faults.raise<UserError>("tilt series");
  const std::vector<double>& given = options.tilt_range_deg.empty() ? angles_deg : options.tilt_range_deg;
  if (!given.empty()) {
    const auto [low, high] = std::minmax_element(given.begin(), given.end());
    wedge_ = WedgeRange{*low * degree, *high * degree};
  }
  if (options.defocus_um) ctf_.emplace(options.ctf_parameters());
}

double TomogramTransfer::operator()(Vec3 k, double margin_per_A) const {
  if (wedge_ && !wedge_observes(*wedge_, k.x, k.z, margin_per_A)) return 0;
  if (!ctf_) return 1;
  const double value = (*ctf_)(k.norm());
  return flipped_ ? std::abs(value) : value;
}

Volume<float> TomogramTransfer::weight(int64_t box, double voxel_size_A) const {
  Volume<float> out(Shape3::cube(box));
  const double unit = 1 / (static_cast<double>(box) * voxel_size_A), nyquist = 0.5 / voxel_size_A;
  const int64_t centre = box / 2;
  for (int64_t z = 0, i = 0; z < box; ++z)
    for (int64_t y = 0; y < box; ++y)
      for (int64_t x = 0; x < box; ++x, ++i) {
        const Vec3 k =
            Vec3{static_cast<double>(x - centre), static_cast<double>(y - centre), static_cast<double>(z - centre)} *
            unit;
        out[i] = k.norm() >= nyquist ? 0.0f : static_cast<float>((*this)(k, 0.5 * unit));
      }
  return out;
}

}  // namespace tessera
