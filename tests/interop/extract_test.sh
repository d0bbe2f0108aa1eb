#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# RELION reads what `tessera extract` cuts out of a tomogram: relion_reconstruct --3d_rot gives the map of `average
# --poses`, and that of the structure. Pins centres, their fractions, angles, hand and wedge of an extracted set.
. "$(dirname "$0")/relion.sh"

cat >scene.toml <<'END'
box_A = [1400, 1400, 900]
voxel_size_A = 10
seed = 3
[[species]]
structure = "builtin:ribosome"
copies = 50
END
quietly "$tessera" pack scene.toml --threads 2 --output packed
quietly "$tessera" simulate tomogram packed --noise none --threads 2 --output tomo

# What neighbours leave near the edges of a box the two programs interpolate differently: a soft sphere takes it away.
quietly relion_mask_create --denovo true --box_size 48 --angpix 10 --outer_radius 18 --width_soft_edge 3 --o sphere.mrc

# cut NAME OPTION…: a set of that name, its average by Tessera and its reconstruction by RELION.
cut() {
  quietly "$tessera" extract tomo/tomogram.mrc tomo/truth.star --box 48 --tilts tomo/tilts.tlt --border drop \
    --output "$1" "${@:2}"
  for image in "$1"/subtomograms/*.mrc; do
    quietly relion_image_handler --i "$image" --multiply sphere.mrc --o masked.mrc
    mv masked.mrc "$image"
  done
  quietly "$tessera" average "$1/particles.star" --poses "$1/particles.star" --threads 2 --output "$1/average"
  ln -s average/class_1.mrc "$1/ours.mrc"
  reconstruct "$1" particles.star relion.mrc
}
reconstruct() { (cd "$1" && quietly relion_reconstruct --i "$2" --o "$3" --3d_rot --ctf); }
column() { relion_star_printtable "$1" data_particles "$2" 2>/dev/null | tr '\n' ' '; }

half_nyquist=12 # of 24 shells
echo "Boxes about the nearest voxels, fractions as origins"
cut nearest
same "RELION reads as many particles" "$(column nearest/particles.star rlnOriginXAngst | wc -w)" \
  "$(ls nearest/subtomograms | wc -l)"
fsc_above "RELION's map is ours" nearest/relion.mrc nearest/ours.mrc $half_nyquist 0.99
fsc_above "RELION's map is the structure" nearest/relion.mrc tomo/truth_1.mrc 8 0.9

echo "Particles moved to the centres of their boxes"
cut centred --subvoxel
fsc_above "RELION's map is ours" centred/relion.mrc centred/ours.mrc $half_nyquist 0.99
fsc_above "and that of the origins" centred/relion.mrc nearest/relion.mrc $half_nyquist 0.99

echo "Each convention made wrong"
(
  cd nearest
  quietly relion_image_handler --i relion.mrc --invert_hand --o mirrored.mrc
  awk '/^_rln/ { at[$1] = substr($2, 2) }
       /^subtomograms/ { rot = $at["_rlnAngleRot"]; $at["_rlnAngleRot"] = -$at["_rlnAnglePsi"]
                         $at["_rlnAngleTilt"] = -$at["_rlnAngleTilt"]; $at["_rlnAnglePsi"] = -rot }
       { print }' particles.star >angles.star
  # Half a voxel and its sign would hide at low resolution: the fractions are made ten times as large.
  quietly relion_star_handler --i particles.star --o far.star --multiply_by 10 \
    --operate rlnOriginXAngst --operate2 rlnOriginYAngst --operate3 rlnOriginZAngst
  quietly relion_image_handler --i relion.mrc --shift_x 1 --o beside.mrc
)
reconstruct nearest angles.star angles.mrc
reconstruct nearest far.star far.mrc
fsc_below "mirrored map" nearest/mirrored.mrc nearest/ours.mrc $half_nyquist 0.9
fsc_below "inverse rotations" nearest/angles.mrc nearest/ours.mrc $half_nyquist 0.9
fsc_below "origins ten times as far" nearest/far.mrc nearest/ours.mrc $half_nyquist 0.9
fsc_below "one voxel off the centre" nearest/beside.mrc nearest/ours.mrc $half_nyquist 0.9
finish
