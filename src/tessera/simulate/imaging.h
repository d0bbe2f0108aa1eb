// SPDX-License-Identifier: GPL-3.0-or-later
// The imaging path of one boxed particle.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/base/random.h"
#include "tessera/fft/half_spectrum.h"
#include "tessera/optics/ctf.h"
#include "tessera/optics/tilt_geometry.h"
#include "tessera/so3/rotation.h"
#include "tessera/volume/volume.h"

namespace tessera {

// SNR = var(signal)/var(noise). The definitions:
//   projection      over the whole projection image of one particle's box, before CTF and MTF (the default)
//   projection-ctf  over the same image after CTF and MTF, which act on the noise too when it comes first
//   volume          over the 3-D box of the subtomogram
//   particle        as `volume`, the signal's variance taken over the particle's own voxels (density above 10 % of its
//                   maximum)
struct ImagingOptions {
  double snr = 0.05;
  std::string snr_definition = "projection";
  std::string snr_scope = "structure";
  bool noise_free = false;
  std::string noise_stage = "before-ctf";
  std::array<double, 2> tilt_range_deg{-60, 60};
  double tilt_step_deg = 3;
  double defocus_um = 6;
  double cs_mm = 2.7;
  double voltage_kV = 300;
  double amplitude_contrast = 0.1;
  bool ctf = true;
  bool mtf = true;
  bool phase_flip = true;
  double max_shift_voxels = 4;
  std::string rotation_axis = "none";

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"snr", "", "Signal-to-noise ratio, var(signal)/var(noise)", "Noise"}, snr);
    visit(Option{"snr-definition", "", "projection, projection-ctf, volume or particle: where the variances are taken",
                 "Noise"},
          snr_definition);
    visit(Option{"snr-scope", "",
                 "structure: each has its own noise level to reach the SNR; data-set: one level for all", "Noise"},
          snr_scope);
    visit(Option{"noise-free", "", "Leave the noise out", "Noise"}, noise_free);
    visit(Option{"noise-stage", "", "before-ctf or after-ctf: where white noise joins the image", "Noise"},
          noise_stage);
    visit(Option{"tilt-range", "degrees", "First and last tilt about y", "Tilt series"}, tilt_range_deg);
    visit(Option{"tilt-step", "degrees", "Step between tilts", "Tilt series"}, tilt_step_deg);
    visit(Option{"defocus", "µm", "Underfocus, positive", "Microscope"}, defocus_um);
    visit(Option{"cs", "mm", "Spherical aberration", "Microscope"}, cs_mm);
    visit(Option{"voltage", "kV", "Acceleration voltage", "Microscope"}, voltage_kV);
    visit(Option{"amplitude-contrast", "", "Amplitude contrast as a fraction", "Microscope"}, amplitude_contrast);
    visit(Option{"ctf", "", "Apply the contrast transfer function", "Microscope"}, ctf);
    visit(Option{"mtf", "", "Apply the detector's modulation transfer sinc(πω/2)", "Microscope"}, mtf);
    visit(Option{"phase-flip", "", "Flip phases, so that the CTF acts by its magnitude", "Microscope"}, phase_flip);
    visit(Option{"max-shift", "voxels", "Radius of the ball of random displacements", "Poses"}, max_shift_voxels);
    visit(Option{"rotation-axis", "",
                 "none: uniform on SO(3); x, y or z: turn about that axis alone, the structure's "
                 "principal axis parallel to it",
                 "Poses"},
          rotation_axis);
  }
  void add_faults(Faults& faults) const;
  TiltRange tilts() const { return {tilt_range_deg[0], tilt_range_deg[1], tilt_step_deg}; }
  CtfParameters ctf_parameters() const { return {voltage_kV, cs_mm, defocus_um, amplitude_contrast}; }
};

// White noise of standard deviation `sigma` per pixel, added to the spectrum (unnormalised forward) of an image.
void add_white_noise(HalfSpectrum& image, double sigma, Random& random);

// Images copies of one density. Images are 2n × 2n pixels about the particle, so that what the CTF spreads leaves the
// box as it does in a tomogram instead of wrapping round. Immutable after construction, thread-safe.
// Conventions: x_particle = particle_from_ref * x_ref + shift about voxel n/2; protein bright.
// Cost per particle: central slices of a 2×-padded spectrum (64 multiply-adds per image component), noise, one FFT of
// (2n)³. Tested against projections in real space (tests/reference/imaging_projection.h).
class ParticleImager {
 public:
  // Shares what depends on the box and options alone (weights, transfer) with `other` when given: same box required.
  ParticleImager(const Map& density, const ImagingOptions& options, const ParticleImager* other = nullptr);
  ~ParticleImager();
  ParticleImager(ParticleImager&&) noexcept;

  int64_t box() const;
  const std::vector<double>& tilts() const;  // radians

  // The noise-free projection of tilt j before CTF and MTF, n × n pixels (z extent 1): sums of voxels along the beam.
  Volume<float> projection(const Rotation& particle_from_ref, Vec3 shift_voxels, size_t tilt) const;

  // The subtomogram, n³. noise_sigma: standard deviation of the white noise of an image pixel, drawn from `noise`.
  Volume<float> image(const Rotation& particle_from_ref, Vec3 shift_voxels, double noise_sigma, Random noise) const;

  // Variance over the n × n image of the projection, mean over the tilts; before CTF, or after CTF and MTF.
  double projection_variance(const Rotation& particle_from_ref, Vec3 shift_voxels, bool after_ctf) const;

  // What white noise of sigma 1 becomes: variance in the n × n image after CTF and MTF, and in the n³ subtomogram.
  double image_noise_variance() const;
  double volume_noise_variance() const;

  // Real n³ volume, DC at voxel n/2: the transfer H(k) with subtomogram ≈ H · particle, the spectrum of the imaged and
  // reconstructed point. Wedge × |CTF| × MTF, or with the CTF's sign when phases are not flipped. Zero where nothing is
  // observed (more than half a component outside the tilt range, and from the Nyquist frequency on).
  const Volume<float>& weight() const;

 private:
  struct Shared;
  struct Source;
  std::shared_ptr<const Shared> shared_;
  std::unique_ptr<Source> source_;
};

}  // namespace tessera
