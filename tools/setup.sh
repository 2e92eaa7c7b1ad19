#!/usr/bin/env bash
# Installs everything a build needs on Debian 12: packages from Debian, and llama.cpp and DuckDB from npm tarballs
# whose hashes are pinned in third_party/npm.lock. Does nothing, quickly, where all of it is already there.
#   tools/setup.sh           what the program needs
#   tools/setup.sh test      also what the tests need: the trainer's libraries
#   tools/setup.sh train     the same
#   tools/setup.sh bench     also llama-server and llama-bench, the peers of `make bench`
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
parts="$root/third_party/build"
mkdir -p "$parts"

say() { printf 'setup: %s\n' "$*" >&2; }

# --- Debian packages -------------------------------------------------------------------------------------------------
lists=("$root/third_party/debian-packages.txt")
case "${1:-}" in test|train) lists+=("$root/third_party/debian-packages-train.txt") ;; esac
mapfile -t wanted < <(grep -hvE '^(#|$)' "${lists[@]}")
command -v npm >/dev/null 2>&1 || wanted+=(npm)
missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { say "missing, and neither root nor sudo: ${missing[*]}"; exit 1; }
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# --- npm tarballs ----------------------------------------------------------------------------------------------------
# fetch PACKAGE@VERSION: leaves the verified tarball's path in $tarball
fetch() {
  local spec=$1 want got dir
  want=$(awk -v spec="$spec" '$1 == spec {print $2}' "$root/third_party/npm.lock")
  [ -n "$want" ] || { say "$spec is not in third_party/npm.lock"; exit 1; }
  dir=$(mktemp -d "$parts/fetch.XXXXXX")
  tarball=$dir/$(cd "$dir" && npm pack --silent --ignore-scripts "$spec")
  got=$(sha512sum "$tarball" | cut -d' ' -f1)
  [ "$got" = "$want" ] || { say "$spec: sha512 is $got, the lock file says $want"; rm -rf "$dir"; exit 1; }
}

pinned() { awk -v name="$1" 'index($1, name "@") == 1 {print $1; exit}' "$root/third_party/npm.lock"; }

# A part is done when its stamp holds the version (and the recipe) it was made from.
stamped() { [ "$(cat "$parts/$1.stamp" 2>/dev/null)" = "$2" ]; }

duckdb_lib=$(pinned @duckdb/node-bindings-linux-x64)
duckdb_header=$(pinned duckdb)
if ! stamped duckdb "$duckdb_lib $duckdb_header"; then
  say "fetching DuckDB"
  rm -rf "$parts/duckdb" && mkdir -p "$parts/duckdb/lib" "$parts/duckdb/include"
  fetch "$duckdb_lib"
  tar xzf "$tarball" -C "$parts/duckdb/lib" --strip-components=1 package/libduckdb.so package/LICENSE
  rm -rf "$(dirname "$tarball")"
  fetch "$duckdb_header"
  tar xzf "$tarball" -C "$parts/duckdb/include" --strip-components=5 package/src/duckdb/src/include/duckdb.h
  rm -rf "$(dirname "$tarball")"
  echo "$duckdb_lib $duckdb_header" > "$parts/duckdb.stamp"
fi

# --- llama.cpp -------------------------------------------------------------------------------------------------------
# GCC 11.3 and 12.2 drop the AMX tile configuration before `ldtilecfg` as a dead store; without that pass they do not.
llama=$(pinned node-llama-cpp)
flags="-fno-dse -fno-tree-dse"
cpu=$(grep -m1 '^flags' /proc/cpuinfo | sha1sum | cut -c1-12)   # built for this CPU; another one needs another build
recipe="$llama $flags $cpu 2"
if ! stamped llama-source "$llama"; then
  say "fetching llama.cpp"
  rm -rf "$parts/llama.cpp" "$parts/llama"
  fetch "$llama"
  tar xzf "$tarball" -C "$(dirname "$tarball")" package/llama/gitRelease.bundle
  git clone -q "$(dirname "$tarball")/package/llama/gitRelease.bundle" "$parts/llama.cpp"
  rm -rf "$(dirname "$tarball")"
  echo "$llama" > "$parts/llama-source.stamp"
fi
build_llama() {  # build_llama STAMP TARGET…
  local stamp=$1; shift
  stamped "$stamp" "$recipe" && return
  say "building llama.cpp ($*): a few minutes, once"
  cmake -S "$parts/llama.cpp" -B "$parts/llama" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DGGML_NATIVE=ON -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
    -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_TOOLS=ON -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_UI=OFF \
    -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_SUBPROCESS=OFF \
    "-DCMAKE_C_FLAGS=$flags" "-DCMAKE_CXX_FLAGS=$flags" > "$parts/llama-configure.log" 2>&1 ||
    { tail -20 "$parts/llama-configure.log" >&2; exit 1; }
  ninja -C "$parts/llama" "$@" > "$parts/llama-build.log" 2>&1 || { tail -30 "$parts/llama-build.log" >&2; exit 1; }
  echo "$recipe" > "$parts/$stamp.stamp"
}
build_llama llama llama llama-common mtmd
[ "${1:-}" = bench ] && build_llama llama-bench llama-server llama-bench
exit 0
