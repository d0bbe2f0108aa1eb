// SPDX-License-Identifier: GPL-3.0-or-later
#include <charconv>
#include <cmath>
#include <sstream>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"
#include "tessera/io/numbered_list.h"
#include "tessera/so3/zxz_angles.h"

namespace tessera {
namespace {

constexpr size_t least_columns = 26, columns_written = 36;

// MATLAB writes 1.5+0i where a table once held complex numbers.
std::string_view without_imaginary(std::string_view word) {
  if (!word.ends_with('i')) return word;
  for (size_t i = word.size() - 1; i-- > 1;)
    if ((word[i] == '+' || word[i] == '-') && word[i - 1] != 'e' && word[i - 1] != 'E')
      return word.find_first_not_of("+-0.ei", i) == std::string_view::npos ? word.substr(0, i) : word;
  return word;
}

class Row {
 public:
  Row(std::vector<std::string> words, std::string place, Faults& faults)
      : words_(std::move(words)), place_(std::move(place)), faults_(faults) {}

  size_t columns() const { return words_.size(); }
  // The number of a column, counted from 1 as Dynamo does.
  double number(size_t column) const {
    const std::string_view word = without_imaginary(words_[column - 1]);
    double value = 0;
    const char* first = word.data() + (word.starts_with('+') ? 1 : 0);
    const auto [end, error] = std::from_chars(first, word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) {
      faults_.add(fmt::format("{}: column {} is '{}', not a number", place_, column, word));
      return 0;
    }
    return value;
  }
  int64_t whole(size_t column) const {
    const double value = number(column);
    if (value == std::floor(value) && std::abs(value) <= 1e9) return static_cast<int64_t>(value);
    faults_.add(fmt::format("{}: column {} is {}, not a whole number", place_, column, value));
    return 0;
  }
  Vec3 vector(size_t column) const { return {number(column), number(column + 1), number(column + 2)}; }

 private:
  std::vector<std::string> words_;
  std::string place_;
  Faults& faults_;
};

NumberedParticle particle_of(const Row& row) {
  NumberedParticle out;
  out.number = row.whole(1);
  out.shift_voxels = row.vector(4);
  const Vec3 angles = row.vector(7);
  out.particle_from_ref = from_dynamo({angles.x, angles.y, angles.z});
  out.score = row.number(10);
  out.tomogram = row.whole(20);
  out.class_number = static_cast<int>(row.whole(22));
  out.place_voxels = row.vector(24);
  return out;
}

// What a table says alike in every row.
struct Stated {
  void row(double first, double last, double size_A) {
    const std::array<double, 3> here = {first, last, size_A};
    if (rows++ == 0) values = here;
    tilts_agree = tilts_agree && here[0] == values[0] && here[1] == values[1];
    size_agrees = size_agrees && here[2] == values[2];
  }
  std::array<double, 3> values{};  // first and last tilt, voxel size
  int64_t rows = 0;
  bool tilts_agree = true, size_agrees = true;
};

}  // namespace

NumberedList read_dynamo_table(const std::filesystem::path& path) {
  std::istringstream text(read_text_file(path));
  NumberedList out;
  Faults faults;
  Stated stated;
  size_t columns = 0;
  std::string line;
  for (int64_t number = 1; std::getline(text, line); ++number) {
    std::istringstream words(line);
    std::vector<std::string> row_words;
    for (std::string word; words >> word;) row_words.push_back(word);
    if (row_words.empty() || row_words[0][0] == '#' || row_words[0][0] == '%') continue;
    const Row row(std::move(row_words), fmt::format("line {}", number), faults);
    if (columns == 0) columns = row.columns();
    if (row.columns() < least_columns || row.columns() != columns) {
      faults.add(fmt::format("line {} has {} columns, {}", number, row.columns(),
                             row.columns() < least_columns ? "fewer than the 26 that end with the place"
                                                           : fmt::format("the first has {}", columns)));
      continue;
    }
    out.particles.push_back(particle_of(row));
    stated.row(row.number(14), row.number(15), columns >= 36 ? row.number(36) : 0);
  }
  if (columns == 0) faults.add("no particles in it");
  faults.raise<IoError>(path.string() + ": a table of Dynamo is expected");
  const auto [first_deg, last_deg, size_A] = stated.values;
  if (stated.size_agrees && size_A > 0) out.voxel_size_A = size_A;
  if (stated.tilts_agree && first_deg < last_deg) out.tilt_range_deg = {first_deg, last_deg};
  return out;
}

void write_dynamo_table(const std::filesystem::path& path, const NumberedList& list) {
  std::string text;
  for (const NumberedParticle& p : list.particles) {
    std::array<double, columns_written> row{};
    const auto put = [&](size_t column, Vec3 v) {
      row[column - 1] = v.x;
      row[column] = v.y;
      row[column + 1] = v.z;
    };
    row[0] = static_cast<double>(p.number);
    row[1] = row[2] = 1;  // to be aligned, and averaged
    put(4, p.shift_voxels);
    const DynamoAngles angles = dynamo_angles(p.particle_from_ref);
    put(7, {angles.tdrot_deg, angles.tilt_deg, angles.narot_deg});
    row[9] = p.score;
    if (list.tilt_range_deg) {
      row[12] = 1;  // tilted about y
      row[13] = (*list.tilt_range_deg)[0];
      row[14] = (*list.tilt_range_deg)[1];
    }
    row[19] = static_cast<double>(p.tomogram);
    row[21] = p.class_number;
    put(24, p.place_voxels);
    row[35] = list.voxel_size_A;
    for (size_t i = 0; i < row.size(); ++i) {
      const bool whole = row[i] == std::floor(row[i]);
      text += fmt::format("{}{:.{}f}", i == 0 ? "" : " ", row[i] == 0 ? 0.0 : row[i], whole ? 0 : 6);
    }
    text += '\n';
  }
  write_text_file(path, text);
}

}  // namespace tessera
