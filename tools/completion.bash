# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion of tessera: verbs and flags are asked of the program itself, so that they are never out of date.
_tessera() {
  local word=${COMP_WORDS[COMP_CWORD]} first=${COMP_WORDS[1]:-} second=${COMP_WORDS[2]:-} verbs verb
  verbs=$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -n '/^Verbs:/,$s/^  \(.\{23\}\).*/\1/p' | sed 's/ *$//')
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$verbs" | sort -u) --help --version" -- "$word")
  elif [ "$COMP_CWORD" -eq 2 ] && grep -q "^$first " <<<"$verbs"; then
    mapfile -t COMPREPLY < <(compgen -W "$(sed -n "s/^$first //p" <<<"$verbs")" -- "$word")
  elif [[ $word == -* ]]; then
    verb=$first
    if grep -qx "$first $second" <<<"$verbs"; then verb="$first $second"; fi
    # shellcheck disable=SC2086
    mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" $verb --help 2>/dev/null | grep -oE '^ +--[a-z0-9-]+' | tr -d ' ')" -- "$word")
  fi
}
complete -o default -F _tessera tessera
