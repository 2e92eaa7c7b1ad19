#!/usr/bin/env bash
# zubr and its peers side by side, from one run: prints them and appends to build/bench.jsonl. tools/bench.sh [NAME]
#   NAME (or ONLY): classify_vs_llama_server | classify_share_of_raw_prefill | classify_10m_rows_peak_mb |
#     search_100k_ms
#   BENCH_ROWS=2000  BENCH_ROUNDS=4  BENCH_SLOTS=0  BENCH_LABELS=mixed  BENCH_SHAPE=1.24b  BENCH_TYPE=q8_0
#   (see bench/README.md)
set -euo pipefail
cd "$(dirname "$0")/.."
only=${1:-${ONLY:-}}
shape=${BENCH_SHAPE:-1.24b}
type=${BENCH_TYPE:-q8_0}
build=${BENCH_BUILD:-release}
out=build/bench
programs=build/$build/bench

case "$only" in
  ''|classify_vs_llama_server|classify_share_of_raw_prefill|classify_10m_rows_peak_mb|search_100k_ms) ;;
  *) echo "bench: there is no figure '$only'; see tools/bench.sh" >&2; exit 2 ;;
esac

tools/build.sh "$build" zubr shape_model side_by_side classify_10m search_100k
mkdir -p "$out/models"

if [ "$only" != classify_10m_rows_peak_mb ] && [ "$only" != search_100k_ms ]; then
  "$programs/shape_model" --shape "$shape" --types q8_0,q4_0 --out "$out/models" \
    --vocab third_party/build/llama.cpp/models/ggml-vocab-llama-bpe.gguf
  "$programs/side_by_side" --zubr "build/$build/zubr" --llama third_party/build/llama/bin --out "$out" \
    --model "$out/models/shape-$shape-$type.gguf" --jsonl build/bench.jsonl \
    --rows "${BENCH_ROWS:-2000}" --rounds "${BENCH_ROUNDS:-4}" --slots "${BENCH_SLOTS:-0}" \
    --labels "${BENCH_LABELS:-mixed}" ${only:+--only "$only"}
fi
if [ -z "$only" ] || [ "$only" = classify_10m_rows_peak_mb ]; then
  "$programs/classify_10m" "$out/10m" build/bench.jsonl
fi
if [ -z "$only" ] || [ "$only" = search_100k_ms ]; then
  "$programs/search_100k" "$out/search-100k.db" build/bench.jsonl
fi
