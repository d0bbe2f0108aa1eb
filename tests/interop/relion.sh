# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the interop tests: RELION's programs, a scratch folder, and FSC curves as RELION computes them, so that a
# common error of Tessera's reader and writer cannot cancel. Wants TESSERA_BINARY.
set -euo pipefail
tessera=${TESSERA_BINARY:?names the program under test}
PATH="$PATH:/usr/bin:/usr/local/bin:/opt/relion/bin"
export OMP_NUM_THREADS=1 LC_ALL=C

for program in relion_reconstruct relion_refine relion_image_handler relion_mask_create relion_star_handler \
  relion_star_printtable relion_particle_symmetry_expand; do
  if ! command -v $program >/dev/null; then
    echo "$program is not installed: tools/install-packages relion"
    # 77 is a skipped test; `make interop` has installed RELION and takes no excuse.
    [ -n "${TESSERA_INTEROP_REQUIRED:-}" ] && exit 1 || exit 77
  fi
done

relion_refine --version | sed -n 1p
scratch=$(mktemp -d "${TMPDIR:-/tmp}/tessera-interop.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
failures=0

# Runs a program out of sight; its words are shown when it fails.
quietly() {
  if ! "$@" >"$scratch/log" 2>&1; then
    echo "FAILED: $*"
    tr '\r' '\n' <"$scratch/log" | tail -n 20
    exit 1
  fi
}

fail() {
  echo "  FAILED: $*"
  failures=$((failures + 1))
}

finish() {
  if [ "$failures" -gt 0 ]; then echo "$failures failed"; exit 1; fi
  echo "all passed"
}

# fsc A.mrc B.mrc: lines "shell FSC", computed by RELION.
fsc() { relion_image_handler --i "$1" --fsc "$2" 2>/dev/null | awk '$1 ~ /^[0-9]+$/ && NF == 4 { print $1, $4 }'; }

# lowest_fsc A.mrc B.mrc LAST: the smallest FSC over shells 1…LAST; "none" when a shell is missing or not a number.
lowest_fsc() {
  fsc "$1" "$2" | awk -v last="$3" '$1 >= 1 && $1 <= last && $2 ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ {
    n++; if (n == 1 || $2 < low) low = $2 } END { if (n == last) printf "%.4f", low; else printf "none" }' || true
}

# fsc_above NAME A B LAST BOUND, fsc_below likewise: the lowest FSC to shell LAST against a bound.
fsc_above() { fsc_against '>' "$@"; }
fsc_below() { fsc_against '<' "$@"; }
fsc_against() {
  local low
  low=$(lowest_fsc "$3" "$4" "$5")
  printf '  %-58s %8s %s %s\n' "$2" "$low" "$1" "$6"
  [ "$low" != none ] && awk -v a="$low" -v b="$6" "BEGIN { exit !(a $1 b) }" ||
    fail "$2: lowest FSC to shell $5 is $low, not $1 $6: $(fsc "$3" "$4" | tr '\n' ' ')"
}

# same NAME A B: two texts must be equal.
same() {
  if [ "$2" = "$3" ]; then printf '  %-58s %s\n' "$1" same; else fail "$1: '$2' is not '$3'"; fi
}
