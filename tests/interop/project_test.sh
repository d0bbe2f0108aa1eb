#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# RELION takes the folder that `tessera convert LIST FOLDER` makes for a project of its own: relion_pipeliner reads its
# pipeline, adds a Class3D job that takes the imported list and average, and runs it; the programs run from the list.
. "$(dirname "$0")/relion.sh"
command -v relion_pipeliner >/dev/null || { echo "relion_pipeliner is not installed"; exit 77; }

quietly "$tessera" simulate particles --structure builtin:claw --copies 12 --box 24 --voxel-size 14 --resolution 40 \
  --snr 2 --max-shift 2 --tilt-step 6 --seed 2 --threads 2 --output set
quietly "$tessera" average set/particles.star --poses set/truth.star --output average
quietly "$tessera" convert average/particles.star project
cd project

echo "The list and the average"
quietly relion_reconstruct --i Import/job001/particles.star --o map.mrc --3d_rot --ctf
fsc_above "reconstructed from the imported list" map.mrc Import/job002/class_1.mrc 4 0.98

echo "The pipeline"
cat >class3d.star <<'JOB'
data_job

_rlnJobType 9
_rlnJobIsContinue 0

data_joboptions_values

loop_
_rlnJobOptionVariable #1
_rlnJobOptionValue #2
fn_img Import/job001/particles.star
fn_ref Import/job002/class_1.mrc
nr_iter 1
nr_classes 1
particle_diameter 250
sampling "30 degrees"
ini_high 60
do_ctf_correction Yes
ctf_corrected_ref Yes
offset_range 2
nr_mpi 1
nr_threads 2
JOB
quietly relion_pipeliner --addJobFromStar class3d.star
quietly relion_pipeliner --RunJobs Class3D/job003/ --schedule once --sec_wait_after 0
[ -f Class3D/job003/RELION_JOB_EXIT_SUCCESS ] || fail "the Class3D job did not end well"
# Names are padded with blanks: a row of each table.
row() { tr -s ' ' <default_pipeline.star | grep -qx " \?$1 \?" || fail "default_pipeline.star has no row: $1"; }
row "Import/job001/ None 0 2"
row "Class3D/job003/ None 9 2"
row "Import/job001/particles.star Class3D/job003/"
row "Import/job002/class_1.mrc Class3D/job003/"
fsc_above "the map of that job" Class3D/job003/run_it001_class001.mrc Import/job002/class_1.mrc 3 0.8

echo "What RELION has worked in is left alone"
if "$tessera" convert ../average/particles.star . >/dev/null 2>"$scratch/refusal"; then fail "it was overwritten"; fi
grep -q "RELION has worked in this project" "$scratch/refusal" || fail "$(cat "$scratch/refusal")"
finish
