// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/simulate/tilt_series.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/fft/half_spectrum.h"
#include "tessera/fft/plan.h"
#include "tessera/optics/exposure.h"
#include "tessera/simulate/imaging.h"
#include "tessera/simulate/layered_projection.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

constexpr double layer_bytes = 256e6;
constexpr double layer_phase = 0.5;  // of the CTF at the Nyquist frequency between two layers: linear to 3 %

// Pixels by which the CTF spreads detail at the Nyquist frequency, λ Δf k, within reason.
int64_t delocalisation(const TiltSeriesOptions& options, double voxel_size_A) {
  if (!options.ctf) return 4;
  const double spread_A =
      electron_wavelength_A(options.voltage_kV) * options.defocus_um * micrometre_A / (2 * voxel_size_A);
  return std::clamp<int64_t>(std::llround(spread_A / voxel_size_A) + 4, 4, 64);
}

// What multiplies every component whatever the height it comes from.
class CommonFilter {
 public:
  CommonFilter(const TiltSeriesOptions& options, const Tilt& tilt, double voxel_size_A)
      : options_(options), tilt_(tilt), voxel_(voxel_size_A), envelope_(options.envelope_parameters()) {
    const bool damped = options.b_factor_A2 > 0 || options.energy_spread_eV > 0 || options.convergence_mrad > 0;
    constexpr int steps = 1024;  // smooth functions of |k|: a table with linear interpolation, error below 1e-5
    for (int i = 0; i <= steps + 1; ++i) {
      const double fraction = 1.5 * i / steps, k = fraction / (2 * voxel_);
      double value = options.mtf ? detector_mtf(fraction) : 1;
      if (damped) value *= envelope(envelope_, k);
      if (options.radiation_damage && !options.simple())
        value *=
            mean_exposure_amplitude(k, tilt.exposure_before, tilt.exposure_before + tilt.exposure, options.voltage_kV);
      table_.push_back(value);
    }
  }
  std::complex<float> operator()(double kx, double ky) const {
    const double place = 2 * voxel_ * std::hypot(kx, ky) / 1.5 * 1024;
    const int i = std::min(static_cast<int>(place), 1024);
    double value = table_[i] + (place - i) * (table_[i + 1] - table_[i]);
    if (tilt_.drift_x_A != 0 || tilt_.drift_y_A != 0)
      value *= drift_amplitude(kx * tilt_.drift_x_A + ky * tilt_.drift_y_A, 1);
    if (tilt_.shift_x_A == 0 && tilt_.shift_y_A == 0) return static_cast<float>(value);
    const double turn = -2 * pi * (kx * tilt_.shift_x_A + ky * tilt_.shift_y_A);
    return {static_cast<float>(value * std::cos(turn)), static_cast<float>(value * std::sin(turn))};
  }

 private:
  const TiltSeriesOptions& options_;
  const Tilt& tilt_;
  double voxel_;
  EnvelopeParameters envelope_;
  std::vector<double> table_;
};

// Σ_h CTF_h P_h as a spectrum. The CTF's angle is linear in height, so layers follow each other by one turn.
HalfSpectrum transferred(std::vector<AlignedVector<float>>& layers, const LayerPlan& plan, const PaddedFrame& frame,
                         const AstigmaticTransfer* transfer, double voxel_size_A) {
  HalfSpectrum sum(frame.shape), part(frame.shape);
  AlignedVector<std::complex<float>> angle(transfer ? sum.size() : 0), step(angle.size());
  const auto frequency = [&](int64_t k, int64_t n) {
    return static_cast<double>(k) / (static_cast<double>(n) * voxel_size_A);
  };
  if (transfer)
    for_each_frequency(sum, [&](int64_t i, int64_t, int64_t v, int64_t u) {
      const double kx = frequency(u, frame.shape.x), ky = frequency(v, frame.shape.y);
      const double start = transfer->angle(kx, ky, plan.first_height * voxel_size_A),
                   turn = -transfer->angle_per_A(kx, ky) * plan.spacing * voxel_size_A;
      angle[i] = {static_cast<float>(std::cos(start)), static_cast<float>(std::sin(start))};
      step[i] = {static_cast<float>(std::cos(turn)), static_cast<float>(std::sin(turn))};
    });
  for (auto& layer : layers) {
    plans().real3(frame.shape).forward(layer.data(), part.data());
    AlignedVector<float>().swap(layer);
    for (int64_t i = 0; i < sum.size(); ++i) {
      if (!transfer) {
        sum.data()[i] += part.data()[i];
        continue;
      }
      sum.data()[i] += angle[i].imag() * part.data()[i];
      const float re = angle[i].real() * step[i].real() - angle[i].imag() * step[i].imag();
      angle[i] = {re, angle[i].real() * step[i].imag() + angle[i].imag() * step[i].real()};
    }
  }
  return sum;
}

