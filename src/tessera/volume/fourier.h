// SPDX-License-Identifier: GPL-3.0-or-later
// Transforms of volumes about their centre voxel, and what is done to spectra component by component.
#pragma once

#include "tessera/fft/half_spectrum.h"
#include "tessera/volume/volume.h"

namespace tessera {

// F(k) = Σ f(x) exp(-2πi k·(x − c)/n) with c = n/2, the centre voxel: a particle at the centre has a smooth spectrum.
HalfSpectrum centred_spectrum(const Volume<float>& volume);
// The inverse of centred_spectrum, divided by the voxel count.
Volume<float> centred_volume(HalfSpectrum spectrum);

// As above about voxel 0 (plain FFT order).
HalfSpectrum spectrum_of(const Volume<float>& volume);
Volume<float> volume_of(HalfSpectrum spectrum);

// Multiplies by exp(-2πi k·shift/n): moves the volume by +shift voxels (x, y, z), circularly.
void shift_spectrum(HalfSpectrum& spectrum, Vec3 shift_voxels);

// Cuts or zero-pads a cubic centred spectrum to another box; real-space values keep their scale, so a cut spectrum is
// the band-limited map sampled on fewer voxels. Components at the Nyquist frequency of the smaller box are
// zeroed, on cutting and on padding.
HalfSpectrum resize_spectrum(const HalfSpectrum& spectrum, int64_t box);

// Cuts or zero-pads a volume about its centre voxel.
Volume<float> resize_volume(const Volume<float>& volume, Shape3 shape, float fill = 0);

// Calls visit(index, kz, ky, kx) for every stored component, k signed integers.
template <typename Visit>
void for_each_frequency(const HalfSpectrum& spectrum, Visit&& visit) {
  const Shape3 real = spectrum.real_shape(), stored = spectrum.stored();
  int64_t index = 0;
  for (int64_t z = 0; z < stored.z; ++z)
    for (int64_t y = 0; y < stored.y; ++y)
      for (int64_t x = 0; x < stored.x; ++x, ++index)
        visit(index, signed_frequency(z, real.z), signed_frequency(y, real.y), x);
}

}  // namespace tessera
