#!/usr/bin/env bash
# Builds the fuzz targets with clang's libFuzzer and runs each for a while: tests/fuzz/run.sh [SECONDS], 10 by default.
# What they find new is kept in build/fuzz/corpus and used the next time; an input that breaks something is left in
# build/fuzz/crashes, and the script fails. Exit code 77, for ctest "skipped", where there is no clang.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-10}
out=build/fuzz
command -v clang++ >/dev/null || { echo "fuzz: SKIPPED, no clang++ here; apt-get install clang" >&2; exit 77; }
mkdir -p "$out/crashes"
make --no-print-directory -s -f tests/fuzz/Makefile OUT="$out"

seed() { mkdir -p "$out/corpus/$1"; cat > "$out/corpus/$1/$2"; }
seed modelfile basic < tests/fuzz/seeds/Modelfile
seed modelfile template < tests/fuzz/seeds/template
seed manifest manifest < tests/fuzz/seeds/manifest.json
seed manifest params <<< '{"temperature":0.5,"stop":["a"],"num_ctx":4096}'
seed manifest messages <<< '[{"role":"user","content":"hi"}]'
mkdir -p "$out/corpus/gguf"
head -c 65536 assets/models/built-in.gguf > "$out/corpus/gguf/built-in" 2>/dev/null || true
printf 'GGUF\3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' > "$out/corpus/gguf/empty"
called='{"type":"function_call_output","call_id":"c","output":"x"}'
number=1
for body in '{"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"tools":[],"stop":"x"}' \
  '{"prompt":["a",[1,2]],"echo":true,"logprobs":2}' '{"input":["a"],"dimensions":2}' \
  '{"input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},'"$called"']}' \
  '{"model":"m","messages":[{"role":"user","content":"hi","images":[]}],"format":"json","keep_alive":"5m"}' \
  '{"model":"m","prompt":"a","options":{"temperature":0,"stop":["x"]}}' '{"model":"m","input":"a"}' '{"model":"m"}' \
  '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}],"system":"s"}' \
  '{"input":"a","labels":["x",{"name":"y","description":"z"}]}' '{"prompt":"a","n_predict":1}' '{"content":"a"}'; do
  printf "\\$(printf %03o $number)%s" "$body" | seed request "body-$number"
  number=$((number + 1))
done
printf '\017{"model":"m","from":"a","parameters":{"stop":["x"]}}' | seed request create
printf '\0201h30m' | seed request duration
printf '\015--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--XX--' | seed request form
head='Host: localhost\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\n'
printf "\0POST /v1/chat/completions HTTP/1.1\r\n$head{}" |
  seed request plain
printf '\0POST /a HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nT: x\r\n\r\n' |
  seed request chunked

for target in ${FUZZ_TARGETS:-gguf manifest modelfile request}; do
  echo "fuzz: $target, $seconds s" >&2
  if ! "$out/${target}_fuzz" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="$out/crashes/$target-" "$out/corpus/$target" >"$out/$target.log" 2>&1; then
    tail -40 "$out/$target.log" >&2
    echo "fuzz: $target fails on what is in $out/crashes" >&2
    exit 1
  fi
  grep -E 'number_of_executed_units|new_units_added' "$out/$target.log" >&2 || true
done
