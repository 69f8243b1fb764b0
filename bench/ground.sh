#!/usr/bin/env bash
# Paired runs of bench/ground against this server (SQLite, and PostgreSQL where
# NEPHELE_BENCH_POSTGRES has the URL of an empty database) and moto_server.
#   bench/ground.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} seconds=${2:-4}
dir=$(mktemp -d)
pids=()
cleanup() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$dir"; }
trap cleanup EXIT

ready() { for _ in $(seq 600); do curl -so /dev/null "$1" && return; sleep 0.02; done; echo "not ready: $1" >&2; exit 1; }

CGO_ENABLED=0 go build -o "$dir/nephele" ./cmd/nephele
go build -o "$dir/ground" ./bench/ground
serve() { "$dir/nephele" serve --listen "127.0.0.1:$1" --data "$dir/data-$1" --log-level warn "${@:2}" >"$dir/$1.log" 2>&1 & pids+=($!); ready "http://127.0.0.1:$1/_nephele/health"; }
servers=("sqlite 4598")
serve 4598
if [ -n "${NEPHELE_BENCH_POSTGRES:-}" ]; then
	servers+=("postgres 4597")
	serve 4597 --database "$NEPHELE_BENCH_POSTGRES"
fi
moto_server -H 127.0.0.1 -p 5598 >"$dir/moto.log" 2>&1 &
pids+=($!)
ready http://127.0.0.1:5598/moto-api/
servers+=("moto 5598")

for round in $(seq "$rounds"); do
	for server in "${servers[@]}"; do
		read -r name port <<<"$server"
		timeout 300 "$dir/ground" -url "http://127.0.0.1:$port" -d "${seconds}s" | sed "s/^/$name round $round: /"
	done
done
