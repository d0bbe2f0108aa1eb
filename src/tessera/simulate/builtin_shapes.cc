// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/builtin_shapes.h"

#include <cmath>

#include "tessera/base/units.h"

namespace tessera {
namespace {

// Cylindrical coordinates: distance from the z axis, degrees from x, height.
Vec3 cylinder(double r, double angle_deg, double z) {
  return {r * std::cos(angle_deg * degree), r * std::sin(angle_deg * degree), z};
}

Capsule ball(Vec3 centre, double radius) {
  return {centre, centre, radius};
}

// Balls along an arc about z, their radius running from first to last, their height wandering.
std::vector<Capsule> arc(double r, double from_deg, double to_deg, int count, double first, double last, double lift) {
  std::vector<Capsule> out;
  for (int i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / (count - 1);
    out.push_back(
        ball(cylinder(r, from_deg + t * (to_deg - from_deg), lift * std::sin(5 * t)), first + t * (last - first)));
  }
  return out;
}

std::vector<BuiltinShape> barrels() {
  return {
      {{"chaperonin", "double-ring barrel of 14 subunits, open at both ends", "D7", 800},
       {ball(cylinder(44, 0, 16), 21),
        ball(cylinder(50, 9, 38), 12),
        {cylinder(50, 2, 56), cylinder(34, -14, 64), 13}}},
      {{"capped-chaperonin", "double-ring barrel with one ring widened and capped by a dome", "C7", 870},
       {ball(cylinder(44, 0, 16), 21),
        ball(cylinder(54, 10, 44), 13),
        {cylinder(50, 16, 66), cylinder(40, 34, 76), 14},
        {cylinder(34, 30, 92), cylinder(12, 8, 104), 10},
        ball(cylinder(44, 24, -16), 21),
        ball(cylinder(50, 14, -38), 12),
        {cylinder(50, 20, -56), cylinder(34, 36, -64), 13}}},
      {{"proteasome", "narrow barrel of 28 subunits in four rings, nearly closed at its ends", "D7", 700},
       {ball(cylinder(40, 5, 19), 18), {cylinder(40, -12, 56), cylinder(28, -2, 66), 17}}},
      {{"unfoldase", "two-tiered ring of six with domains standing out", "C6", 540},
       {{cylinder(34, 0, -14), cylinder(46, 20, -18), 17},
        {cylinder(32, 4, 22), cylinder(48, -14, 20), 17},
        ball(cylinder(72, 12, 30), 13)}},
  };
}

std::vector<BuiltinShape> shells() {
  return {
      {{"ferritin", "hollow shell of 24 subunits", "O", 480},
       {{{44, 26, 2}, {22, 30, 38}, 12}, {{46, 16, 14}, {32, 16, 42}, 9}}},
      {{"capsid", "hollow shell of 60 subunits with spikes", "I1", 1500},
       {{{84, 20, 22}, {78, 4, 44}, 18}, {{84, 30, 48}, {70, 38, 56}, 14}, {{84, 22, 48}, {108, 16, 58}, 8}}},
      {{"tetrahedral-cage", "cage of 12 subunits with wide openings", "T", 330},
       {{{-4, -22, 38}, {-27, -11, 43}, 13}, ball({7, -7, 55}, 10)}},
  };
}

std::vector<BuiltinShape> compact() {
  return {
      {{"dimer", "small dimer", "C2", 160}, {ball({24, 4, -4}, 22), {{28, 18, 16}, {10, 30, 26}, 12}}},
      {{"tetramer", "compact tetramer of the size of a metabolic enzyme", "D2", 240},
       {ball({20, 16, 22}, 20), {{38, 8, 30}, {30, 34, 14}, 10}}},
      {{"clamp", "two bent arms that meet at a hinge, a V", "C2", 330},
       {{{9, 0, -50}, {30, 12, -10}, 16}, {{34, 12, 6}, {52, -8, 46}, 17}, ball({40, -26, 58}, 13)}},
      {{"claw", "two unlike jaws around a cleft, without symmetry", "C1", 400},
       {ball({0, -18, -8}, 34),
        {{-32, 6, 6}, {-30, 66, 26}, 17},
        ball({-14, 78, 34}, 14),
        {{30, 4, -10}, {48, 24, -30}, 27},
        ball({30, -44, 34}, 20),
        {{-14, -40, -34}, {-44, -66, -50}, 13}}},
      {{"mushroom", "broad cap on a narrow stem", "C4", 700},
       {{cylinder(18, 0, -58), cylinder(16, 20, -10), 14},
        {cylinder(30, 10, 16), cylinder(66, 0, 22), 20},
        ball(cylinder(74, 36, 12), 14),
        ball(cylinder(44, -32, 38), 13)}},
  };
}

std::vector<BuiltinShape> open_shapes() {
  auto horseshoe = arc(52, 20, 330, 10, 22, 15, 12);
  horseshoe.push_back(ball({-62, 30, 22}, 12));
  return {
      {{"rod", "long three-stranded rod", "D3", 260},
       {{cylinder(12, 0, 8), cylinder(13, 70, 60), 12}, {cylinder(13, 75, 66), cylinder(9, 130, 122), 10}}},
      {{"ring", "thin ring of eleven subunits", "C11", 420},
       {{cylinder(58, 0, -8), cylinder(64, 8, 10), 13}, ball(cylinder(80, -5, -14), 9)}},
      {{"propeller", "three blades about a hub", "C3", 480},
       {ball(cylinder(14, 0, 0), 20), {cylinder(34, 10, 4), cylinder(78, 30, 14), 15}, ball(cylinder(84, 48, -6), 14)}},
      {{"crescent", "solenoid bent to a crescent", "C1", 150}, arc(60, -75, 80, 7, 17, 11, 10)},
      {{"horseshoe", "long solenoid bent nearly to a ring", "C1", 400}, std::move(horseshoe)},
  };
}

std::vector<BuiltinShape> giants() {
  return {{{"ribosome", "two unequal lobes with stalks, the size of a bacterial ribosome", "C1", 2500},
           {ball({0, 0, 32}, 72),
            ball({34, 22, 48}, 50),
            ball({-36, -14, 46}, 48),
            ball({4, -56, 84}, 24),
            {{62, 40, 36}, {104, 62, 16}, 15},
            {{-66, 22, 56}, {-104, 44, 74}, 14},
            {{-30, 16, -66}, {46, -8, -70}, 38},
            {{-58, -30, -72}, {-74, -52, -60}, 28},
            {{-84, -24, -84}, {-100, 4, -94}, 12},
            {{52, 22, -84}, {78, 34, -70}, 18}}}};
}

}  // namespace

const std::vector<BuiltinShape>& builtin_shapes() {
  static const std::vector<BuiltinShape> shapes = [] {
    std::vector<BuiltinShape> all;
    for (auto&& family : {barrels(), shells(), compact(), open_shapes(), giants()})
      all.insert(all.end(), family.begin(), family.end());
    return all;
  }();
  return shapes;
}

}  // namespace tessera
