// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures and the PNG files they become (ISO/IEC 15948, by libpng).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace tessera {

// Rows from top to bottom, columns from left to right; 0 black, 255 white.
class GreyImage {
 public:
  GreyImage() = default;
  GreyImage(int64_t rows, int64_t columns, uint8_t fill = 0)
      : rows_(rows), columns_(columns), pixels_(static_cast<size_t>(rows * columns), fill) {}

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  uint8_t& operator()(int64_t row, int64_t column) { return pixels_[row * columns_ + column]; }
  uint8_t operator()(int64_t row, int64_t column) const { return pixels_[row * columns_ + column]; }
  const std::vector<uint8_t>& pixels() const { return pixels_; }

 private:
  int64_t rows_ = 0, columns_ = 0;
  std::vector<uint8_t> pixels_;
};

// 8 bits of grey, compressed; the same bytes for the same image. Atomic (atomic_file.h). UserError for an image
// without pixels or with an edge above 65,535; IoError when the file cannot be written.
void write_png(const std::filesystem::path& path, const GreyImage& image);

// Three planes of one size; whatever marks a grey picture (report/drawing.h) marks each plane.
struct ColourImage {
  GreyImage red, green, blue;
};

// As the grey one, 24 bits a pixel. UserError also for planes that differ in size.
void write_png(const std::filesystem::path& path, const ColourImage& image);

}  // namespace tessera
