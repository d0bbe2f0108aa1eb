#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every point group in RELION's axes: a list that relion_particle_symmetry_expand repeats at all equivalent poses, and the
# list itself with --symmetry, must average to one map. (relion_image_handler --sym of 3.1.3 copies its input.)
. "$(dirname "$0")/relion.sh"

# A structure without any symmetry, hardly any noise, known poses.
quietly "$tessera" simulate particles --structure builtin:claw --copies 8 --box 32 --voxel-size 14 --resolution 45 \
  --snr 1000 --no-ctf --max-shift 1 --seed 1 --threads 2 --output data
average() { quietly "$tessera" average "$@" --threads 2 --mask-diameter 400; }

for group in C2 C7 D2 D7 T O I I1 I3 I4; do
  quietly relion_particle_symmetry_expand --i data/truth.star --o "data/expanded_$group.star" --sym "$group"
  average "data/expanded_$group.star" --fixed-poses --iterations 1 --output "expanded_$group"
  average data/particles.star --poses data/truth.star --symmetry "$group" --output "$group"
  fsc_above "$group: average of the expanded list" "expanded_$group/class_1.mrc" "$group/class_1.mrc" 8 0.98
done
fsc_below "another setting of the icosahedron is another map" I1/class_1.mrc I/class_1.mrc 8 0.8
finish
