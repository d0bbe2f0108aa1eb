// SPDX-License-Identifier: GPL-3.0-or-later
// The noise of a box cut from a tomogram and multiplied with a window.
#pragma once

#include "tessera/pick/noise_spectrum.h"
#include "tessera/volume/volume.h"

namespace tessera {

// Mean |F(k)|² of window(x) · f(x), f a stationary field of the spectrum noise(k) and the voxel variance `variance`:
// Σ_x C(x) A(x) exp(−2πi k·x/n), C the covariance of f and A the autocorrelation of the window. Where noise is steep in
// k this is not the spectrum times Σ window²: the window brings in what lies beside. window: a cube of even edge n.
// Returns that cube, DC at voxel n/2. Cost: four transforms of (2n)³. Oracle: many boxes (windowed_noise_test.cc).
Volume<float> windowed_noise(const NoiseSpectrum& noise, double variance, const Volume<float>& window);

}  // namespace tessera
