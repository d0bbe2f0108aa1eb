#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Cost of a step of packing dynamics as bodies grow: bench/packing_growth.sh TESSERA [most bodies] [cutoff Å].
# Dimers of three balls in a box that they fill to 15 % by balls; 20 steps each.
set -euo pipefail
tessera=$1 most=${2:-100000} cutoff=${3:-610}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
printf '%8s %8s %8s %12s %12s %10s %10s %8s\n' bodies balls box_nm ms_per_step cpu_ms_step scatter_s elapsed_s peak_MB
for ((bodies = 100; bodies <= most; bodies *= 10)); do
  edge=$(awk -v n="$bodies" 'BEGIN { printf "%.0f", 10 * (n * 669 / 0.15) ^ (1 / 3) }')
  cat > "$scratch/scene.toml" <<SCENE
box_A = [$edge, $edge, $edge]
voxel_size_A = 20
mode = "paper"
[[species]]
structure = "builtin:dimer"
copies = $bodies
SCENE
  "$tessera" pack "$scratch/scene.toml" --steps 20 --frames 1 --trajectory none --restarts 1 --cutoff "$cutoff" \
    --switch "$(awk -v c="$cutoff" 'BEGIN { print c * 600 / 610 }')" --output "$scratch/out" --quiet > /dev/null
  python3 - "$scratch/out" "$bodies" "$edge" <<'TABLE'
import json, sys
report, run = (json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("packing", "run"))
print(f"{sys.argv[2]:>8} {report['balls']:8} {float(sys.argv[3]) / 10:8.0f} {1000 * report['seconds_per_step']:12.2f} "
      f"{1000 * report['processor_seconds_per_step']:12.2f} "
      f"{run['timings_s']['scatter']:10.2f} {run['elapsed_s']:10.1f} {run['peak_memory_bytes'] / 1e6:8.0f}")
TABLE
done
