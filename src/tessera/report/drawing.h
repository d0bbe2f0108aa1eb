// SPDX-License-Identifier: GPL-3.0-or-later
// Marks on greyscale pictures: text, rectangles, pasted pictures.
#pragma once

#include <string>

#include "tessera/io/png.h"

namespace tessera {

// Height and width in pixels of a line of text at `scale` pixels a dot (glyphs of 5 × 7 dots, one dot between them).
int64_t text_height(int scale);
int64_t text_width(const std::string& text, int scale);

// Writes text with its upper left corner at (row, column); what falls outside is cut off. Letters are drawn as
// capitals; known are A–Z, Å, digits, space and . , - + / ( ) % : = °, anything else (UTF-8) is drawn as a box.
void draw_text(GreyImage& image, int64_t row, int64_t column, const std::string& text, int scale, uint8_t grey);

// Fills a rectangle; what falls outside is cut off.
void fill_rectangle(GreyImage& image, int64_t row, int64_t column, int64_t rows, int64_t columns, uint8_t grey);

// A straight line of round dots. dash and gap (pixels): drawn and left out in turn, no gap: solid; `gone`: how far
// along that pattern the line begins. Returns how far it ends, for the next piece of a polygon.
struct LineStyle {
  double thickness = 1, dash = 1, gap = 0, gone = 0;
  uint8_t grey = 0;
};
double draw_line(GreyImage& image, double row, double column, double to_row, double to_column, const LineStyle& style);

// Copies `part` with its upper left corner at (row, column); what falls outside is cut off.
void paste(GreyImage& image, int64_t row, int64_t column, const GreyImage& part);

}  // namespace tessera
