// SPDX-License-Identifier: GPL-3.0-or-later
// What of a structure a tomogram shows: missing wedge and contrast transfer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/optics/ctf.h"
#include "tessera/optics/wedge.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct TransferOptions {
  std::vector<double> tilt_range_deg;  // first and last, or none
  std::string tilts;                   // file of angles
  std::optional<double> defocus_um;
  double cs_mm = 2.7;
  double voltage_kV = 300;
  double amplitude_contrast = 0.07;
  bool phase_flip = true;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"tilt-range", "degrees", "First and last tilt about y: the missing wedge", "Tilt series"},
          tilt_range_deg);
    visit(Option{"tilts", "file.tlt", "The tilt angles, one a line, instead of their range", "Tilt series"}, tilts);
    visit(Option{"defocus", "µm", "Underfocus, positive: the contrast transfer counts too; left out if not given",
                 "Tilt series"},
          defocus_um);
    visit(Option{"cs", "mm", "Spherical aberration", "Tilt series"}, cs_mm);
    visit(Option{"voltage", "kV", "Acceleration voltage", "Tilt series"}, voltage_kV);
    visit(Option{"amplitude-contrast", "", "Amplitude contrast as a fraction", "Tilt series"}, amplitude_contrast);
    visit(Option{"phase-flip", "", "The tomogram's phases were flipped, so that the CTF acts by its magnitude",
                 "Tilt series"},
          phase_flip);
  }
  void add_faults(Faults& faults) const;
  CtfParameters ctf_parameters() const { return {voltage_kV, cs_mm, defocus_um.value_or(0), amplitude_contrast}; }
};

// H(k): tomogram ≈ H · structure. The ideal wedge between the first and last tilt times |CTF| (or the CTF, which is
// positive up to its first zero: protein bright). One defocus for all tilts and heights. Immutable, thread-safe.
class TomogramTransfer {
 public:
  // Everything is seen.
  TomogramTransfer() = default;
  // angles_deg: of the file options.tilts where that is given; their order is of no matter. UserError on options out of
  // range.
  TomogramTransfer(const TransferOptions& options, const std::vector<double>& angles_deg);

  bool has_wedge() const { return wedge_.has_value(); }
  const std::optional<WedgeRange>& wedge() const { return wedge_; }
  // At frequency (kx, ky, kz) in 1/Å; components up to `margin` (1/Å) outside the wedge are seen too.
  double operator()(Vec3 frequency_per_A, double margin_per_A = 0) const;
  // n³ voxels, DC at voxel n/2 (rlnCtfImage), 0 from the Nyquist frequency on. The margin is half a component.
  Volume<float> weight(int64_t box, double voxel_size_A) const;

 private:
  std::optional<WedgeRange> wedge_;
  std::optional<ContrastTransfer> ctf_;
  bool flipped_ = true;
};

}  // namespace tessera
