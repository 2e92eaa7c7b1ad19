#!/usr/bin/env bash
# Builds the program and its tests three times (plain, address+undefined sanitizer, thread sanitizer) and runs all of
# them in one ctest run, whose summary comes last.
#   ONLY=regex       only the tests whose name matches (sanitizer runs are named asan.* and tsan.*)
#   PRESETS="…"      which builds, of: release asan tsan ci dev      (default: release asan tsan)
set -euo pipefail
cd "$(dirname "$0")/.."
presets=${PRESETS:-release asan tsan}
jobs=${JOBS:-$(nproc)}

mkdir -p build/test
: > build/test/CTestTestfile.cmake.new
for preset in $presets; do
  printf 'test: building %s\n' "$preset" >&2
  tools/build.sh "$preset" -j "$jobs"
  printf 'subdirs("%s/build/%s")\n' "$PWD" "$preset" >> build/test/CTestTestfile.cmake.new
done
mv build/test/CTestTestfile.cmake.new build/test/CTestTestfile.cmake

select=()
[ -n "${ONLY:-}" ] && select=(--tests-regex "$ONLY")
# A test that says it was skipped (exit code 77 or GTEST_SKIP) counts as passed and is listed by ctest.
exec ctest --test-dir build/test --parallel "$jobs" --output-on-failure --no-tests=error "${select[@]}"
