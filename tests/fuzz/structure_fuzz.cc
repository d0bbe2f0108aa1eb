// SPDX-License-Identifier: GPL-3.0-or-later
// Atomic models, PDB and mmCIF, plain and gzip: every atom that is taken has a place.
#include <cmath>

#include "tessera/io/atoms.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  using namespace tessera;
  static const fuzz::InputFile file(".pdb1");
  const auto& path = file.hold(data, bytes);
  for (const bool assembly : {false, true})
    fuzz::taken([&] {
      AtomSelection selection;
      selection.assembly = assembly;
      const AtomicModel model = read_atoms(path, selection);
      fuzz::require(!model.atoms.empty(), "atoms");
      for (const Atom& atom : model.atoms) fuzz::require(std::isfinite(atom.position_A.norm()), "a finite place");
    });
  return 0;
}
