// SPDX-License-Identifier: GPL-3.0-or-later
// Signal-to-noise ratios: what noise reaches a wanted one, and what a finished set shows.
#pragma once

#include <vector>

#include "tessera/parallel/threads.h"
#include "tessera/simulate/particles.h"

namespace tessera {

// Variance of the noise-free signal under options.snr_definition (simulate/imaging.h) of one posed particle.
double signal_variance(const ParticleImager& imager, const Map& density, const ParticlePose& pose,
                       const std::string& definition);

// Variance, under the same definition, of the noise that white noise of sigma 1 per image pixel becomes.
double unit_noise_variance(const ParticleImager& imager, const ImagingOptions& options);

// A subtomogram and the pose it was simulated at.
struct PosedSubtomogram {
  ParticlePose pose;
  Volume<float> voxels;
};

struct PairCorrelation {
  double mean = 0;  // NaN without pairs
  int64_t pairs = 0;
};

// Mean over all pairs of the correlation between subtomograms turned back to the reference's frame, over the Fourier
// components that both observed (weight not 0), DC left out (Frank & Al-Ali 1975). Components are interpolated from
// padded spectra, so noise is not smoothed on the way. Memory 4/3 π (n/2)³ components a particle.
PairCorrelation pair_correlation(const std::vector<PosedSubtomogram>& particles, const Volume<float>& weight,
                                 Threads& threads);

// CC/(1−CC): the ratio of signal to noise power in either of two images whose correlation is CC. Infinite at CC = 1.
double frank_al_ali_snr(double correlation);

}  // namespace tessera
