// SPDX-License-Identifier: GPL-3.0-or-later
#include "tessera/base/random.h"

#include <cmath>
#include <numbers>

#include "tessera/base/errors.h"
#include "tessera/base/log_gamma.h"

namespace tessera {
namespace {

uint64_t hash_name(std::string_view name) {  // FNV-1a
  uint64_t h = 1469598103934665603ull;
  for (unsigned char c : name) h = (h ^ c) * 1099511628211ull;
  return h;
}

uint64_t mix(uint64_t x) {  // splitmix64 finaliser
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

}  // namespace

std::array<uint32_t, 4> Random::philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = 0xD2511F53ull * c[0];
    const uint64_t p1 = 0xCD9E8D57ull * c[2];
    c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(p1),
         static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(p0)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

Random::Random(uint64_t seed, std::string_view stage, uint64_t item) : item_(item) {
  const uint64_t key = mix(seed ^ mix(hash_name(stage)));
  key_ = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
}

uint32_t Random::bits() {
  if (used_ == 4) {
    block_ = philox({static_cast<uint32_t>(draw_), static_cast<uint32_t>(draw_ >> 32), static_cast<uint32_t>(item_),
                     static_cast<uint32_t>(item_ >> 32)},
                    key_);
    ++draw_;
    used_ = 0;
  }
  return block_[used_++];
}

double Random::uniform() {
  const uint64_t high = bits();
  const uint64_t all = (high << 32) | bits();
  return static_cast<double>(all >> 11) * 0x1.0p-53;
}

double Random::uniform(double low, double high) {
  const double value = low + (high - low) * uniform();
  return value < high ? value : std::nextafter(high, low);  // the sum may round up to the end that is not ours
}

double Random::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

uint64_t Random::below(uint64_t bound) {
  if (bound == 0) throw InternalError("a random number below 0 was asked for");
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  while (true) {
    const uint64_t high = bits();
    const uint64_t value = (high << 32) | bits();
    if (value < limit) return value % bound;
  }
}

uint64_t Random::poisson(double mean) {
  if (!std::isfinite(mean)) throw InternalError("a Poisson number of a mean that is not finite was asked for");
  if (mean <= 0) return 0;
  if (mean < 30) {  // Knuth: product of uniforms
    const double floor = std::exp(-mean);
    uint64_t count = 0;
    for (double product = uniform(); product > floor; product *= uniform()) ++count;
    return count;
  }
  // Atkinson 1979: rejection from a logistic envelope.
  const double beta = std::numbers::pi / std::sqrt(3.0 * mean), alpha = beta * mean;
  const double k = std::log(0.767 - 3.36 / mean) - mean - std::log(beta);
  while (true) {
    const double u = uniform();
    if (u == 0.0) continue;
    const double x = (alpha - std::log((1.0 - u) / u)) / beta;
    const double n = std::floor(x + 0.5);
    if (n < 0) continue;
    const double v = uniform();
    if (v == 0.0) continue;
    const double y = alpha - beta * x, t = 1.0 + std::exp(y);
    if (y + std::log(v / (t * t)) <= k + n * std::log(mean) - log_gamma(n + 1.0)) return static_cast<uint64_t>(n);
  }
}

}  // namespace tessera
