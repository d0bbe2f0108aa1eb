// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "tessera/simulate/imaging.h"

namespace tessera {

void ImagingOptions::add_faults(Faults& faults) const {
  if (!noise_free && !(snr > 0 && std::isfinite(snr)))
    faults.add(fmt::format("--snr must be positive, {} was given (--noise-free leaves the noise out)", snr));
  require_one_of("snr-definition", snr_definition, {"projection", "projection-ctf", "volume", "particle"}, faults);
  require_one_of("snr-scope", snr_scope, {"data-set", "structure"}, faults);
  require_one_of("noise-stage", noise_stage, {"before-ctf", "after-ctf"}, faults);
  require_one_of("rotation-axis", rotation_axis, {"none", "x", "y", "z"}, faults);
  if (!(max_shift_voxels >= 0 && std::isfinite(max_shift_voxels)))
    faults.add(fmt::format("--max-shift must not be negative, {} voxels were given", max_shift_voxels));
  const auto collect = [&](auto&& check) {
    try {
      check();
    } catch (const UserError& error) {
      faults.add(error.what());
    }
  };
  collect([&] { tilt_angles(tilts()); });
  collect([&] { ContrastTransfer{ctf_parameters()}; });
}

}  // namespace tessera
