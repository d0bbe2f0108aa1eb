// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of balls in space, seen from far away (orthographic), nearer ones in front.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tessera/base/vec3.h"
#include "tessera/io/png.h"

namespace tessera {

using Colour = std::array<uint8_t, 3>;  // red, green, blue

// Colours that tell apart: `index` 0, 1, 2, … walks the hues by the golden angle. Negative: grey.
Colour palette_colour(int64_t index);

struct ViewBall {
  Vec3 centre_A;
  double radius_A = 0;
  Colour colour{};
};

struct BallViewPanel {
  std::string title;  // drawn above (drawing.h says in which letters)
  std::vector<ViewBall> balls;
};

struct BallViewOptions {
  int64_t panel_pixels = 420;           // edge of a panel, a square
  Vec3 centre_A;                        // of the view
  double field_A = 0;                   // edge of the view; 0: all balls of all panels fit
  std::array<double, 3> box_A{};        // edges of a frame drawn about centre_A, x, y, z; 0: none
  double turn_deg = 30, tilt_deg = 20;  // of the camera: about z, then above the x, y plane
};

// One panel beside the other, a scale bar below. Balls are shaded as matt spheres lit from the upper left, darker at
// their edges and, a little, with depth. UserError: no panels; no field where there are no balls.
ColourImage ball_view(const std::vector<BallViewPanel>& panels, const BallViewOptions& options = {});

}  // namespace tessera