void apply(HalfSpectrum& spectrum, const CommonFilter& filter, const AstigmaticTransfer* transfer,
           double voxel_size_A) {
  const Shape3 shape = spectrum.real_shape();
  for_each_frequency(spectrum, [&](int64_t i, int64_t, int64_t v, int64_t u) {
    const double kx = static_cast<double>(u) / (static_cast<double>(shape.x) * voxel_size_A),
                 ky = static_cast<double>(v) / (static_cast<double>(shape.y) * voxel_size_A);
    std::complex<float> factor = filter(kx, ky);
    if (transfer) factor *= static_cast<float>((*transfer)(kx, ky));
    spectrum.data()[i] *= factor;
  });
}

struct Recorder {
  const SpecimenScale& scale;
  const TiltSeriesOptions& options;
  const PaddedFrame& frame;
  double noise_sigma;
  uint64_t seed;

  // Contrast per unit of a projection: −2σ · volts · a.
  double contrast() const {
    return -2 * interaction_constant(options.voltage_kV) * scale.volts_per_unit * scale.voxel_size_A;
  }

  void record(std::vector<AlignedVector<float>>& layers, const LayerPlan& plan, const Tilt& tilt, int64_t index,
              Volume<float>& images) const {
    const AstigmaticTransfer transfer(options.ctf_parameters(tilt.defocus_um),
                                      {options.astigmatism_um, options.astigmatism_angle_deg * degree});
    const AstigmaticTransfer* ctf = options.ctf ? &transfer : nullptr;
    Random random(seed, "tilt noise", static_cast<uint64_t>(index));
    const CommonFilter filter(options, tilt, scale.voxel_size_A);
    HalfSpectrum spectrum = transferred(layers, plan, frame, options.simple() ? nullptr : ctf, scale.voxel_size_A);
    if (options.simple() && options.noise == "gaussian") add_white_noise(spectrum, noise_sigma, random);
    apply(spectrum, filter, options.simple() ? ctf : nullptr, scale.voxel_size_A);
    const Volume<float> padded = volume_of(std::move(spectrum));
    const Shape3 shape = images.shape();
    const double electrons = tilt.exposure * scale.voxel_size_A * scale.voxel_size_A * options.dqe * tilt.transmission;
    for (int64_t y = 0; y < shape.y; ++y)
      for (int64_t x = 0; x < shape.x; ++x)
        images(index, y, x) = options.simple() ? padded(0, y, x) : count(padded(0, y, x), electrons, random);
  }

  float count(float projected, double electrons, Random& random) const {
    double contrast_here = contrast() * projected;
    if (options.noise == "gaussian") contrast_here += contrast() * noise_sigma * random.normal();
    const double mean = electrons * (1 + contrast_here);
    if (options.noise == "poisson") return static_cast<float>(random.poisson(mean));
    return static_cast<float>(mean);
  }
};

}  // namespace

double counting_noise_sigma(const Tilt& tilt, const TiltSeriesOptions& options, const SpecimenScale& scale) {
  const double a = scale.voxel_size_A, electrons = tilt.exposure * a * a * options.dqe * tilt.transmission;
  return 1 / (std::sqrt(electrons) * 2 * interaction_constant(options.voltage_kV) * scale.volts_per_unit * a);
}

TiltSeries record_tilt_series(const Volume<float>& specimen, const SpecimenScale& scale, std::vector<Tilt> tilts,
                              const TiltSeriesOptions& options, double noise_sigma, ExecContext& context) {
  const Shape3 shape = specimen.shape();
  const PaddedFrame frame = padded_frame(shape, delocalisation(options, scale.voxel_size_A));
  const double nyquist = 0.5 / scale.voxel_size_A;
  const double spacing =
      options.ctf && options.defocus_gradient
          ? layer_phase / (pi * electron_wavelength_A(options.voltage_kV) * nyquist * nyquist * scale.voxel_size_A)
          : 1e12;
  std::vector<LayerPlan> plans_of;
  for (const Tilt& tilt : tilts)
    plans_of.push_back(plan_layers(tilt.true_angle, shape, shape.x + 2 * frame.margin, spacing, options.surroundings));
  TiltSeries series{Volume<float>({static_cast<int64_t>(tilts.size()), shape.y, shape.x}), std::move(tilts),
                    scale.voxel_size_A};
  const Recorder recorder{scale, options, frame, noise_sigma, context.seed};
  Progress progress(context.sink, "recording the tilt series", static_cast<int64_t>(series.tilts.size()));
  std::mutex progress_lock;
  for (size_t first = 0; first < plans_of.size();) {
    size_t last = first;
    double bytes = 0;
    while (last < plans_of.size() && (bytes < layer_bytes || static_cast<int>(last - first) < context.threads.count()))
      bytes += 4.0 * static_cast<double>(frame.shape.count() * plans_of[last++].layers);
    const std::vector<LayerPlan> views(plans_of.begin() + static_cast<int64_t>(first),
                                       plans_of.begin() + static_cast<int64_t>(last));
    auto layers = project_layers(specimen, views, frame, options.surroundings, context);
    context.threads.for_each(static_cast<int64_t>(views.size()), [&](int64_t v, int) {
      const size_t j = first + static_cast<size_t>(v);
      recorder.record(layers[v], views[v], series.tilts[j], static_cast<int64_t>(j), series.images);
      const std::lock_guard lock(progress_lock);
      progress.advance();
    });
    first = last;
  }
  return series;
}

}  // namespace tessera
