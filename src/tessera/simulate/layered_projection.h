// SPDX-License-Identifier: GPL-3.0-or-later
// Projections of a tilted slab, split by height along the beam: every layer of the specimen has a defocus of its own.
#pragma once

#include <string>
#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/volume/volume.h"

namespace tessera {

// What the beam meets beside the box, where a tilted slab is seen wider than it was simulated:
//   periodic  the box again, along x and y (a crowded slab goes on as it is)
//   mean      the mean potential of each plane z (nothing to see, but no step of brightness either)
//   ice       nothing (a patch of specimen in bare ice)
// Above and below the box there is vacuum or bare ice, without contrast either way.
const std::vector<std::string>& surroundings_names();

// Heights are those of optics/tilt_geometry.h, (0, 0, 1)·image_from_specimen: −x sin θ + z cos θ, in voxels from the
// middle of the box. Layer l lies at first_height + l·spacing.
struct LayerPlan {
  double tilt = 0;  // radians
  int64_t layers = 1;
  double first_height = 0, spacing = 1;
};

// Layers no farther apart than `spacing` voxels over the heights that an image of `image_width` pixels sees (half of it
// about the middle); one layer at height 0 where they all lie within a quarter of it.
LayerPlan plan_layers(double tilt, Shape3 specimen, int64_t image_width, double spacing,
                      const std::string& surroundings);

// An image larger than the specimen by at least `margin` pixels on every side, for transforms: pixel (0, 0) is that of
// voxel (0, 0); what lies before it is found at the other end, as in any periodic image.
struct PaddedFrame {
  int64_t margin = 0;
  Shape3 shape;  // (1, rows, columns), both even with small factors
};
PaddedFrame padded_frame(Shape3 specimen, int64_t margin);

// Layered projections [view][layer] of frame.shape each, sums of voxels along the beam. A voxel between two layers goes
// to both by linear weights, so that the layers add up to the projection. Beyond the margins the frame is zero. Blocks
// of 16 rows by the threads, in fixed order. Cost 16 multiply-adds per voxel seen. Memory 4 bytes a pixel, layer and
// view. The views of one call are to be chosen by that.
std::vector<std::vector<AlignedVector<float>>> project_layers(const Volume<float>& specimen,
                                                              const std::vector<LayerPlan>& views,
                                                              const PaddedFrame& frame, const std::string& surroundings,
                                                              ExecContext& context);

}  // namespace tessera
