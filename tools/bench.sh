#!/usr/bin/env bash
# zubr and its peers side by side, from one run: prints them and appends to build/bench.jsonl. tools/bench.sh [NAME]
#   NAME (or ONLY): classify_vs_llama_server | classify_share_of_raw_prefill | classify_10m_rows_peak_mb |
#     search_100k_ms | pull_vs_curl (needs nginx) | http_request_us | http_rps | startup_ms |
#     ttft_vs_llama_server | decode_vs_llama_server | chat16_vs_llama_server
#     | bulk_null_rows_per_s | bulk_null_peak_mb_100m | dedupe_100m_s
#       (the last two by name only: minutes, 30 GB of disk)
#     | lora_tokens_per_s_1b | train_share_of_matmul_peak
#     | prefill_vs_stock_1b | scoring_vs_stock_1b | decode_vs_stock | onednn_share_of_int8_peak  (all four in one run)
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
  http_request_us|http_rps|startup_ms|ttft_vs_llama_server|decode_vs_llama_server|chat16_vs_llama_server) ;;
  lora_tokens_per_s_1b|train_share_of_matmul_peak|pull_vs_curl) ;;
  bulk_null_rows_per_s|bulk_null_peak_mb_100m|dedupe_100m_s) ;;
  prefill_vs_stock_1b|scoring_vs_stock_1b|decode_vs_stock|onednn_share_of_int8_peak) ;;
  *) echo "bench: there is no figure '$only'; see tools/bench.sh" >&2; exit 2 ;;
esac

make_models() {
  mkdir -p "$out/models"
  "$programs/shape_model" --shape "$shape" --types q8_0,q4_0 --out "$out/models" \
    --vocab third_party/build/llama.cpp/models/ggml-vocab-llama-bpe.gguf
}

prefill_figures() {
  tools/build.sh "$build" shape_model fast_prefill
  make_models
  "$programs/fast_prefill" "$out/models/shape-$shape-$type.gguf" build/bench.jsonl "${BENCH_ROUNDS:-3}"
}

# One run gives both; it needs libtorch (tools/setup.sh train).
train_figures() {
  tools/build.sh "$build" shape_model
  if ! ninja -C "build/$build" -t targets all | grep -q '^bench/train_speed:'; then
    echo "bench: no libtorch, so no figures of training; run tools/setup.sh train" >&2
    return 0
  fi
  tools/build.sh "$build" train_speed
  make_models
  "$programs/train_speed" "$out/models/shape-$shape-q8_0.gguf" build/bench.jsonl
}
pull_figure() {
  tools/build.sh "$build" zubr
  BENCH_BUILD=$build bench/pull_vs_curl.sh
}
# What a job costs around its model.
bulk_figures() {
  tools/build.sh "$build" bulk_null
  local null=("$programs/bulk_null" "$out/bulk" build/bench.jsonl)
  case "$only" in
    bulk_null_peak_mb_100m) "${null[@]}" rows 100000000 csv ;;
    dedupe_100m_s) "${null[@]}" dedupe 100000000 ;;
    *) "${null[@]}" rows 1000000 csv; "${null[@]}" rows 1000000 parquet
       "${null[@]}" rows 10000000 csv; "${null[@]}" rows 10000000 parquet ;;
  esac
}
case "$only" in
  pull_vs_curl) pull_figure; exit 0 ;;
  bulk_null_rows_per_s|bulk_null_peak_mb_100m|dedupe_100m_s) bulk_figures; exit 0 ;;
  lora_tokens_per_s_1b|train_share_of_matmul_peak) train_figures; exit 0 ;;
  prefill_vs_stock_1b|scoring_vs_stock_1b|decode_vs_stock|onednn_share_of_int8_peak) prefill_figures; exit 0 ;;
esac

tools/build.sh "$build" zubr shape_model side_by_side classify_10m search_100k http_load serve_vs_llama_server
mkdir -p "$out/models"

server_figures=false served_figures=false
case "$only" in
  http_request_us|http_rps) server_figures=true ;;
  startup_ms|ttft_vs_llama_server|decode_vs_llama_server|chat16_vs_llama_server) served_figures=true ;;
  '') server_figures=true served_figures=true ;;
esac

if [[ "$only" =~ ^(|.*_llama_server|classify_share_of_raw_prefill)$ ]]; then
  make_models
fi
if [[ "$only" =~ ^(|classify_vs_llama_server|classify_share_of_raw_prefill)$ ]]; then
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
if $server_figures; then
  BENCH_JSONL=build/bench.jsonl "$programs/http_load" "${BENCH_SECONDS:-3}"
fi
if $served_figures; then
  "$programs/serve_vs_llama_server" --zubr "build/$build/zubr" --llama third_party/build/llama/bin --out "$out" \
    --model "$out/models/shape-$shape-$type.gguf" --jsonl build/bench.jsonl --rounds "${BENCH_ROUNDS:-3}" \
    ${only:+--only "$only"}
fi
if [ -z "$only" ]; then
  if command -v nginx >/dev/null; then pull_figure; else echo "bench: no nginx here, so no pull_vs_curl" >&2; fi
  bulk_figures
  prefill_figures
  train_figures
fi
