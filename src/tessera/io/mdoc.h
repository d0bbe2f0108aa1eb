// SPDX-License-Identifier: GPL-3.0-or-later
// The files that go with a tilt series: SerialEM's .mdoc and IMOD's .tlt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tessera {

struct MdocSection {
  double tilt_deg = 0;
  double exposure_before = 0, exposure = 0;  // e⁻/Å²
  double defocus_um = 0;                     // underfocus positive; the file says it as SerialEM does, negative
  int order = 0;                             // when it was taken, 0 …: becomes DateTime
  float minimum = 0, maximum = 0, mean = 0;
};

struct Mdoc {
  std::string image_file;  // name of the stack, in the folder of the .mdoc
  int64_t columns = 0, rows = 0;
  double pixel_A = 1, voltage_kV = 300;
  std::vector<MdocSection> sections;  // in the order of the stack: ZValue 0, 1, …
};

// Keys PixelSpacing, Voltage, ImageFile, ImageSize, DataMode 2, then [ZValue = i] with TiltAngle, ExposureDose,
// PriorRecordDose, PixelSpacing, Defocus, MinMaxMean, RotationAngle 0 (the tilt axis is y) and DateTime (a minute
// apart, by order; 1 January 2000, no clock is asked).
std::string format_mdoc(const Mdoc& mdoc);

// One angle in degrees a line.
std::string format_tilt_angles(const std::vector<double>& degrees);

// The angles of a .tlt or .rawtlt file, degrees, in the order of the file; empty lines and lines that begin with # are
// passed over. IoError naming every line that is not a number within ±90, and a file without angles.
std::vector<double> read_tilt_angles(const std::filesystem::path& path);

}  // namespace tessera
