// SPDX-License-Identifier: GPL-3.0-or-later
// The picture of a Fourier shell correlation.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/io/png.h"

namespace tessera {

// Curves over shells 0 … box/2; an empty one is left out.
struct FscPlot {
  std::string title;
  std::vector<double> unmasked, masked, randomised, corrected;
  int64_t box = 0;
  double voxel_size_A = 1;
  double resolution_A = 0;  // marked on the line of 0.143; 0: not
};

// 800 × 560 pixels, frequency to the right up to Nyquist, its ticks told as resolution in Å; FSC from −0.2 to 1; the
// line of 0.143 (Rosenthal & Henderson 2003). In grey the curves differ by their dashes, in the SVG by colour as well.
// InternalError where a curve has another number of shells than the box.
GreyImage draw_fsc(const FscPlot& plot);
std::string fsc_svg(const FscPlot& plot);

// Both, as `stem`.png and `stem`.svg, each atomic.
void write_fsc_plot(const std::filesystem::path& stem, const FscPlot& plot);

}  // namespace tessera
