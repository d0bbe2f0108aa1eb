// SPDX-License-Identifier: GPL-3.0-or-later
// How the microscope looks at a packed scene.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "tessera/base/errors.h"
#include "tessera/base/option.h"
#include "tessera/optics/astigmatic_ctf.h"
#include "tessera/optics/envelope.h"

namespace tessera {

// physics = simple is the order of the papers ([F] 3.1, [P] 2.3): projection → white noise to the SNR → CTF → MTF, each
// tilt alike. physics = full is a microscope: what the fields below say. Under `simple` only tilts, voltage, Cs,
// defocus, amplitude contrast, ctf, mtf, snr and noise (gaussian or none) count.
struct TiltSeriesOptions {
  std::string physics = "full";
  std::array<double, 2> tilt_range_deg{-60, 60};
  double tilt_step_deg = 3;
  std::vector<double> tilt_angles_deg;
  std::string surroundings = "periodic";
  double defocus_um = 4;
  double defocus_spread_um = 0.05;
  double astigmatism_um = 0.05;
  double astigmatism_angle_deg = 30;
  double cs_mm = 2.7;
  double voltage_kV = 300;
  double amplitude_contrast = 0.07;
  bool ctf = true;
  bool defocus_gradient = true;
  double b_factor_A2 = 50;
  double energy_spread_eV = 0.7;
  double convergence_mrad = 0.02;
  std::string dose_scheme = "dose-symmetric";
  double total_dose = 120;
  bool radiation_damage = true;
  std::optional<double> ice_thickness_A;
  double inelastic_path_A = 3100;
  bool mtf = true;
  double dqe = 0.85;
  double drift_A = 3;
  double shift_error_A = 3;
  double tilt_error_deg = 0.1;
  std::string noise = "poisson";
  std::optional<double> snr;

  template <typename Visitor>
  void describe(Visitor& visit) {
    visit(Option{"physics", "", "full: a microscope; simple: projection, noise, CTF, MTF, as the papers do", "Physics"},
          physics);
    visit(Option{"noise", "", "poisson, gaussian (to the --snr) or none; with --physics simple gaussian or none",
                 "Physics"},
          noise);
    visit(Option{"snr", "",
                 "Wanted var(particle)/var(noise) over the particle's box of the projections before CTF, mean over all "
                 "particles and tilts; makes the noise gaussian",
                 "Physics"},
          snr);
    visit(Option{"tilt-range", "degrees", "First and last tilt about y", "Tilt series"}, tilt_range_deg);
    visit(Option{"tilt-step", "degrees", "Step between tilts", "Tilt series"}, tilt_step_deg);
    visit(Option{"tilt-angles", "degrees", "These tilts instead of a range", "Tilt series"}, tilt_angles_deg);
    visit(Option{"surroundings", "",
                 "What lies beside the box: periodic (the box again), mean (its mean density) or ice (nothing)",
                 "Tilt series"},
          surroundings);
    visit(Option{"defocus", "µm", "Underfocus, positive", "Microscope"}, defocus_um);
    visit(Option{"defocus-spread", "µm", "Standard deviation of the defocus between tilts", "Microscope"},
          defocus_spread_um);
    visit(Option{"astigmatism", "µm", "Largest less smallest defocus", "Microscope"}, astigmatism_um);
    visit(Option{"astigmatism-angle", "degrees", "From x to the direction of the largest defocus", "Microscope"},
          astigmatism_angle_deg);
    visit(Option{"cs", "mm", "Spherical aberration", "Microscope"}, cs_mm);
    visit(Option{"voltage", "kV", "Acceleration voltage", "Microscope"}, voltage_kV);
    visit(Option{"amplitude-contrast", "", "Amplitude contrast as a fraction", "Microscope"}, amplitude_contrast);
    visit(Option{"ctf", "", "Apply the contrast transfer function", "Microscope"}, ctf);
    visit(Option{"defocus-gradient", "", "Give every height of the tilted specimen its own defocus", "Microscope"},
          defocus_gradient);
    visit(Option{"b-factor", "Å²", "Envelope exp(−B k²/4)", "Microscope"}, b_factor_A2);
    visit(Option{"energy-spread", "eV", "Standard deviation, for the temporal envelope (Cc 2.7 mm)", "Microscope"},
          energy_spread_eV);
    visit(Option{"convergence", "mrad", "Semi-angle of the illumination, for the spatial envelope", "Microscope"},
          convergence_mrad);
    visit(Option{"dose-scheme", "", "dose-symmetric, bidirectional or unidirectional", "Dose"}, dose_scheme);
    visit(Option{"total-dose", "e⁻/Å²", "Exposure of the whole series, the same at each tilt", "Dose"}, total_dose);
    visit(Option{"radiation-damage", "", "Let the exposure fade fine detail (Grant & Grigorieff 2015)", "Dose"},
          radiation_damage);
    visit(Option{"ice-thickness", "Å", "Of the slab at 0°, for inelastic loss; the height of the box if not given",
                 "Dose"},
          ice_thickness_A);
    visit(Option{"inelastic-path", "Å",
                 "Mean free path λ in ice: exp(−t/λ cos θ) of the electrons pass the energy filter", "Dose"},
          inelastic_path_A);
    visit(Option{"mtf", "", "Apply the detector's modulation transfer sinc(πω/2)", "Detector"}, mtf);
    visit(Option{"dqe", "", "Detective quantum efficiency at frequency 0: the share of electrons counted", "Detector"},
          dqe);
    visit(Option{"drift", "Å", "Root mean square drift within an exposure", "Errors"}, drift_A);
    visit(Option{"shift-error", "Å", "Root mean square shift that alignment has left, along x and y each", "Errors"},
          shift_error_A);
    visit(Option{"tilt-error", "degrees", "Root mean square error of the stated tilt angles", "Errors"},
          tilt_error_deg);
  }
  void add_faults(Faults& faults) const;

  // With everything that `simple` leaves out set to nothing, and the noise that an SNR implies.
  TiltSeriesOptions resolved() const;
  std::vector<double> tilts() const;  // radians, ascending
  CtfParameters ctf_parameters(double defocus_um) const;
  EnvelopeParameters envelope_parameters() const;
  bool simple() const { return physics == "simple"; }
};

// One exposure: what is reported of it, and what is only known here.
struct Tilt {
  double angle = 0;                          // radians, as reported and reconstructed with
  double true_angle = 0;                     // as imaged
  int order = 0;                             // when it was taken, 0 …
  double exposure_before = 0, exposure = 0;  // e⁻/Å²
  double defocus_um = 0;                     // at the tilt axis, mid-height
  double shift_x_A = 0, shift_y_A = 0;       // of the image against the ideal geometry
  double drift_x_A = 0, drift_y_A = 0;       // within the exposure
  double transmission = 1;                   // share of electrons without inelastic loss
};

// The exposures in ascending order of their angle; random parts from Random(seed, "tilt", place). `options` resolved;
// thickness of the box where the options state none.
std::vector<Tilt> plan_tilts(const TiltSeriesOptions& options, double box_thickness_A, uint64_t seed);

}  // namespace tessera
