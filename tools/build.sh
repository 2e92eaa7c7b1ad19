#!/usr/bin/env bash
# build.sh PRESET [TARGET…]: configures where needed and builds; quiet unless something fails or takes its time.
set -euo pipefail
cd "$(dirname "$0")/.."
# Another clone of the same source finds what this one compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
preset=$1; shift
dir=build/$preset
mkdir -p build
if [ ! -f "$dir/build.ninja" ]; then
  cmake --preset "$preset" > "build/$preset-configure.log" 2>&1 || { cat "build/$preset-configure.log" >&2; exit 1; }
fi
if [ -t 2 ]; then
  ninja -C "$dir" "$@"
else
  ninja -C "$dir" --quiet "$@" > "build/$preset-build.log" 2>&1 || { cat "build/$preset-build.log" >&2; exit 1; }
fi
