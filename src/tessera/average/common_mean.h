// SPDX-License-Identifier: GPL-3.0-or-later
// What classes have in common, estimated from the particles of all of them.
#pragma once

#include <optional>
#include <vector>

#include "tessera/average/maximisation.h"

namespace tessera {

// Classes of one machine in two states share most of what they are. Estimated each alone, the class with a few
// particles more has the better average, is the likelier one for particles of either, and grows. So a class is
// estimated as the average of all, pulled away from it by its own particles as far as its difference from that average
// is seen in both half-sets: ridge_k = noise over signal of the difference, per shell,
//   ridge_k = W_k (1 − F_k) / F_k / (1 − w_k),
// F_k the FSC of the half-sets' differences A_k − mean, W_k the mean weight of a half-set of class k and w_k its share
// of that of all classes, by which its noise is in the mean as well. Classes that have nothing in common differ by all
// they are and are left as they were. They must lie in one frame.
struct CommonMean {
  FoldSums sums;  // of all classes
  Resolution resolution;
  std::vector<std::vector<double>> ridge;  // [class][shell]

  // mask: holds every class.
  static CommonMean of(const std::vector<FoldSums>& classes, const Volume<float>& mask);
};

// How each map is to be turned and moved so that it is most like that of the greatest share; none where it is nearly
// as like it as it lies, where even then it is another structure (a correlation of 0.7 or less: it would be moved off
// its centre for nothing, and back by the next iteration), or its share is nothing. max_shift: voxels. Cost: a second
// or so a class at 64³.
std::vector<std::optional<Pose>> turns_into_one_frame(const std::vector<Volume<float>>& maps,
                                                      const std::vector<double>& share, double max_shift,
                                                      ExecContext& context);

}  // namespace tessera
