// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mdoc.h"

#include <gmock/gmock.h>

#include "tessera/base/errors.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

// Lines as SerialEM writes them, by hand.
TEST(Mdoc, Fixture) {
  Mdoc mdoc{"tilt_series.mrc", 400, 300, 10, 300, {}};
  mdoc.sections.push_back({-60, 114.1463, 2.9268, 3.95, 39, 78, 202, 145.25F});
  mdoc.sections.push_back({0, 0, 2.9268, 4.05, 0, 70, 260, 180});
  EXPECT_EQ(format_mdoc(mdoc),
            "PixelSpacing = 10\nVoltage = 300\nImageFile = tilt_series.mrc\nImageSize = 400 300\nDataMode = 2\n\n"
            "[T = Tessera: simulated tilt series]\n\n"
            "[T =     Tilt axis angle = 0.0, binning = 1  spot = 1  camera = 0]\n\n"
            "[ZValue = 0]\nTiltAngle = -60.0000\nPixelSpacing = 10\nExposureDose = 2.9268\nPriorRecordDose = 114.146\n"
            "Defocus = -3.9500\nTargetDefocus = -3.9500\nRotationAngle = 0\nBinning = 1\nMinMaxMean = 78 202 145.25\n"
            "DateTime = 01-Jan-00  00:39:00\n\n"
            "[ZValue = 1]\nTiltAngle = 0.0000\nPixelSpacing = 10\nExposureDose = 2.9268\nPriorRecordDose = 0\n"
            "Defocus = -4.0500\nTargetDefocus = -4.0500\nRotationAngle = 0\nBinning = 1\nMinMaxMean = 70 260 180\n"
            "DateTime = 01-Jan-00  00:00:00\n");
  EXPECT_EQ(format_tilt_angles({-60, -0.0, 12.3456}), " -60.000\n   0.000\n  12.346\n");
}

class TiltAngles : public test::ScratchFolder {};

TEST_F(TiltAngles, ComeBackFromTheirFile) {
  const auto file = put("a.tlt", "# a comment\n" + format_tilt_angles({-60, 0, 12.3456}) + "\n  +7.5\r\n");
  EXPECT_THAT(read_tilt_angles(file), testing::ElementsAre(-60, 0, 12.346, 7.5));
}

TEST_F(TiltAngles, EveryBadLineIsNamed) {
  const auto file = put("a.tlt", "-60\nten\n120\n3 4\n");
  EXPECT_THAT(test::message_of<IoError>([&] { read_tilt_angles(file); }),
              testing::AllOf(testing::HasSubstr("line 2: 'ten'"), testing::HasSubstr("line 3: '120'"),
                             testing::HasSubstr("line 4: '3 4'"), testing::HasSubstr("a.tlt")));
  EXPECT_THAT(test::message_of<IoError>([&] { read_tilt_angles(put("b.tlt", "\n")); }),
              testing::HasSubstr("no angles"));
}

}  // namespace
}  // namespace tessera
