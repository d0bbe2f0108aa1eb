// SPDX-License-Identifier: GPL-3.0-or-later
// From the potential of a scene to the images a detector records, and to images ready for reconstruction.
#pragma once

#include <vector>

#include "tessera/parallel/exec_context.h"
#include "tessera/simulate/tilt_options.h"
#include "tessera/volume/volume.h"

namespace tessera {

struct TiltSeries {
  Volume<float> images;  // (tilt, y, x), ascending angles
  std::vector<Tilt> tilts;
  double voxel_size_A = 1;
};

// How the numbers of a specimen volume become images.
struct SpecimenScale {
  double voxel_size_A = 1;
  double volts_per_unit = 1;  // of the density kernel: 1 for potential
};

// Image of tilt θ, P_h the projected potential (sum of voxels, times the voxel size a) of height h:
//   full:   c = −2σ Σ_h CTF_h P_h, then envelope, MTF, mean damage of the exposure, drift and shift; counts of mean
//           N (1 + c), N = exposure · a² · DQE(0) · transmission; poisson, or gaussian of the variance that
//           `noise_sigma` in units of a projection stands for, or none. DQE(ω) = DQE(0) MTF²(ω): white noise, as
//           counting detectors have. Protein is dark.
//   simple: (P + white noise of noise_sigma per pixel) · CTF · MTF. Protein is bright.
// Circular convolutions on a frame that is larger than the image by the delocalisation λ Δf k at the Nyquist frequency,
// filled from the surroundings. `options` resolved. The noise of tilt j comes from Random(seed, "tilt noise", j): the
// same bits for any number of threads. Memory beside the images: at most 256 MB of layers (or one tilt for each thread)
// and four frames for each thread.
TiltSeries record_tilt_series(const Volume<float>& specimen, const SpecimenScale& scale, std::vector<Tilt> tilts,
                              const TiltSeriesOptions& options, double noise_sigma, ExecContext& context);

// The standard deviation, in units of a projection (sums of voxels), of the noise that counting puts into tilt `tilt`.
double counting_noise_sigma(const Tilt& tilt, const TiltSeriesOptions& options, const SpecimenScale& scale);

struct CorrectionOptions {
  bool phase_flip = true;      // in strips along the tilt axis, each at the defocus of its mid-height
  bool dose_weighting = true;  // exposure_amplitude() at the end of each exposure; full physics with damage only
};

// Turns recorded images into estimates of the projection, in place: counts to contrast and contrast to units of the
// specimen (protein bright), mean 0; phases flipped with the defocus of each tilt as imaged (a perfect CTF estimate)
// but the reported angle; dose weights. Strips are so narrow that the CTF's phase at the Nyquist frequency changes by
// less than half a radian over one, and blend linearly into each other.
void correct_tilt_series(TiltSeries& series, const SpecimenScale& scale, const TiltSeriesOptions& options,
                         const CorrectionOptions& correction, ExecContext& context);

}  // namespace tessera
