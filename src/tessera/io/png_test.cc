// SPDX-License-Identifier: GPL-3.0-or-later
// PNG files as libpng itself reads them back.
#include "tessera/io/png.h"

#include <gmock/gmock.h>
#include <png.h>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tests/support/scratch_folder.h"

namespace tessera {
namespace {

using testing::HasSubstr;

class PngTest : public test::ScratchFolder {
 protected:
  struct Decoded {
    int64_t rows = 0, columns = 0;
    uint32_t stored_format = 0;
    std::vector<uint8_t> pixels;
  };
  Decoded decode(const std::string& name) const {
    png_image header{};
    header.version = PNG_IMAGE_VERSION;
    Decoded out;
    if (!png_image_begin_read_from_file(&header, path(name).c_str())) throw std::runtime_error(header.message);
    out.rows = header.height;
    out.columns = header.width;
    out.stored_format = header.format;
    header.format = PNG_FORMAT_GRAY;
    out.pixels.resize(PNG_IMAGE_SIZE(header));
    if (!png_image_finish_read(&header, nullptr, out.pixels.data(), 0, nullptr))
      throw std::runtime_error(header.message);
    return out;
  }
};

TEST_F(PngTest, LibpngReadsBackEveryPixel) {
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{1, 1}, {1, 300}, {300, 1}, {37, 51}, {256, 16}}) {
    GreyImage image(rows, columns);
    Random random(1, "png test", rows);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column)
        image(row, column) = static_cast<uint8_t>(256 * random.uniform());
    write_png(path("a.png"), image);
    const Decoded back = decode("a.png");
    EXPECT_EQ(back.rows, rows);
    EXPECT_EQ(back.columns, columns);
    EXPECT_EQ(back.stored_format, uint32_t{PNG_FORMAT_GRAY}) << "eight bits of grey, no colour, no transparency";
    EXPECT_EQ(back.pixels, image.pixels());
  }
}

TEST_F(PngTest, RowsRunDownwardsColumnsToTheRight) {
  GreyImage image(3, 4, 10);
  image(0, 3) = 255;
  image(2, 1) = 0;
  write_png(path("a.png"), image);
  EXPECT_THAT(decode("a.png").pixels, testing::ElementsAre(10, 10, 10, 255, 10, 10, 10, 10, 10, 0, 10, 10));
}

TEST_F(PngTest, FlatImagesCompress) {
  write_png(path("a.png"), GreyImage(1000, 1000, 77));
  EXPECT_LT(std::filesystem::file_size(path("a.png")), 10000u);
}

TEST_F(PngTest, RefusesWhatIsNoPicture) {
  for (const GreyImage& image : {GreyImage(), GreyImage(0, 5), GreyImage(5, 0), GreyImage(1, 65536)})
    EXPECT_THROW(write_png(path("a.png"), image), UserError);
  EXPECT_FALSE(std::filesystem::exists(path("a.png")));
}

TEST_F(PngTest, NamesTheFileItCannotWrite) {
  try {
    write_png(path("absent/a.png"), GreyImage(2, 2));
    FAIL() << "written into a folder that does not exist";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("absent/a.png"));
  }
}

}  // namespace
}  // namespace tessera
