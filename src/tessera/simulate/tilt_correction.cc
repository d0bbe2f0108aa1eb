// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "tessera/base/units.h"
#include "tessera/fft/plan.h"
#include "tessera/optics/exposure.h"
#include "tessera/simulate/tilt_series.h"
#include "tessera/volume/fourier.h"

namespace tessera {
namespace {

constexpr double strip_phase = 0.5;  // radians of the CTF's phase at the Nyquist frequency across one strip

// Image `index`, minus its mean and as projected density, in the corner of a frame of zeros.
Volume<float> as_projection(const TiltSeries& series, int64_t index, const SpecimenScale& scale,
                            const TiltSeriesOptions& options, Shape3 frame) {
  const Shape3 shape = series.images.shape();
  double sum = 0;
  for (int64_t i = 0; i < shape.y * shape.x; ++i) sum += series.images[index * shape.y * shape.x + i];
  const double mean = sum / static_cast<double>(shape.y * shape.x);
  double factor = 1;
  if (!options.simple())
    factor = -1 / (2 * interaction_constant(options.voltage_kV) * scale.volts_per_unit * scale.voxel_size_A *
                   std::max(mean, 1e-30));
  Volume<float> out(frame, 0.0f);
  for (int64_t y = 0; y < shape.y; ++y)
    for (int64_t x = 0; x < shape.x; ++x)
      out(0, y, x) = static_cast<float>(factor * (series.images(index, y, x) - mean));
  return out;
}

class Corrector {
 public:
  Corrector(const TiltSeriesOptions& options, const CorrectionOptions& correction, const Tilt& tilt,
            double voxel_size_A)
      : options_(options),
        correction_(correction),
        tilt_(tilt),
        voxel_(voxel_size_A),
        transfer_(options.ctf_parameters(tilt.defocus_um),
                  {options.astigmatism_um, options.astigmatism_angle_deg * degree}) {}

  // Places along x, in pixels from the middle, whose defocus is corrected for; images between two are blended.
  std::vector<double> strips(int64_t width) const {
    if (!correction_.phase_flip || !options_.ctf || !options_.defocus_gradient) return {0};
    const double half = 0.5 * static_cast<double>(width);
    const double heights_A = 2 * half * std::abs(std::tan(tilt_.angle)) * voxel_;
    const double phase = heights_A * transfer_.angle_per_A(0.5 / voxel_, 0);
    const auto count = static_cast<int64_t>(std::ceil(phase / strip_phase)) + 1;
    if (phase < strip_phase) return {0};
    std::vector<double> out;
    for (int64_t i = 0; i < count; ++i)
      out.push_back(-half + 2 * half * static_cast<double>(i) / static_cast<double>(count - 1));
    return out;
  }

  HalfSpectrum at_strip(const HalfSpectrum& spectrum, double place) const {
    HalfSpectrum out = spectrum;
    const Shape3 shape = spectrum.real_shape();
    const double height_A = -place * std::tan(tilt_.angle) * voxel_;
    const bool flip = correction_.phase_flip && options_.ctf;
    const bool weight = correction_.dose_weighting && options_.radiation_damage && !options_.simple();
    for_each_frequency(out, [&](int64_t i, int64_t, int64_t v, int64_t u) {
      const double kx = static_cast<double>(u) / (static_cast<double>(shape.x) * voxel_),
                   ky = static_cast<double>(v) / (static_cast<double>(shape.y) * voxel_);
      double factor = flip && transfer_(kx, ky, height_A) < 0 ? -1 : 1;
      if (weight)
        factor *= exposure_amplitude(std::hypot(kx, ky), tilt_.exposure_before + tilt_.exposure, options_.voltage_kV);
      out.data()[i] *= static_cast<float>(factor);
    });
    return out;
  }

 private:
  const TiltSeriesOptions& options_;
  const CorrectionOptions& correction_;
  const Tilt& tilt_;
  double voxel_;
  AstigmaticTransfer transfer_;
};

}  // namespace

void correct_tilt_series(TiltSeries& series, const SpecimenScale& scale, const TiltSeriesOptions& options,
                         const CorrectionOptions& correction, ExecContext& context) {
  const Shape3 shape = series.images.shape();
  const Shape3 frame{1, fast_even_size(shape.y + 32), fast_even_size(shape.x + 32)};
  context.threads.for_each(shape.z, [&](int64_t index, int) {
    const Corrector corrector(options, correction, series.tilts[index], scale.voxel_size_A);
    const HalfSpectrum spectrum = spectrum_of(as_projection(series, index, scale, options, frame));
    const std::vector<double> strips = corrector.strips(shape.x);
    float* image = &series.images(index, 0, 0);
    std::fill(image, image + shape.y * shape.x, 0.0f);
    const double gap = strips.size() > 1 ? strips[1] - strips[0] : 1;
    for (const double strip : strips) {
      const Volume<float> part = volume_of(corrector.at_strip(spectrum, strip));
      for (int64_t x = 0; x < shape.x; ++x) {
        const double away = std::abs(static_cast<double>(x - shape.x / 2) - strip) / gap;
        const auto share = static_cast<float>(strips.size() == 1 ? 1.0 : std::max(0.0, 1 - away));
        if (share == 0) continue;
        for (int64_t y = 0; y < shape.y; ++y) image[y * shape.x + x] += share * part(0, y, x);
      }
    }
  });
}

}  // namespace tessera
