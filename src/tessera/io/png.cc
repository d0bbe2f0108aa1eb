// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/io/png.h"

#include <png.h>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"

namespace tessera {
namespace {

// libpng's description of an image; what it holds is freed on every way out.
struct Description {
  Description() { header.version = PNG_IMAGE_VERSION; }
  ~Description() { png_image_free(&header); }
  Description(const Description&) = delete;
  Description& operator=(const Description&) = delete;
  png_image header{};
};

constexpr int64_t largest_edge = 65535;

void write(const std::filesystem::path& path, int64_t rows, int64_t columns, png_uint_32 format,
           const std::vector<uint8_t>& pixels) {
  if (rows < 1 || columns < 1 || rows > largest_edge || columns > largest_edge)
    throw UserError(fmt::format("{}: an image of {} × {} pixels is no picture; edges are 1 to {}", path.string(),
                                columns, rows, largest_edge));
  Description description;
  description.header.width = static_cast<png_uint_32>(columns);
  description.header.height = static_cast<png_uint_32>(rows);
  description.header.format = format;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(description.header);
  std::string file(bytes, '\0');
  if (!png_image_write_to_memory(&description.header, file.data(), &bytes, 0, pixels.data(), 0, nullptr))
    throw InternalError(fmt::format("libpng: {}", description.header.message));
  write_text_file(path, std::string_view(file.data(), bytes));
}

}  // namespace

void write_png(const std::filesystem::path& path, const GreyImage& image) {
  write(path, image.rows(), image.columns(), PNG_FORMAT_GRAY, image.pixels());
}

void write_png(const std::filesystem::path& path, const ColourImage& image) {
  const auto same_size = [&](const GreyImage& plane) {
    return plane.rows() == image.red.rows() && plane.columns() == image.red.columns();
  };
  if (!same_size(image.green) || !same_size(image.blue))
    throw UserError(fmt::format("{}: the planes of a picture must have one size", path.string()));
  const size_t count = image.red.pixels().size();
  std::vector<uint8_t> pixels(3 * count);
  for (size_t i = 0; i < count; ++i) {
    pixels[3 * i] = image.red.pixels()[i];
    pixels[3 * i + 1] = image.green.pixels()[i];
    pixels[3 * i + 2] = image.blue.pixels()[i];
  }
  write(path, image.red.rows(), image.red.columns(), PNG_FORMAT_RGB, pixels);
}

}  // namespace tessera
