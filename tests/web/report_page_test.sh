#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A report of a small tomogram, opened from disk in headless Chromium, and its snapshots in the pinned Mol*: report.mjs
# and snapshot.mjs in web/test say what is looked at.
# Skipped (77) without node, Chromium or web/node_modules (make web).
set -euo pipefail
web=$(cd "$(dirname "$0")/../../web" && pwd)
skip() { echo "skipped: $1"; exit 77; }
command -v node >/dev/null || skip "no node (apt-get install nodejs)"
[ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || [ -x /usr/bin/google-chrome ] || skip "no Chromium (apt-get install chromium)"
[ -d "$web/node_modules/playwright-core" ] || skip "web/node_modules is missing (make web)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > scene.toml <<'SCENE'
box_A = [720, 720, 480]
voxel_size_A = 15
[[species]]
structure = "builtin:ribosome"
copies = 6
SCENE
cat > pipeline.toml <<'PIPELINE'
output = "results"
[[step]]
verb = "pack"
scene = "scene.toml"
[[step]]
verb = "simulate tomogram"
name = "tomogram"
scene = "@pack"
[[step]]
verb = "pick"
tomogram = "@tomogram/tomogram.mrc"
diameter = 280
[[step]]
verb = "evaluate picks"
picks = "@pick"
truth = "@tomogram/truth.star"
[[step]]
verb = "extract"
tomogram = "@tomogram/tomogram.mrc"
picks = "@tomogram/truth.star"
box = 28
tilts = "@tomogram/tilts.tlt"
[[step]]
verb = "average"
particles = "@extract/particles.star"
poses = "@extract/particles.star"
[[step]]
verb = "compare"
map = "@average/class_1.mrc"
reference = "builtin:ribosome"
[[step]]
verb = "report"
folder = "@"
PIPELINE
"$TESSERA_BINARY" run pipeline.toml --quiet
node "$web/test/report.mjs" results/report
node "$web/test/snapshot.mjs" results/report/average.molj results/report/average_placed.molj
