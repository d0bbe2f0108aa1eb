// SPDX-License-Identifier: GPL-3.0-or-later
// Wigner's small d-functions, the matrix elements of rotations about y.
#pragma once

#include <vector>

namespace tessera {

// d^l_{mn}(β) for l = max(|m|,|n|) … l_max (element 0 is the first of these). Condon–Shortley phases, the convention of
// Varshalovich et al. 1988: D^l_{mn}(α,β,γ) = e^{-imα} d^l_{mn}(β) e^{-inγ} and d^1_{1,0}(β) = −sin β/√2.
// Three-term recurrence in l (Kostelec & Rockmore 2008, eq. 11) from a start value computed in logarithms: stable to
// l of several hundred. Cost O(l_max). Tested against the factorial sum.
std::vector<double> wigner_d_column(int l_max, int m, int n, double beta);

}  // namespace tessera
