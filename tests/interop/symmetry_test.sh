#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every point group in RELION's axes: the same map made symmetric by relion_image_handler and by us must be one map.
. "$(dirname "$0")/relion.sh"

# Without noise, at known poses; the average is the structure as it lies in its box, without symmetry of its own.
quietly "$tessera" simulate particles --structure builtin:claw --copies 12 --box 32 --voxel-size 14 --resolution 45 \
  --snr 1000 --no-ctf --max-shift 1 --seed 1 --threads 2 --output data
average() { quietly "$tessera" average data/particles.star --poses data/truth.star --threads 2 --mask-diameter 400 "$@"; }
average --output plain

for group in C2 C7 D2 D7 T O I I1 I3 I4; do
  average --symmetry "$group" --output "$group"
  quietly relion_image_handler --i plain/class_1.mrc --o "relion_$group.mrc" --sym "$group"
  # To 60 Å: beyond, the two filter and interpolate differently.
  fsc_above "$group, as RELION makes it" "$group/class_1.mrc" "relion_$group.mrc" 7 0.95
  # Averages over a group's wrong axes share their round part alone.
  [ "$group" = T ] && fsc_below "  as the T of 2-folds along x, y, z (in D2's axes)" "$group/class_1.mrc" D2/class_1.mrc 7 0.9
done
finish
