// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include "tessera/base/errors.h"
#include "tessera/base/units.h"
#include "tessera/simulate/imaging.h"

namespace tessera {
namespace {

// A complex normal number with variance `scale`² in either part (Box-Muller) from two words. Single precision is what
// the image has, and this is the inner loop of the simulation: half the time of two calls of Random::normal().
std::complex<float> complex_normal(Random& random, float scale) {
  constexpr float unit = 0x1p-32f, full_turn = 2 * static_cast<float>(pi);
  const float radius = scale * std::sqrt(-2 * std::log((static_cast<float>(random.bits()) + 1) * unit));
  const float angle = full_turn * (static_cast<float>(random.bits()) * unit);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

// The transform of white noise is white: components are independent with E|N(k)|² = σ² · pixels, real where a component
// is its own mirror image, so they are drawn directly.
void add_white_noise(HalfSpectrum& image, double sigma, Random& random) {
  const Shape3 real = image.real_shape();
  if (real.z != 1) throw InternalError("image noise added to a volume");
  const double own = sigma * std::sqrt(static_cast<double>(real.count())), half = own / std::sqrt(2.0);
  const auto draw = [&] { return complex_normal(random, static_cast<float>(half)); };
  const bool even = real.x % 2 == 0;
  for (int64_t y = 0; y < real.y; ++y) {
    std::complex<float>* row = &image(0, y, 0);
    for (int64_t x = 1; x < (real.x + 1) / 2; ++x) row[x] += draw();
  }
  for (const int64_t x : {int64_t{0}, real.x / 2}) {  // the columns that hold both of each mirrored pair
    if (x != 0 && !even) break;
    for (int64_t y = 0; y <= real.y / 2; ++y) {
      const int64_t other = (real.y - y) % real.y;
      if (other == y) {
        image(0, y, x) += static_cast<float>(own * random.normal());
      } else {
        const std::complex<float> value = draw();
        image(0, y, x) += value;
        image(0, other, x) += std::conj(value);
      }
    }
  }
}

}  // namespace tessera
