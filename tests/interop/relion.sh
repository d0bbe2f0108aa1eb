# SPDX-License-Identifier: GPL-3.0-or-later
# Sourced by the interop tests: RELION's programs, a scratch folder, and FSC curves as RELION computes them, so that a
# common error of Tessera's reader and writer cannot cancel. Wants TESSERA_BINARY.
set -euo pipefail
tessera=${TESSERA_BINARY:?names the program under test}
PATH="$PATH:/usr/bin:/usr/local/bin:/opt/relion/bin"
export OMP_NUM_THREADS=1 LC_ALL=C

for program in relion_reconstruct relion_refine relion_image_handler relion_mask_create relion_star_handler \
  relion_star_printtable; do
  if ! command -v $program >/dev/null; then
    echo "$program is not installed: tools/install-packages relion"
    # 77 is a skipped test; `make interop` has installed RELION and takes no excuse.
    [ -n "${TESSERA_INTEROP_REQUIRED:-}" ] && exit 1 || exit 77
  fi
done

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

# fsc A.mrc B.mrc: lines "shell FSC", computed by RELION. A value that is not a number counts as -1.
fsc() {
  relion_image_handler --i "$1" --fsc "$2" 2>/dev/null |
    awk '$1 ~ /^[0-9]+$/ && NF == 4 { print $1, ($4 ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/) ? $4 : -1 }'
}

# lowest_fsc A.mrc B.mrc LAST: the smallest FSC over shells 1…LAST; -1 when a shell is missing.
lowest_fsc() {
  fsc "$1" "$2" | awk -v last="$3" '$1 >= 1 && $1 <= last { n++; if (n == 1 || $2 < low) low = $2 }
    END { printf "%.4f\n", n == last ? low : -1 }'
}

# fsc_above NAME A B LAST BOUND, fsc_below likewise: the lowest FSC to shell LAST against a bound.
fsc_above() {
  local low
  low=$(lowest_fsc "$2" "$3" "$4")
  printf '  %-58s %8s > %s\n' "$1" "$low" "$5"
  awk -v a="$low" -v b="$5" 'BEGIN { exit !(a > b) }' || fail "$1: lowest FSC to shell $4 is $low: $(fsc "$2" "$3" | tr '\n' ' ')"
}

fsc_below() {
  local low
  low=$(lowest_fsc "$2" "$3" "$4")
  printf '  %-58s %8s < %s\n' "$1" "$low" "$5"
  awk -v a="$low" -v b="$5" 'BEGIN { exit !(a < b) }' || fail "$1 went unnoticed: lowest FSC to shell $4 is $low"
}

# same NAME A B: two texts must be equal.
same() {
  if [ "$2" = "$3" ]; then printf '  %-58s %s\n' "$1" same; else fail "$1: '$2' is not '$3'"; fi
}
