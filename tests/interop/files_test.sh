#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# RELION's tools read our MRC and STAR files as we mean them, and we read what they write.
. "$(dirname "$0")/relion.sh"

quietly "$tessera" simulate particles --structure builtin:ribosome builtin:claw --copies 6 --box 40 --voxel-size 7.5 \
  --resolution 20 --snr 1 --tilt-range -50 70 --seed 3 --threads 2 --output set
quietly "$tessera" average set/particles.star --poses set/truth.star --threads 2 --halves --output average

# What RELION finds in a map: its size and voxel size from our header, the statistics from the voxels.
relion_stats() { relion_image_handler --i "$1" --stats 2>/dev/null | tr -d ';,'; }
# field NAME TEXT: the word after "NAME=" or "NAME =".
field() { sed -E "s/.* $1 ?= *([^ ]+).*/\1/" <<<"$2"; }
# header FILE OFFSET: a float of the MRC header, on a little-endian machine.
header() { od -A n -t f4 -j "$2" -N 4 "$1" | tr -d ' '; }
near() { awk -v a="$2" -v b="$3" 'BEGIN { d = a - b; exit !(d * d <= 1e-8 * (1 + b * b)) }' || fail "$1: $2 is not $3"; }

echo "MRC: header and voxels"
for map in set/truth_1.mrc set/truth_2.mrc set/wedge.mrc set/subtomograms/particle_000001.mrc average/class_1.mrc \
  average/class_1_half1.mrc; do
  text=$(relion_stats "$map")
  same "$map: size" "$(grep -o '[0-9]* x [0-9]* x [0-9]* x [0-9]*' <<<"$text")" "40 x 40 x 40 x 1"
  same "$map: voxel size" "$(field angpix "$text")" 7.5
  # dmin, dmax, dmean and rms of the header, against what RELION computes from the voxels.
  near "$map: minimum" "$(header "$map" 76)" "$(field minval "$text")"
  near "$map: maximum" "$(header "$map" 80)" "$(field maxval "$text")"
  near "$map: mean" "$(header "$map" 84)" "$(field avg "$text")"
  near "$map: standard deviation" "$(header "$map" 216)" "$(field stddev "$text")"
done

echo "MRC: a map written by RELION"
quietly relion_image_handler --i set/truth_1.mrc --multiply_constant 1 --o copy.mrc
correlation=$("$tessera" compare copy.mrc set/truth_1.mrc --no-fit --json --quiet |
  sed -nE 's/^  "correlation_box": ([0-9.]+),?/\1/p')
awk -v c="$correlation" 'BEGIN { exit !(c > 0.999999) }' || fail "the copy correlates to '$correlation' with the map"
quietly relion_image_handler --i set/truth_1.mrc --shift_x 3 --shift_y -2 --shift_z 1 --o moved.mrc
quietly "$tessera" compare moved.mrc set/truth_1.mrc --json --quiet
found=$(tr -d ' \n' <"$scratch/log" | sed -E 's/.*"shift_A":\[([^]]*)\],"mirrored".*/\1/')
awk -v f="$found" 'BEGIN { split(f, s, ","); exit !((s[1]-22.5)^2 + (s[2]+15)^2 + (s[3]-7.5)^2 < 1) }' &&
  printf '  %-58s %s\n' "shift of 22.5, -15, 7.5 Å" "$found" || fail "RELION moved it by 22.5, -15, 7.5 Å, we find $found"

echo "STAR: the lists of simulate and average"
for list in set/particles.star set/truth.star average/particles.star; do
  columns=(rlnImageName rlnAngleRot rlnAngleTilt rlnAnglePsi rlnOriginXAngst rlnOriginYAngst rlnOriginZAngst)
  theirs=$(relion_star_printtable "$list" data_particles "${columns[@]}" | awk '{ $1 = $1; print }')
  ours=$(awk -v names="${columns[*]}" '/^data_particles/ { on = 1 } on && /^_rln/ { at[substr($1, 2)] = substr($2, 2) }
    on && /mrc/ { n = split(names, name, " "); row = ""
                  for (i = 1; i <= n; i++) row = row (i > 1 ? " " : "") $at[name[i]]
                  print row }' "$list")
  same "$list: 12 rows" "$(wc -l <<<"$theirs")" 12
  same "$list: as relion_star_printtable prints it" "$theirs" "$ours"
done

echo "STAR: classes"
(cd set && for class in 1 2; do
  quietly relion_reconstruct --i truth.star --o class_$class.mrc --3d_rot --ctf --class $class
done)
fsc_above "RELION's map of class 1 is structure 1" set/class_1.mrc set/truth_1.mrc 4 0.9
fsc_above "RELION's map of class 2 is structure 2" set/class_2.mrc set/truth_2.mrc 4 0.9
fsc_below "RELION's map of class 2 is structure 1" set/class_2.mrc set/truth_1.mrc 4 0.5

echo "STAR: a list that RELION has rewritten"
(cd set && quietly relion_star_handler --i truth.star --o rewritten.star --operate rlnAngleRot --multiply_by 1)
quietly "$tessera" average set/rewritten.star --poses set/rewritten.star --threads 2 --output again
fsc_above "its average" again/class_1.mrc average/class_1.mrc 19 0.9999
finish
