// SPDX-License-Identifier: GPL-3.0-or-later
// The Fourier shell correlation of two half maps inside a mask, corrected for what the mask itself correlates.
#pragma once

#include <cstdint>
#include <vector>

#include "tessera/volume/volume.h"

namespace tessera {

// All curves run over shells 0 … box/2.
struct CorrectedFsc {
  std::vector<double> unmasked, masked;
  std::vector<double> randomised;  // of the masked maps, their phases made random from random_from_shell on
  std::vector<double> corrected;
  int64_t random_from_shell = 0;
};

// Multiplying with a mask spreads what the halves share at low resolution over all shells, where it correlates although
// nothing there is shared. Chen et al. 2013 (Ultramicroscopy 135, 24) measure that part, FSC_n, on halves whose
// phases from some shell on were replaced by independent random ones, and remove it:
//   FSC_corrected = (FSC_masked − FSC_n) / (1 − FSC_n).
// Up to a shell behind random_from_shell the phases are the maps' own, or the mask mixes them in: there corrected =
// masked. random_from_shell < 0: the first shell where the unmasked FSC falls below 0.8, but at least 1. Amplitudes are
// kept exactly. `seed` alone fixes the phases. The correction has its own scatter, about 1/√(components of the shell
// inside the mask), so that the corrected curve of pure noise lies around 0 on both sides. Cost: six transforms of the
// box. InternalError when the shapes differ or are not cubes.
CorrectedFsc corrected_fsc(const Volume<float>& half1, const Volume<float>& half2, const Volume<float>& mask,
                           int64_t random_from_shell, uint64_t seed);

// The map with independent uniform phases on all components of shells ≥ from_shell and of the corners beyond, their
// amplitudes kept; DC and components that are their own mirror image keep their phase. `which` tells the maps of one
// seed apart.
Volume<float> phase_randomised(const Volume<float>& map, int64_t from_shell, uint64_t seed, uint64_t which);

}  // namespace tessera
