// SPDX-License-Identifier: GPL-3.0-or-later
// What was not observed, filled in with what the model expects there: the M-step as [F] prints it.
#pragma once

#include "tessera/average/accumulator.h"

namespace tessera {

// Completes the sums of some particles so that numerator/weight is [F] Eq. 10,
//   A_new(k) = Σ g { w X(Rk) + (1 − w) A_old(k) } / Σ g,
// with w as the particles carry it in `sums.weight` = Σ g w². `total`: Σ g, Nα_k of Eq. 11. `largest_square`: the
// greatest w² of any component, 1 for a binary wedge; for other weights H the numerator gets
// (total·largest_square − Σ g H²) A_old, the EM step of a model X = H·(RA) + N with hidden data of that total weight,
// of which Eq. 10 is the case H ∈ {0, 1}. Components with |k| > max_shell, where nothing was summed, stay empty.
// Repeated at fixed g it converges to Σ g w X / Σ g w, by the share of what is observed at each step.
void impute(Accumulator& sums, double total, double largest_square, const HalfSpectrum& reference, int64_t max_shell);

// σ² of [F] Eq. 12: the mean of |X − RA|² over `all` components, of which `observed` left the sum `residual`, and the
// others count with the variance they are imputed with, the previous one. The same fixed point as residual/observed,
// reached more slowly.
double imputed_variance(double residual, double observed, double all, double previous);

}  // namespace tessera
