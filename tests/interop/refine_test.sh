#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# There and back: relion_refine aligns our particles to our map, we average at its poses, it goes on from our list.
. "$(dirname "$0")/relion.sh"

half_nyquist=8 # of 16 shells

# A RELION project: lists name images from its folder, results go into job folders below it.
quietly "$tessera" simulate particles --structure builtin:ribosome --copies 20 --box 32 --voxel-size 12 \
  --resolution 30 --snr 2 --no-ctf --max-shift 2 --seed 1 --threads 2 --output project
mkdir -p project/Class3D/job001 project/Class3D/job002

# refine LIST JOB OPTION…: one iteration of 3D classification with one class, weights from rlnCtfImage.
refine() {
  local list=$1 job=$2
  shift 2
  (cd project && quietly relion_refine --i "$list" --o "Class3D/$job/run" --ref truth_1.mrc --ini_high 50 --iter 1 \
    --K 1 --tau2_fudge 4 --particle_diameter 340 --zero_mask --flatten_solvent --ctf --ctf_corrected_ref \
    --firstiter_cc --sym C1 --pad 2 --j 2 --random_seed 1 --oversampling 1 --offset_range 3 --offset_step 1 "$@")
}

# average LIST POSES FOLDER, from a folder that is not RELION's.
average() { quietly "$tessera" average "$1" --poses "$2" --threads 2 --output "$3"; }

average project/particles.star project/truth.star true

echo "From no poses: all rotations, 30° halved once"
refine particles.star job001 --healpix_order 1
average project/particles.star project/Class3D/job001/run_it001_data.star searched
# Poses on a 15° grid blur a particle of 300 Å: they cannot reach the average at the true poses.
fsc_above "average at RELION's poses, against that at the true ones" searched/class_1.mrc true/class_1.mrc 5 0.95
fsc_above "  the same to half Nyquist" searched/class_1.mrc true/class_1.mrc $half_nyquist 0.7
awk '/^_rln/ { at[$1] = substr($2, 2) }
     /mrc/ { rot = $at["_rlnAngleRot"]; $at["_rlnAngleRot"] = -$at["_rlnAnglePsi"]
             $at["_rlnAngleTilt"] = -$at["_rlnAngleTilt"]; $at["_rlnAnglePsi"] = -rot }
     { print }' project/Class3D/job001/run_it001_data.star >project/inverse.star
average project/particles.star project/inverse.star inverse
fsc_below "  at the inverse rotations" inverse/class_1.mrc true/class_1.mrc 5 0.5

echo "From the poses of our average's particles.star: within three times 5°, 7.5° halved once"
refine "$scratch/searched/particles.star" job002 --healpix_order 3 --sigma_ang 5
average project/Class3D/job002/run_it001_data.star project/Class3D/job002/run_it001_data.star refined
fsc_above "average at RELION's poses, against that at the true ones" refined/class_1.mrc true/class_1.mrc $half_nyquist 0.9
fsc_above "  RELION's own average" project/Class3D/job002/run_it001_class001.mrc true/class_1.mrc 5 0.95

echo "Columns that only RELION knows"
for column in rlnGroupNumber rlnNormCorrection rlnNrOfSignificantSamples; do
  for list in project/Class3D/job002/run_it001_data.star refined/particles.star; do
    relion_star_printtable $list data_particles $column | tr -d ' ' >"$(basename $list).column"
  done
  same "$column: rows" "$(grep -c . run_it001_data.star.column)" 20
  same "$column is kept" "$(cat particles.star.column)" "$(cat run_it001_data.star.column)"
done
finish
