// SPDX-License-Identifier: GPL-3.0-or-later
// Atomic models of plain shapes, at about the density of protein.
#pragma once

#include <cmath>
#include <string>

#include "tessera/io/atoms.h"

namespace tessera {

// Carbon atoms 2.8 Å apart wherever `inside(position_A)`, within ±half_A.
template <typename Inside>
AtomicModel solid_model(const std::string& name, double half_A, Inside&& inside) {
  AtomicModel out;
  out.name = name;
  constexpr double step_A = 2.8;
  const int count = static_cast<int>(std::floor(half_A / step_A));
  for (int z = -count; z <= count; ++z)
    for (int y = -count; y <= count; ++y)
      for (int x = -count; x <= count; ++x) {
        const Vec3 p{x * step_A, y * step_A, z * step_A};
        if (inside(p)) out.atoms.push_back({.position_A = p});
      }
  return out;
}

inline AtomicModel ball_model(double radius_A) {
  return solid_model("ball", radius_A, [&](Vec3 p) { return p.norm() <= radius_A; });
}

// Three arms of unlike lengths, so that no two orientations look alike.
inline AtomicModel bracket_model(double scale_A) {
  return solid_model("bracket", 2 * scale_A, [&](Vec3 p) {
    const auto arm = [&](double along, double across_a, double across_b, double length) {
      return along >= -0.3 * scale_A && along <= length && std::abs(across_a) <= 0.3 * scale_A &&
             std::abs(across_b) <= 0.3 * scale_A;
    };
    return arm(p.x, p.y, p.z, 1.6 * scale_A) || arm(p.y, p.z, p.x, scale_A) || arm(p.z, p.x, p.y, 0.6 * scale_A);
  });
}

}  // namespace tessera
