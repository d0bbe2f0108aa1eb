#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Memory of large runs: bench/large.sh TESSERA FOLDER [particles] [depth]. Ten thousand particles of 64³ averaged within 4 GB, and a
# tomogram of 1024 × 1024 × 500 voxels (2.1 GB) picked. FOLDER needs 25 GB; what is there already is not made again. Some 20 minutes on two cores.
set -euo pipefail
tessera=$1 folder=$2 particles=${3:-10000} depth=${4:-500}
mkdir -p "$folder"
cd "$folder"

told() {  # what the record $2 says of the run
  python3 - "$1" "$2" <<'PYTHON'
import json, sys
run = json.load(open(sys.argv[2]))
print(f"{sys.argv[1]}: peak memory {run['peak_memory_bytes'] / 1e9:.2f} GB, {run['elapsed_s']:.0f} s")
PYTHON
}

[ -d particles ] || "$tessera" simulate particles --structure builtin:chaperonin --copies "$particles" --box 64 --voxel-size 6 --resolution 12 --snr 0.05 \
  --tilt-range -60 60 --tilt-step 3 --defocus 6 --max-shift 2 --seed 1 --output particles
told "simulate $particles particles of 64³" particles/run.json
[ -d average ] || "$tessera" average particles/particles.star --max-shift 2 --start particles --memory 4 --iterations 2 --output average
told "average them, --memory 4, two iterations" average/run.json

cat > scene.toml <<SCENE
box_A = [10240, 10240, $((depth * 10))]
voxel_size_A = 10
seed = 1
[[species]]
structure = "builtin:ribosome"
copies = 2000
[[species]]
structure = "builtin:chaperonin"
copies = 2000
SCENE
[ -d scene ] || "$tessera" pack scene.toml --output scene
[ -d tomogram ] || "$tessera" simulate tomogram scene --snr 0.3 --output tomogram
told "simulate a tomogram of 1024 × 1024 × $depth" tomogram/run.json
"$tessera" pick tomogram/tomogram.mrc --diameter 250 --output picks.star
told "pick it" picks.run.json
"$tessera" evaluate picks picks.star tomogram/truth.star
