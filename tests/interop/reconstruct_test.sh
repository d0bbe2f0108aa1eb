#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# relion_reconstruct --3d_rot with our particles, poses and weights gives the map that `tessera average --poses` gives.
# Pins angles, shifts, hand, centre and wedge: each of them made wrong must show.
. "$(dirname "$0")/relion.sh"

# simulate FOLDER BOX OPTION…: 60 copies of an asymmetric particle at random poses and shifts of up to 4 voxels (32 Å).
simulate() {
  quietly "$tessera" simulate particles --structure builtin:ribosome --copies 60 --voxel-size 8 --resolution 20 \
    --max-shift 4 --seed 7 --threads 2 --output "$1" --box "$2" "${@:3}"
}

# average FOLDER: ours.mrc at the true poses, noise taken as RELION takes it, alike in all directions of a shell.
# reconstruct FOLDER LIST NAME OPTION…: RELION's map, from a list in the folder.
average() {
  quietly "$tessera" average "$1/particles.star" --poses "$1/truth.star" --no-whiten --halves --threads 2 --output "$1/average"
  ln -s average/class_1.mrc "$1/ours.mrc"
}
reconstruct() { (cd "$1" && quietly relion_reconstruct --i "$2" --o "$3" --3d_rot --ctf "${@:4}"); }

# A CTF of 6 µm spreads the particle and is zero at 34 Å, inside the range: twice the particle's diameter holds it. In a
# tight box both maps err in the shells of the zero, where they hold no signal.
echo "Noise-free particles, tilts -60…60°, CTF of 6 µm"
half_nyquist=20 # of 40 shells
simulate clean 80 --noise-free
average clean
reconstruct clean truth.star relion.mrc
fsc_above "RELION's map is ours" clean/relion.mrc clean/ours.mrc $half_nyquist 0.99
fsc_above "RELION's map is the structure" clean/relion.mrc clean/truth_1.mrc $half_nyquist 0.98

echo "Each convention made wrong"
(
  cd clean
  quietly relion_image_handler --i relion.mrc --invert_hand --o mirrored.mrc
  quietly relion_star_handler --i truth.star --o shifts.star --multiply_by -1 \
    --operate rlnOriginXAngst --operate2 rlnOriginYAngst --operate3 rlnOriginZAngst
  # The inverse of Rz(rot) Ry(tilt) Rz(psi) has angles (-psi, -tilt, -rot).
  awk '/^_rln/ { at[$1] = substr($2, 2) }
       /^subtomograms/ { rot = $at["_rlnAngleRot"]; $at["_rlnAngleRot"] = -$at["_rlnAnglePsi"]
                         $at["_rlnAngleTilt"] = -$at["_rlnAngleTilt"]; $at["_rlnAnglePsi"] = -rot }
       { print }' truth.star >angles.star
  for axis in x y z; do quietly relion_image_handler --i relion.mrc --shift_$axis 1 --o shift_$axis.mrc; done
)
reconstruct clean shifts.star shifts.mrc
reconstruct clean angles.star angles.mrc
fsc_below "mirrored map" clean/mirrored.mrc clean/ours.mrc $half_nyquist 0.9
fsc_below "shifts of the other sign" clean/shifts.mrc clean/ours.mrc $half_nyquist 0.9
fsc_below "inverse rotations" clean/angles.mrc clean/ours.mrc $half_nyquist 0.9
for axis in x y z; do
  fsc_below "one voxel off the centre along $axis" clean/shift_$axis.mrc clean/ours.mrc $half_nyquist 0.9
done

echo "Noise-free particles, tilts 10…60°, no CTF: the wedge itself"
half_nyquist=12 # of 24 shells
simulate oneside 48 --noise-free --no-ctf --tilt-range 10 60
average oneside
(cd oneside && quietly relion_image_handler --i wedge.mrc --invert_hand --o turned.mrc &&
  sed 's/ wedge\.mrc / turned.mrc /' truth.star >turned.star)
reconstruct oneside truth.star relion.mrc
reconstruct oneside turned.star turned_map.mrc
fsc_above "RELION's map is ours" oneside/relion.mrc oneside/ours.mrc $half_nyquist 0.99
fsc_below "wedge of the opposite tilts" oneside/turned_map.mrc oneside/ours.mrc $half_nyquist 0.9

# The sphere takes away the noise near the edges of the box, which the two programs interpolate differently.
echo "Particles at SNR 1 in a soft sphere, tilts -60…60°, no CTF"
simulate noisy 48 --snr 1 --no-ctf
quietly relion_mask_create --denovo true --box_size 48 --angpix 8 --outer_radius 18 --width_soft_edge 3 --o sphere.mrc
for image in noisy/subtomograms/*.mrc; do
  quietly relion_image_handler --i "$image" --multiply sphere.mrc --o masked.mrc
  mv masked.mrc "$image"
done
average noisy
reconstruct noisy truth.star relion.mrc
fsc_above "RELION's map is ours" noisy/relion.mrc noisy/ours.mrc $half_nyquist 0.99
for half in 1 2; do
  reconstruct noisy average/particles.star half$half.mrc --subset $half
  fsc_above "of half-set $half" noisy/half$half.mrc noisy/average/class_1_half$half.mrc $half_nyquist 0.99
done
fsc_below "of the other half-set" noisy/half1.mrc noisy/average/class_1_half2.mrc $half_nyquist 0.9
finish
