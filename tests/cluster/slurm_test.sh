#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The Slurm script of docs/cluster.md, cut down to this one machine (two ranks of one thread), run by a Slurm of its own:
# munged, slurmctld and slurmd in the foreground, all they keep in a temporary folder. It must give the bytes that one
# rank gives; and when asked to stop, as Slurm does before a limit, leave a checkpoint from which the next job goes on.
# Usage: tests/cluster/slurm_test.sh TESSERA; 77 (skipped) where Slurm is not installed or this user is not root.
set -euo pipefail
tessera=$(realpath "$1")
manual=$(cd "$(dirname "$0")/../.." && pwd)/docs/cluster.md
for program in munged mungekey slurmctld slurmd sbatch mpirun; do
  command -v "$program" >/dev/null || { echo "skipped: no $program (apt-get install slurmctld slurmd slurm-client munge openmpi-bin)"; exit 77; }
done
[ "$(id -u)" -eq 0 ] || { echo "skipped: slurmd wants root"; exit 77; }

folder=$(mktemp -d /tmp/tessera-slurm-XXXXXX)
started=()
stop() {
  for process in "${started[@]}"; do kill "$process" 2>/dev/null || true; done
  for process in "${started[@]}"; do wait "$process" 2>/dev/null || true; done
  rm -rf "$folder"
}
trap stop EXIT
fail() {
  echo "slurm_test: $1" >&2
  tail -n 15 "$folder"/*.log "$folder"/slurm-*.out >&2 || true
  exit 1
}
within() {  # seconds, command…: until it succeeds
  local tries=$((10 * $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $((tries -= 1)) -gt 0 ] || fail "waited in vain for: $*"
    sleep 0.1
  done
}

chmod 755 "$folder"
mkdir "$folder/state" "$folder/spool"
export SLURM_CONF=$folder/slurm.conf
cat > "$SLURM_CONF" <<CONF
ClusterName=tessera
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$((20000 + $$ % 10000))
SlurmdPort=$((30000 + $$ % 10000))
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
SlurmUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=defer
MpiDefault=none
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
CONF
mungekey --create --keyfile "$folder/munge.key"
munged --foreground --force --key-file "$folder/munge.key" --socket "$folder/munge.socket" --pid-file "$folder/munge.pid" \
  --seed-file "$folder/munge.seed" > "$folder/munged.log" 2>&1 &
started+=($!)
within 20 test -S "$folder/munge.socket"
slurmctld -D -f "$SLURM_CONF" > "$folder/slurmctld.log" 2>&1 &
started+=($!)
within 30 scontrol ping
slurmd -D -f "$SLURM_CONF" > "$folder/slurmd.log" 2>&1 &
started+=($!)
within 60 bash -c 'sinfo -h -o %t | grep -qE "^(idle|mix|alloc)"'

cd "$folder"
"$tessera" simulate particles --structure builtin:dimer builtin:ferritin --copies 8 8 --box 16 --voxel-size 20 --resolution 40 \
  --tilt-step 10 --snr 5 --max-shift 1 --quiet --output data > /dev/null
ln -s data/particles.star particles.star
for image in data/subtomograms data/wedge.mrc; do ln -s "$image" .; done
options="--max-shift 1 --starts 1 --start particles"
"$tessera" average particles.star --iterations 3 $options --quiet --threads 1 --output alone > /dev/null

# The script as it stands in the manual, with the numbers of this machine.
script() {  # iterations
  sed -n '/^```bash$/,/^```$/p' "$manual" | sed -e '1d;$d' \
    -e 's/--nodes=4/--nodes=1/; s/--cpus-per-task=16/--cpus-per-task=1/; s/:PE=16//; s/--threads 16/--threads 1/' \
    -e "s|mpirun|mpirun --allow-run-as-root --bind-to none|; s|tessera average|$tessera average|; s|--resume|--resume --iterations $1 $options|"
}
grep -q 'mpirun.*tessera average' <(script 3) || fail "no script in $manual"
script 3 > job.sh
sbatch --wait job.sh || fail "the job failed"
cmp alone/class_1.mrc average/class_1.mrc || fail "not the bytes of one rank"
grep -q '"ranks": 2' average/run.json || fail "not on two ranks"

if srun --mpi=list 2>&1 | grep -q pmix; then
  printf '#!/bin/bash\n#SBATCH --ntasks=2\nsrun --mpi=pmix %s average particles.star --iterations 3 %s --quiet --threads 1 --output by_srun\n' \
    "$tessera" "$options" > srun.sh
  sbatch --wait srun.sh || fail "the job with srun --mpi=pmix failed"
  cmp alone/class_1.mrc by_srun/class_1.mrc || fail "not the bytes of one rank"
  grep -q '"ranks": 2' by_srun/run.json || fail "srun: not on two ranks"
fi

rm -r average
script 100000 | sed 's/--resume/--resume --no-stop-at-rest/' > long.sh
job=$(sbatch --parsable long.sh)
within 120 test -f average/checkpoint.cbor
scancel --batch --signal=USR1 "$job"
within 120 bash -c "! squeue -h -j $job | grep -q ."
grep -q 'continues from it' "slurm-$job.out" || fail "the run did not say that it can be continued"
script 100000 | sed 's/--resume/--resume --no-stop-at-rest/' > long.sh
job=$(sbatch --parsable long.sh)
within 120 grep -q 'resuming after iteration' "slurm-$job.out"
scancel --batch --signal=USR1 "$job"
within 120 bash -c "! squeue -h -j $job | grep -q ."
echo "slurm $(slurmctld -V | sed 's/.* //'): as one rank; stopped and continued"
