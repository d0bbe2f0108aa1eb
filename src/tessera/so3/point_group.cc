// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/so3/point_group.h"

#include <cctype>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"

namespace tessera {
namespace {

// All products of the generators. Groups here have at most a few hundred elements.
std::vector<Rotation> closure(const std::vector<Rotation>& generators) {
  std::vector<Rotation> group{Rotation()};
  for (size_t done = 0; done < group.size(); ++done)
    for (const Rotation& generator : generators) {
      const Rotation product = generator * group[done];
      bool known = false;
      for (const Rotation& element : group) known = known || angle_between(element, product) < 1e-4;
      if (!known) group.push_back(product);
    }
  return group;
}

}  // namespace

std::vector<Rotation> point_group(const std::string& name) {
  const auto refuse = [&]() -> std::vector<Rotation> {
    throw UserError(fmt::format("\"{}\" is not a point group: use C1 … C99, D1 … D99, T, O, I or I1 … I4", name));
  };
  if (name.empty()) return refuse();
  const char kind = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  const Rotation three_fold = Rotation::about_axis({1, 1, 1}, 2 * pi / 3);
  const Rotation two_x = Rotation::about_axis({1, 0, 0}, pi), two_z = Rotation::about_axis({0, 0, 1}, pi);
  if (name.size() == 1 && kind == 'T')
    return closure({Rotation::about_axis({0, 0, 1}, 2 * pi / 3), Rotation::about_axis({0, std::sqrt(2.0), 1}, pi)});
  if (name.size() == 1 && kind == 'O') return closure({Rotation::about_axis({0, 0, 1}, pi / 2), three_fold});
  if (kind == 'I') {
    const double golden = (1 + std::sqrt(5.0)) / 2;
    const Rotation five_z = Rotation::about_axis({0, 0, 1}, 2 * pi / 5);
    const std::string setting = name.substr(1);
    if (setting == "1") return closure({two_z, three_fold, Rotation::about_axis({golden, 0, 1}, 2 * pi / 5)});
    if (setting.empty() || setting == "2")
      return closure({two_z, three_fold, Rotation::about_axis({0, golden, 1}, 2 * pi / 5)});
    if (setting == "3") return closure({five_z, Rotation::about_axis({1, 0, -golden}, pi)});
    if (setting == "4") return closure({five_z, Rotation::about_axis({1, 0, golden}, pi)});
    return refuse();
  }
  if (name.size() == 1) return refuse();
  int order = 0;
  for (size_t i = 1; i < name.size(); ++i) {
    if (!std::isdigit(static_cast<unsigned char>(name[i])) || i > 2) return refuse();
    order = 10 * order + (name[i] - '0');
  }
  if (order < 1 || (kind != 'C' && kind != 'D')) return refuse();
  const Rotation turn = Rotation::about_axis({0, 0, 1}, 2 * pi / order);
  return kind == 'C' ? closure({turn}) : closure({turn, two_x});
}

}  // namespace tessera
