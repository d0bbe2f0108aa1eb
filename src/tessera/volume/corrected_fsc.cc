// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/volume/corrected_fsc.h"

#include <algorithm>
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/random.h"
#include "tessera/base/units.h"
#include "tessera/volume/fourier.h"
#include "tessera/volume/masks.h"
#include "tessera/volume/shells.h"

namespace tessera {
namespace {

HalfSpectrum masked_spectrum(Volume<float> map, const Volume<float>& mask) {
  return centred_spectrum(masked(std::move(map), mask));
}

// On the planes that hold their own mirror images: where the mirror image of (z, y) is stored.
int64_t mirror(const HalfSpectrum& spectrum, int64_t z, int64_t y, int64_t x) {
  const Shape3 n = spectrum.real_shape();
  return spectrum.index((n.z - z) % n.z, (n.y - y) % n.y, x);
}

}  // namespace

Volume<float> phase_randomised(const Volume<float>& map, int64_t from_shell, uint64_t seed, uint64_t which) {
  HalfSpectrum spectrum = centred_spectrum(map);
  const Shape3 stored = spectrum.stored(), n = spectrum.real_shape();
  Random random(seed, "phase randomisation", which);
  for (int64_t z = 0; z < stored.z; ++z)
    for (int64_t y = 0; y < stored.y; ++y)
      for (int64_t x = 0; x < stored.x; ++x) {
        const double angle = random.uniform(0, 2 * pi);  // drawn for all, so that from_shell changes no other phase
        const auto kz = signed_frequency(z, n.z), ky = signed_frequency(y, n.y);
        if (std::lround(std::sqrt(static_cast<double>(kz * kz + ky * ky + x * x))) < from_shell) continue;
        const int64_t here = spectrum.index(z, y, x);
        const bool own_mirror = spectrum.multiplicity(x) == 1;
        const int64_t there = own_mirror ? mirror(spectrum, z, y, x) : here;
        if (own_mirror && there <= here) continue;  // its own mirror image, or set together with it
        const float amplitude = std::abs(spectrum.data()[here]);
        const std::complex<float> value(amplitude * static_cast<float>(std::cos(angle)),
                                        amplitude * static_cast<float>(std::sin(angle)));
        spectrum.data()[here] = value;
        if (own_mirror) spectrum.data()[there] = std::conj(value);
      }
  return centred_volume(std::move(spectrum));
}

CorrectedFsc corrected_fsc(const Volume<float>& half1, const Volume<float>& half2, const Volume<float>& mask,
                           int64_t random_from_shell, uint64_t seed) {
  if (half1.shape() != half2.shape() || half1.shape() != mask.shape())
    throw InternalError("corrected FSC of volumes of different shape");
  CorrectedFsc out;
  out.unmasked = fourier_shell_correlation(centred_spectrum(half1), centred_spectrum(half2));
  out.masked = fourier_shell_correlation(masked_spectrum(half1, mask), masked_spectrum(half2, mask));
  if (random_from_shell < 0) {
    random_from_shell = 1;
    while (random_from_shell + 1 < static_cast<int64_t>(out.unmasked.size()) && out.unmasked[random_from_shell] >= 0.8)
      ++random_from_shell;
  }
  out.random_from_shell = random_from_shell;
  out.randomised =
      fourier_shell_correlation(masked_spectrum(phase_randomised(half1, random_from_shell, seed, 1), mask),
                                masked_spectrum(phase_randomised(half2, random_from_shell, seed, 2), mask));
  out.corrected = out.masked;
  for (auto s = static_cast<size_t>(random_from_shell) + 2; s < out.corrected.size(); ++s) {
    const double noise = std::max(0.0, out.randomised[s]);
    out.corrected[s] = noise < 0.999 ? std::clamp((out.masked[s] - noise) / (1 - noise), -1.0, 1.0) : 0.0;
  }
  return out;
}

}  // namespace tessera
