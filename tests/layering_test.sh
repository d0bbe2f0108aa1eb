#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The layering holds, and the checker does catch violations.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
"$here/tools/check-layering"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/volume" "$scratch/fft"
echo '#include <fftw3.h>' > "$scratch/fft/plan.cc"
"$here/tools/check-layering" "$scratch" > /dev/null
for bad in '#include "tessera/align/aligner.h"' '#include <fftw3.h>' '#include <gemmi/pdb.hpp>' '#include "tessera/io/mrc.h"'; do
  echo "$bad" > "$scratch/volume/bad.cc"
  if "$here/tools/check-layering" "$scratch" > /dev/null; then echo "not caught: $bad"; exit 1; fi
done
echo "violations are caught"
