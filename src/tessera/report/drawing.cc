// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/report/drawing.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <vector>

namespace tessera {
namespace {

constexpr int glyph_rows = 7, glyph_columns = 5;

// Seven rows from the top, the leftmost dot the highest of five bits, each row as a digit of base 32 (0–9, A–V).
const std::map<std::string, const char*>& glyphs() {
  static const std::map<std::string, const char*> table = {
      {"A", "EHHVHHH"}, {"B", "UHHUHHU"}, {"C", "EHGGGHE"}, {"D", "UHHHHHU"}, {"E", "VGGUGGV"}, {"F", "VGGUGGG"},
      {"G", "EHGNHHF"}, {"H", "HHHVHHH"}, {"I", "E44444E"}, {"J", "72222IC"}, {"K", "HIKOKIH"}, {"L", "GGGGGGV"},
      {"M", "HRLLHHH"}, {"N", "HHPLJHH"}, {"O", "EHHHHHE"}, {"P", "UHHUGGG"}, {"Q", "EHHHLID"}, {"R", "UHHUKIH"},
      {"S", "FGGE11U"}, {"T", "V444444"}, {"U", "HHHHHHE"}, {"V", "HHHHHA4"}, {"W", "HHHLLLA"}, {"X", "HHA4AHH"},
      {"Y", "HHHA444"}, {"Z", "V1248GV"}, {"Å", "4A4EHVH"}, {"0", "EHJLPHE"}, {"1", "4C4444E"}, {"2", "EH1248V"},
      {"3", "V2421HE"}, {"4", "26AIV22"}, {"5", "VGU11HE"}, {"6", "68GUHHE"}, {"7", "V124888"}, {"8", "EHHEHHE"},
      {"9", "EHHF12C"}, {" ", "0000000"}, {".", "00000CC"}, {",", "0000448"}, {"-", "000V000"}, {"+", "044V440"},
      {"/", "01248G0"}, {"(", "2488842"}, {")", "8422248"}, {"%", "OP248J3"}, {":", "0CC0CC0"}, {"=", "00V0V00"},
      {"°", "CIIC000"}};
  return table;
}
constexpr const char* unknown_glyph = "VHHHHHV";

// The characters of a UTF-8 text, ASCII letters as capitals.
std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80 && !out.empty())
      out.back() += c;
    else
      out.emplace_back(1, byte < 0x80 ? static_cast<char>(std::toupper(byte)) : c);
  }
  return out;
}

int row_bits(char digit) {
  return digit <= '9' ? digit - '0' : digit - 'A' + 10;
}

}  // namespace

int64_t text_height(int scale) {
  return int64_t{glyph_rows} * scale;
}

int64_t text_width(const std::string& text, int scale) {
  const auto count = static_cast<int64_t>(characters(text).size());
  return count == 0 ? 0 : (count * (glyph_columns + 1) - 1) * scale;
}

void draw_text(GreyImage& image, int64_t row, int64_t column, const std::string& text, int scale, uint8_t grey) {
  for (const std::string& character : characters(text)) {
    const auto found = glyphs().find(character);
    const char* glyph = found == glyphs().end() ? unknown_glyph : found->second;
    for (int y = 0; y < glyph_rows; ++y)
      for (int x = 0; x < glyph_columns; ++x)
        if (row_bits(glyph[y]) >> (glyph_columns - 1 - x) & 1)
          fill_rectangle(image, row + int64_t{y} * scale, column + int64_t{x} * scale, scale, scale, grey);
    column += int64_t{glyph_columns + 1} * scale;
  }
}

void fill_rectangle(GreyImage& image, int64_t row, int64_t column, int64_t rows, int64_t columns, uint8_t grey) {
  for (int64_t y = std::max<int64_t>(row, 0); y < std::min(row + rows, image.rows()); ++y)
    for (int64_t x = std::max<int64_t>(column, 0); x < std::min(column + columns, image.columns()); ++x)
      image(y, x) = grey;
}

double draw_line(GreyImage& image, double row, double column, double to_row, double to_column, const LineStyle& style) {
  const double length = std::hypot(to_row - row, to_column - column), radius = style.thickness / 2;
  const int steps = std::max(1, static_cast<int>(std::ceil(2 * length)));
  for (int i = 0; i <= steps; ++i) {
    const double t = static_cast<double>(i) / steps, along = style.gone + t * length;
    if (style.gap > 0 && std::fmod(along, style.dash + style.gap) >= style.dash) continue;
    const double r = row + t * (to_row - row), c = column + t * (to_column - column);
    for (auto y = static_cast<int64_t>(std::floor(r - radius)); y <= static_cast<int64_t>(r + radius); ++y)
      for (auto x = static_cast<int64_t>(std::floor(c - radius)); x <= static_cast<int64_t>(c + radius); ++x) {
        const bool inside = std::hypot(static_cast<double>(y) + 0.5 - r, static_cast<double>(x) + 0.5 - c) <= radius;
        if (inside && y >= 0 && x >= 0 && y < image.rows() && x < image.columns()) image(y, x) = style.grey;
      }
  }
  return style.gone + length;
}

void paste(GreyImage& image, int64_t row, int64_t column, const GreyImage& part) {
  for (int64_t y = 0; y < part.rows(); ++y)
    for (int64_t x = 0; x < part.columns(); ++x)
      if (row + y >= 0 && row + y < image.rows() && column + x >= 0 && column + x < image.columns())
        image(row + y, column + x) = part(y, x);
}

}  // namespace tessera
