#!/usr/bin/env bash
# How fast zubr pull is against curl for the same file from a web server on this machine: bench/pull_vs_curl.sh
#   needs nginx, curl and python3; BENCH_MIB=1024 BENCH_ROUNDS=5 BENCH_BUILD=release BENCH_DIR=build/bench/pull
# Turns: each round runs curl, then zubr, each into an empty place. curl writes and is done; zubr hashes what arrives,
# checks the header and waits until the file is on the disk. The median of the rounds' ratios is appended to
# build/bench.jsonl as pull_vs_curl.
set -euo pipefail
cd "$(dirname "$0")/.."
mib=${BENCH_MIB:-1024}
rounds=${BENCH_ROUNDS:-5}
zubr=$PWD/build/${BENCH_BUILD:-release}/zubr
mkdir -p "${BENCH_DIR:-build/bench/pull}"
dir=$(cd "${BENCH_DIR:-build/bench/pull}" && pwd)
for program in nginx curl python3 "$zubr"; do
  command -v "$program" >/dev/null || { echo "pull_vs_curl: $program is not here" >&2; exit 1; }
done

mkdir -p "$dir/www" "$dir/logs"
if [ "$(stat -c %s "$dir/www/model.gguf" 2>/dev/null || echo 0)" -lt $((mib << 20)) ]; then
  python3 - "$dir/www/model.gguf" "$mib" <<'PY'
import os, sys
# A model that loads (a pull gives a name to nothing else), with random bytes behind it.
with open("assets/models/built-in.gguf", "rb") as model, open(sys.argv[1], "wb") as file:
    file.write(model.read())
    for _ in range(int(sys.argv[2])):
        file.write(os.urandom(1 << 20))
PY
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > "$dir/nginx.conf" <<CONF
daemon off; pid $dir/nginx.pid; error_log $dir/logs/error.log; worker_processes 1;
events {}
http { access_log off; sendfile on; tcp_nopush on; server { listen 127.0.0.1:$port; root $dir/www; } }
CONF
nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/logs/error.log" & server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$dir/home" "$dir/copy"' EXIT
url=http://127.0.0.1:$port/model.gguf
until curl -sfI --noproxy '*' "$url" >/dev/null; do kill -0 "$server"; done

seconds() { local start=$EPOCHREALTIME; "$@" >/dev/null 2>&1; python3 -c "print($EPOCHREALTIME - $start)"; }
ours=() theirs=()
for _ in $(seq "$rounds"); do
  rm -rf "$dir/home" "$dir/copy"
  theirs+=("$(seconds \
    curl -sf --noproxy '*' -o "$dir/copy" "$url")")
  ours+=("$(seconds \
    env ZUBR_HOME="$dir/home" "$zubr" pull "$url" --name bench --proxy none)")
done
rm -rf "$dir/home" "$dir/copy"

mkdir -p build
python3 - "$(stat -c %s "$dir/www/model.gguf")" "${ours[*]}" "${theirs[*]}" <<'PY' | tee -a build/bench.jsonl
import json, os, statistics, sys
size, ours, theirs = int(sys.argv[1]), *[[float(x) for x in a.split()] for a in sys.argv[2:4]]
cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
rate = lambda times: round(size / 1e6 / statistics.median(times), 1)
print(json.dumps({"name": "pull_vs_curl", "value": rate(ours), "unit": "MB/s", "peer": "curl",
                  "peer_value": rate(theirs), "ratio": round(statistics.median(b / a for a, b in zip(ours, theirs)), 3),
                  "command": "bench/pull_vs_curl.sh", "machine": f"{cpu}, {len(os.sched_getaffinity(0))} cores"}))
PY
