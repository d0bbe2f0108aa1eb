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

}  // namespace

void write_png(const std::filesystem::path& path, const GreyImage& image) {
  if (image.rows() < 1 || image.columns() < 1 || image.rows() > largest_edge || image.columns() > largest_edge)
    throw UserError(fmt::format("{}: an image of {} × {} pixels is no picture; edges are 1 to {}", path.string(),
                                image.columns(), image.rows(), largest_edge));
  Description description;
  description.header.width = static_cast<png_uint_32>(image.columns());
  description.header.height = static_cast<png_uint_32>(image.rows());
  description.header.format = PNG_FORMAT_GRAY;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(description.header);
  std::string file(bytes, '\0');
  if (!png_image_write_to_memory(&description.header, file.data(), &bytes, 0, image.pixels().data(), 0, nullptr))
    throw InternalError(fmt::format("libpng: {}", description.header.message));
  write_text_file(path, std::string_view(file.data(), bytes));
}

}  // namespace tessera
