#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# RELION reads what `tessera convert` makes: a list that has been to Dynamo's and AV3's formats and back, images and all,
# reconstructs to the same map; angles or shifts of the table made wrong do not.
. "$(dirname "$0")/relion.sh"

quietly "$tessera" simulate particles --structure builtin:ribosome --copies 40 --box 40 --voxel-size 10 --resolution 25 \
  --noise-free --no-ctf --tilt-range -60 60 --max-shift 3 --seed 5 --threads 2 --output set
# reconstruct FOLDER LIST: at the poses alone, and with the weights.
reconstruct() {
  (cd "$1" && quietly relion_reconstruct --i "$2" --o relion.mrc --3d_rot &&
    quietly relion_reconstruct --i "$2" --o weighted.mrc --3d_rot --ctf)
}
convert() { quietly "$tessera" convert "$@"; }
half_nyquist=10 # of 20 shells

reconstruct set truth.star
echo "There and back"
for list in list.tbl list.em; do
  convert set/truth.star $list --write-images "images_$list"
  convert $list "back_$list/list.star" --images "images_$list" --voxel-size 10 --tilt-range -60 60
  reconstruct "back_$list" list.star
  fsc_above "$list: poses and images" "back_$list/relion.mrc" set/relion.mrc $half_nyquist 0.9999
  # The set's weight is that of its 41 tilts, the list's the ideal wedge of their range.
  fsc_above "$list: with the weight of --tilt-range" "back_$list/weighted.mrc" set/weighted.mrc $half_nyquist 0.99
done

echo "Columns of the table made wrong"
wrong() {  # NAME AWK: a table changed by AWK
  awk "{ $2; print }" list.tbl >"$1.tbl"
  convert "$1.tbl" "$1/list.star" --images images_list.tbl --tilt-range -60 60
  reconstruct "$1" list.star
  fsc_below "$1" "$1/relion.mrc" set/relion.mrc $half_nyquist 0.9
}
wrong negated '$7 = -$7; $8 = -$8; $9 = -$9'
wrong swapped 'a = $7; $7 = $9; $9 = a'
wrong shifts '$4 = -$4; $5 = -$5; $6 = -$6'

echo "A folder of subtomograms"
convert set/subtomograms folder.star --tilt-range -60 60
same "RELION reads its particles" "$(relion_star_printtable folder.star data_particles rlnImageName 2>/dev/null | grep -c mrc)" 40
finish
