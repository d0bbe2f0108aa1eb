// SPDX-License-Identifier: GPL-3.0-or-later
// Particle lists and picks: every index of what is taken points somewhere, and what is written can be read.
#include "tessera/io/particles.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

void check(const tessera::ParticleSet& set, const std::filesystem::path& path) {
  using namespace tessera;
  for (const Particle& particle : set.particles) {
    fuzz::require(particle.optics_group >= 0 && particle.optics_group < std::ssize(set.optics), "the optics group");
    fuzz::require(particle.extra.size() == set.extra_columns.size(), "a value for every column");
  }
  const std::filesystem::path copy = path.string() + ".copy";
  fuzz::taken([&] {
    write_particles(copy, set);
    fuzz::require(read_picks(copy).particles.size() == set.particles.size(), "as many particles");
  });
  unlink(copy.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".star");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] { check(read_particles(path), path); });
  fuzz::taken([&] { check(read_picks(path), path); });
  return 0;
}
