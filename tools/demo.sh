#!/usr/bin/env bash
# The main job on real input: sorts examples/keywords.csv into categories with a local model and shows what came out.
# The model is ZUBR_MODEL where set, else the one built into zubr.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/build.sh release zubr
zubr=build/release/zubr
input=examples/keywords.csv
labels=examples/categories.txt
out=build/demo
output=$out/keywords-classified.csv
mkdir -p "$out"

say() { printf '%s\n' "$*" >&2; }

if [ -n "${ZUBR_MODEL:-}" ]; then
  say "model: $ZUBR_MODEL (from ZUBR_MODEL)"
else
  say "model: the built-in one"
fi

flags=()
[ -t 2 ] && flags+=(--progress)
command="$zubr classify $input --text keyword --labels $labels -o $output"
say "\$ $command"
# The summary is zubr's last line on stderr; it is kept so that it can stand below the table.
set +e
$command "${flags[@]}" 2>&1 | tee "$out/stderr.txt" >&2
status=${PIPESTATUS[0]}
set -e
if [ $status -ne 0 ]; then
  say "demo: zubr ended with exit code $status"
  exit $status
fi

printf '\n'
tools/show_accuracy.py "$input" "$output"
summary=$(tr '\r' '\n' < "$out/stderr.txt" | grep -v '^[[:space:]]*$' | tail -n 1)
printf '  %s\n  all answers: %s\n' "$summary" "$output"
