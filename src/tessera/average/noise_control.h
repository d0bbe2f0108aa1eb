// SPDX-License-Identifier: GPL-3.0-or-later
// Whether the particles match their average better than noise of the same power would.
#pragma once

#include "tessera/average/reference_set.h"

namespace tessera {

struct NoiseControl {
  int particles = 0;          // compared
  double correlation = 0;     // mean of their best correlations with the references that leave them out
  double of_noise = 0;        // the same of noise in their place
  double standard_error = 0;  // of the difference
  // Even in pure noise the references are drawn a little towards all the particles that ever served them: measured, the
  // ratio is 1.00 to 1.13 for noise alone and 1.4 to 1.8 for particles at the limit of what can be aligned (40 to 100
  // of them). The difference has to be plain: by three standard errors and by a fifth.
  bool tells_from_noise() const { return correlation - of_noise > 3 * standard_error && correlation > 1.2 * of_noise; }
};

// Searches up to 48 particles, evenly spread over the stack, and a stand-in for each: its spectrum with random phases
// (volume/corrected_fsc.h), masked again and brought back to its power, so that wedge, colour and extent of the noise
// are kept and the structure is not. Both are searched over all rotations and shifts, without a pose from before. The
// best over any search is high in noise as well; this says how high. Cost: two searches a particle and class.
NoiseControl compare_with_noise(const ParticleStack& stack, const ReferenceSet& references,
                                const std::vector<int>& fold_of, ExecContext& context);

}  // namespace tessera
