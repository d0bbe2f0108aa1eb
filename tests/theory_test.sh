#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The pages of docs/theory name files, functions and options that exist; their links lead somewhere.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
faults=0
complain() { echo "$1"; faults=$((faults + 1)); }

check() {  # file of a page
  local page=$1 folder term base link
  folder=$(dirname "$page")
  while read -r term; do
    case "$term" in
      --*) grep -rqF -- "${term%% *}" "$root/docs/cli" || complain "$page: no option $term" ;;
      *\{h,cc\})
        base=${term%.\{h,cc\}}
        for file in "$base.h" "$base.cc"; do
          [ -e "$root/src/tessera/$file" ] || complain "$page: no file $file"
        done ;;
      */*) [ -e "$root/src/tessera/$term" ] || compgen -G "$root/src/tessera/$term.*" > /dev/null || complain "$page: no file $term" ;;
      *[_:]*) grep -rqw -- "${term##*::}" "$root/src/tessera" || complain "$page: no function $term" ;;
    esac
  done < <(sed '/^    /d' "$page" | grep -oE '`[A-Za-z_:/{},.-]+( [a-z-]+)?`' | tr -d '`')
  while read -r link; do
    [ -e "$folder/$link" ] || complain "$page: broken link $link"
  done < <(grep -oE '\]\([a-z_/.]+(\.md|/)\)' "$page" | sed -E 's/\]\((.*)\)/\1/')
}

for page in "$root"/docs/theory/*.md; do check "$page"; done
if [ "$faults" -gt 0 ]; then echo "$faults names in docs/theory lead nowhere"; exit 1; fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for bad in '`align/no_such_file.h`' '`no_such_function`' '`--no-such-option`' '[x](nowhere.md)'; do
  echo "$bad" > "$scratch/page.md"
  faults=0
  check "$scratch/page.md" > /dev/null
  if [ "$faults" -ne 1 ]; then echo "not caught: $bad"; exit 1; fi
done
echo "docs/theory names what exists"
