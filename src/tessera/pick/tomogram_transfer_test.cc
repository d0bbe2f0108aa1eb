// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/pick/tomogram_transfer.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tessera/base/units.h"
#include "tessera/optics/tilt_geometry.h"

namespace tessera {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Tilt θ observes (u cos θ, v, u sin θ) (optics/tilt_geometry.h): a range that is not symmetric tells the side.
TEST(TomogramTransfer, SeesWhatTheTiltsSee) {
  TransferOptions options;
  options.tilt_range_deg = {-20, 60};
  const TomogramTransfer transfer(options, {});
  for (const double tilt : {-20.0, 0.0, 30.0, 60.0})
    EXPECT_EQ(transfer(specimen_frequency(0.02, 0.01, tilt * degree)), 1) << tilt;
  for (const double tilt : {-60.0, -30.0, 70.0, 90.0})
    EXPECT_EQ(transfer(specimen_frequency(0.02, 0.01, tilt * degree)), 0) << tilt;
  TransferOptions file;
  file.tilts = "angles.tlt";
  const TomogramTransfer same(file, {10, 60, -20, 0});
  EXPECT_EQ(same(specimen_frequency(0.02, 0, 59 * degree)), 1);
  EXPECT_EQ(same(specimen_frequency(0.02, 0, -59 * degree)), 0);
  const Volume<float> weight = transfer.weight(32, 10);
  EXPECT_EQ(weight(16, 16, 16), 1);
  EXPECT_EQ(weight(16 + 5, 16, 16 + 5), 1);  // kx = kz: 45°
  EXPECT_EQ(weight(16 - 5, 16, 16 + 5), 0);  // −45°
  EXPECT_EQ(weight(16, 16, 0), 0);           // Nyquist
}

TEST(TomogramTransfer, CountsTheContrastTransfer) {
  TransferOptions options;
  options.defocus_um = 4;
  const ContrastTransfer ctf(options.ctf_parameters());
  for (const bool flipped : {true, false}) {
    options.phase_flip = flipped;
    const TomogramTransfer transfer(options, {});
    EXPECT_FALSE(transfer.has_wedge());
    for (const double k : {0.005, 0.02, 0.04})
      EXPECT_DOUBLE_EQ(transfer({0, k * 0.6, k * 0.8}), flipped ? std::abs(ctf(k)) : ctf(k));
  }
  EXPECT_LT(ctf(0.045), 0);
}

TEST(TomogramTransfer, RefusesEveryBadOption) {
  TransferOptions options;
  options.tilt_range_deg = {60, -60};
  options.tilts = "angles.tlt";
  options.defocus_um = -1;
  options.voltage_kV = -5;
  Faults faults;
  options.add_faults(faults);
  EXPECT_THAT(faults.text(""), AllOf(HasSubstr("--tilt-range and --tilts"), HasSubstr("60 -60"), HasSubstr("--defocus"),
                                     HasSubstr("voltage")));
}

}  // namespace
}  // namespace tessera
