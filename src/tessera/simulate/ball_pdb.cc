// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/ball_pdb.h"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/base/errors.h"
#include "tessera/io/atomic_file.h"

namespace tessera {
namespace {

// `width` columns: decimal as far as it goes, then base 36 from A0…0 in capitals, then in small letters.
std::string hybrid_36(int64_t value, int width) {
  int64_t decimal = 1, letters = 26;
  for (int i = 0; i < width; ++i) decimal *= 10;
  for (int i = 1; i < width; ++i) letters *= 36;
  if (value < decimal) return fmt::format("{:>{}}", value, width);
  value -= decimal;
  const char* digits =
      value < letters ? "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" : "0123456789abcdefghijklmnopqrstuvwxyz";
  if (value >= letters) value = (value - letters) % letters;
  value += 10 * (letters / 26);
  std::string out(width, '0');
  for (int i = width - 1; i >= 0; --i, value /= 36) out[i] = digits[value % 36];
  return out;
}

// Eight columns: three decimals, fewer where the number is too long for them.
std::string coordinate(double value) {
  for (int decimals = 3; decimals >= 0; --decimals) {
    std::string out = fmt::format("{:8.{}f}", value, decimals);
    if (out.size() == 8) return out;
  }
  throw UserError(fmt::format("a ball at {:.0f} Å lies outside what a PDB file can hold", value));
}

constexpr const char* chains = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

}  // namespace

std::string pdb_atoms(const std::vector<PdbBall>& balls) {
  std::string out;
  for (size_t i = 0; i < balls.size(); ++i) {
    const PdbBall& b = balls[i];
    const std::string position =
        coordinate(b.ball.centre_A.x) + coordinate(b.ball.centre_A.y) + coordinate(b.ball.centre_A.z);
    out += fmt::format("ATOM  {}  CA  B{:02} {}{}    {}  1.00{:6.2f}           C\n",
                       hybrid_36(static_cast<int64_t>(i) + 1, 5), b.kind % 100, chains[b.kind % 62],
                       hybrid_36(b.body + 1, 4), position, std::min(b.ball.radius_A, 999.99));
  }
  return out;
}

std::string pdb_bonds(const std::vector<std::array<int32_t, 2>>& bonds) {
  std::string out;
  for (const auto& [a, b] : bonds) out += "CONECT" + hybrid_36(a + 1, 5) + hybrid_36(b + 1, 5) + "\n";
  return out;
}

void write_ball_pdb(const std::filesystem::path& path, const std::vector<PdbBall>& balls,
                    const std::vector<std::array<int32_t, 2>>& bonds, const std::string& title) {
  write_text_file(path, fmt::format("TITLE     {:.70}\n", title) + pdb_atoms(balls) + pdb_bonds(bonds) + "END\n");
}

}  // namespace tessera
