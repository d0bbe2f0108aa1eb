#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The library, installed elsewhere, serves a program that knows nothing of Tessera's build. Wants TESSERA_BUILD and
# TESSERA_CXX.
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tessera-consumer.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cmake --install "${TESSERA_BUILD:?}" --component development --prefix "$scratch/prefix" >"$scratch/log" 2>&1 ||
  { tail -20 "$scratch/log"; exit 1; }
if grep -rIl -e "$TESSERA_BUILD" -e "${source%/tests/consumer}/src" "$scratch/prefix"; then
  echo "these files name the folder that Tessera was built in"
  exit 1
fi
cmake -S "$source" -B "$scratch/build" -DCMAKE_CXX_COMPILER="${TESSERA_CXX:?}" -DCMAKE_PREFIX_PATH="$scratch/prefix" >"$scratch/log" 2>&1 &&
  cmake --build "$scratch/build" >>"$scratch/log" 2>&1 || { tail -30 "$scratch/log"; exit 1; }
said=$("$scratch/build/consumer" "$scratch/map.mrc")
echo "$said"
[ "$said" = "6.5 4 -155.55 63.924 -162.19" ]
