// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/tilt_options.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/optics/exposure.h"
#include "tessera/optics/tilt_geometry.h"
#include "tessera/simulate/layered_projection.h"

namespace tessera {
namespace {

void require_not_negative(std::initializer_list<std::pair<const char*, double>> values, Faults& faults) {
  for (const auto& [option, value] : values)
    if (!(value >= 0 && std::isfinite(value)))
      faults.add(fmt::format("--{} must not be negative, {} was given", option, value));
}

void require_positive(std::initializer_list<std::pair<const char*, double>> values, Faults& faults) {
  for (const auto& [option, value] : values)
    if (!(value > 0 && std::isfinite(value)))
      faults.add(fmt::format("--{} must be positive, {} was given", option, value));
}

void add_tilt_faults(const TiltSeriesOptions& options, Faults& faults) {
  std::vector<double> tilts;
  try {
    tilts = options.tilts();
  } catch (const UserError& error) {
    faults.add(error.what());
    return;
  }
  if (tilts.empty()) faults.add("there are no tilts; give --tilt-range and --tilt-step, or --tilt-angles");
  for (size_t i = 0; i < tilts.size(); ++i) {
    if (!(std::abs(tilts[i]) <= 85.0001 * degree))
      faults.add(fmt::format("a tilt of {:g}° cannot be imaged: a slab is seen edge on at 90°; stay within ±85°",
                             tilts[i] / degree));
    if (i > 0 && tilts[i] - tilts[i - 1] < 0.005 * degree)
      faults.add(fmt::format("the tilt {:g}° is given twice", tilts[i] / degree));
  }
}

}  // namespace

void TiltSeriesOptions::add_faults(Faults& faults) const {
  require_one_of("physics", physics, {"full", "simple"}, faults);
  require_one_of("noise", noise, {"poisson", "gaussian", "none"}, faults);
  require_one_of("surroundings", surroundings, surroundings_names(), faults);
  require_one_of("dose-scheme", dose_scheme, exposure_schemes(), faults);
  add_tilt_faults(*this, faults);
  if (snr) require_positive({{"snr", *snr}}, faults);
  if (ice_thickness_A) require_not_negative({{"ice-thickness", *ice_thickness_A}}, faults);
  require_positive({{"total-dose", total_dose}, {"inelastic-path", inelastic_path_A}}, faults);
  require_not_negative({{"defocus-spread", defocus_spread_um},
                        {"b-factor", b_factor_A2},
                        {"energy-spread", energy_spread_eV},
                        {"convergence", convergence_mrad},
                        {"drift", drift_A},
                        {"shift-error", shift_error_A},
                        {"tilt-error", tilt_error_deg}},
                       faults);
  if (!(tilt_error_deg <= 3))
    faults.add(fmt::format("--tilt-error {}: more than 3° is no tilt series", tilt_error_deg));
  if (!(dqe > 0 && dqe <= 1)) faults.add(fmt::format("--dqe must lie between 0 and 1, {} was given", dqe));
  if (noise == "gaussian" && !snr && !simple())
    faults.add("--noise gaussian needs --snr: the signal-to-noise ratio to reach");
  try {
    AstigmaticTransfer{ctf_parameters(defocus_um), {astigmatism_um, astigmatism_angle_deg * degree}};
  } catch (const UserError& error) {
    faults.add(error.what());
  }
}

TiltSeriesOptions TiltSeriesOptions::resolved() const {
  TiltSeriesOptions out = *this;
  if (out.snr && out.noise == "poisson") out.noise = "gaussian";
  if (!simple()) return out;
  if (out.noise != "none") out.noise = "gaussian";
  if (!out.snr) out.snr = 0.05;
  out.defocus_spread_um = out.astigmatism_um = 0;
  out.b_factor_A2 = out.energy_spread_eV = out.convergence_mrad = 0;
  out.defocus_gradient = out.radiation_damage = false;
  out.drift_A = out.shift_error_A = out.tilt_error_deg = 0;
  return out;
}

std::vector<double> TiltSeriesOptions::tilts() const {
  if (tilt_angles_deg.empty()) return tilt_angles({tilt_range_deg[0], tilt_range_deg[1], tilt_step_deg});
  std::vector<double> out = tilt_angles_deg;
  std::sort(out.begin(), out.end());
  for (double& angle : out) angle *= degree;
  return out;
}

CtfParameters TiltSeriesOptions::ctf_parameters(double defocus) const {
  return {voltage_kV, cs_mm, defocus, amplitude_contrast};
}

EnvelopeParameters TiltSeriesOptions::envelope_parameters() const {
  return {b_factor_A2, voltage_kV, cs_mm, defocus_um, 2.7, energy_spread_eV, convergence_mrad};
}

std::vector<Tilt> plan_tilts(const TiltSeriesOptions& options, double box_thickness_A, uint64_t seed) {
  const std::vector<double> angles = options.tilts();
  const std::vector<int> order = acquisition_order(angles, options.dose_scheme);
  const double exposure = options.total_dose / static_cast<double>(angles.size());
  const double thickness = options.ice_thickness_A.value_or(box_thickness_A);
  std::vector<Tilt> out;
  for (size_t i = 0; i < angles.size(); ++i) {
    Random random(seed, "tilt", i);
    Tilt tilt;
    tilt.angle = angles[i];
    tilt.true_angle = angles[i] + options.tilt_error_deg * degree * random.normal();
    tilt.order = order[i];
    tilt.exposure = exposure;
    tilt.exposure_before = exposure * order[i];
    tilt.defocus_um = std::max(0.05 * options.defocus_um + 0.5 * options.astigmatism_um,
                               options.defocus_um + options.defocus_spread_um * random.normal());
    tilt.shift_x_A = options.shift_error_A * random.normal();
    tilt.shift_y_A = options.shift_error_A * random.normal();
    tilt.drift_x_A = options.drift_A / std::sqrt(2.0) * random.normal();
    tilt.drift_y_A = options.drift_A / std::sqrt(2.0) * random.normal();
    if (!options.simple())
      tilt.transmission = std::exp(-thickness / (options.inelastic_path_A * std::cos(tilt.true_angle)));
    out.push_back(tilt);
  }
  return out;
}

}  // namespace tessera
