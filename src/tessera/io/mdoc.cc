// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mdoc.h"

#include <fmt/format.h>

namespace tessera {

std::string format_mdoc(const Mdoc& mdoc) {
  std::string out = fmt::format(
      "PixelSpacing = {:g}\nVoltage = {:g}\nImageFile = {}\nImageSize = {} {}\nDataMode = 2\n\n"
      "[T = Tessera: simulated tilt series]\n\n[T =     Tilt axis angle = 0.0, binning = 1  spot = 1  camera = 0]\n",
      mdoc.pixel_A, mdoc.voltage_kV, mdoc.image_file, mdoc.columns, mdoc.rows);
  for (size_t z = 0; z < mdoc.sections.size(); ++z) {
    const MdocSection& s = mdoc.sections[z];
    out += fmt::format(
        "\n[ZValue = {}]\nTiltAngle = {:.4f}\nPixelSpacing = {:g}\nExposureDose = {:.6g}\nPriorRecordDose = {:.6g}\n"
        "Defocus = {:.4f}\nTargetDefocus = {:.4f}\nRotationAngle = 0\nBinning = 1\nMinMaxMean = {:g} {:g} {:g}\n"
        "DateTime = 01-Jan-00  {:02}:{:02}:00\n",
        z, s.tilt_deg, mdoc.pixel_A, s.exposure, s.exposure_before, -s.defocus_um, -s.defocus_um, s.minimum, s.maximum,
        s.mean, s.order / 60 % 24, s.order % 60);
  }
  return out;
}

std::string format_tilt_angles(const std::vector<double>& degrees) {
  std::string out;
  for (const double angle : degrees) out += fmt::format("{:8.3f}\n", angle == 0 ? 0.0 : angle);
  return out;
}

}  // namespace tessera
