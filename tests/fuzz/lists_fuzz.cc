// SPDX-License-Identifier: GPL-3.0-or-later
// Lists of other programs: Dynamo tables, picks of copick and of the CryoET Data Portal. What is taken can be written
// in each format, and read again.
#include "tessera/io/annotation.h"
#include "tessera/io/numbered_list.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using namespace tessera;

void check(const ParticleSet& set, const std::filesystem::path& path) {
  fuzz::require(!set.particles.empty(), "particles");
  for (const Particle& particle : set.particles)
    fuzz::require(particle.extra.size() == set.extra_columns.size(), "a value for every column");
  const std::filesystem::path copy = path.string() + ".copy";
  fuzz::taken([&] {
    write_dynamo_table(copy, numbered_list(set));
    fuzz::require(read_dynamo_table(copy).particles.size() == set.particles.size(), "as many particles");
  });
  fuzz::taken([&] {
    write_portal(copy, set);
    fuzz::require(read_portal(copy, 8).particles.size() == set.particles.size(), "as many points");
  });
  unlink(copy.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  static const fuzz::InputFile file(".list");
  const auto& path = file.hold(data, bytes);
  fuzz::taken([&] { check(particle_set(read_dynamo_table(path), 8, {}, "fuzz"), path); });
  fuzz::taken([&] { check(read_copick(path, 8), path); });
  fuzz::taken([&] { check(read_portal(path, 8), path); });
  return 0;
}
