// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/mdoc.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <sstream>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"

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

std::vector<double> read_tilt_angles(const std::filesystem::path& path) {
  std::istringstream text(read_text_file(path));
  std::vector<double> out;
  Faults faults;
  std::string line;
  for (int number = 1; std::getline(text, line); ++number) {
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    const std::string word = line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
    const char *begin = word.c_str() + (word[0] == '+' ? 1 : 0), *end = word.c_str() + word.size();
    double angle = 0;
    const auto [stop, error] = std::from_chars(begin, end, angle);
    if (error != std::errc() || stop != end || !(std::abs(angle) <= 90))
      faults.add(fmt::format("line {}: '{}' is not an angle within ±90°", number, word));
    else
      out.push_back(angle);
  }
  if (out.empty() && faults.empty()) faults.add("no angles in it");
  faults.raise<IoError>(path.string() + ": a tilt angle in degrees is expected on each line");
  return out;
}

}  // namespace tessera
