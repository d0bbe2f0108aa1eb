#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Completion offers verbs, second words and flags as the program has them; the manual page covers every verb.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
PATH=$(dirname "$TESSERA_BINARY"):$PATH
# shellcheck source=/dev/null
source "$root/tools/completion.bash"
faults=0
offered() {  # expected words, then the command line; its last word is the one to complete
  local expected=$1
  shift
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  _tessera
  if [ "${COMPREPLY[*]}" != "$expected" ]; then echo "'$*' offers '${COMPREPLY[*]}', not '$expected'"; faults=1; fi
}
offered "report" tessera repo
offered "classes picks segmentation" tessera evaluate ""
offered "--figure" tessera evaluate picks --f
offered "--dry-run" tessera run --dr
offered "" tessera average --no-such
page=$("$root/tools/make-man-page")
while read -r verb; do
  grep -q "^.SH \"${verb^^}\"$" <<<"$page" || { echo "tessera.1 lacks $verb"; faults=1; }
done < <(tessera --help | sed -n '/^Verbs:/,$s/^  \(.\{23\}\).*/\1/p' | sed 's/ *$//')
exit $faults
