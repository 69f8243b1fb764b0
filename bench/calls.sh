#!/usr/bin/env bash
# Paired runs of bench/calls against this server and moto_server, in turn.
#   bench/calls.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} seconds=${2:-8}
dir=$(mktemp -d)
pids=()
cleanup() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; wait 2>/dev/null || true; rm -rf "$dir"; }
trap cleanup EXIT

ready() { for _ in $(seq 600); do curl -so /dev/null "$1" && return; sleep 0.02; done; echo "not ready: $1" >&2; exit 1; }

CGO_ENABLED=0 go build -o "$dir/nephele" ./cmd/nephele
go build -o "$dir/calls" ./bench/calls
export NEPHELE_ROOT_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE NEPHELE_ROOT_SECRET_ACCESS_KEY=benchmark-secret
"$dir/nephele" serve --listen 127.0.0.1:4599 --data "$dir/data" --auth on >"$dir/nephele.log" 2>&1 &
pids+=($!)
moto_server -H 127.0.0.1 -p 5599 >"$dir/moto.log" 2>&1 &
pids+=($!)
ready http://127.0.0.1:4599/_nephele/health
ready http://127.0.0.1:5599/moto-api/

for op in read write; do
	for round in $(seq "$rounds"); do
		echo "nephele  round $round  $("$dir/calls" -url http://127.0.0.1:4599 -op $op -d "${seconds}s" -id "$NEPHELE_ROOT_ACCESS_KEY_ID" -secret "$NEPHELE_ROOT_SECRET_ACCESS_KEY")"
		echo "moto     round $round  $("$dir/calls" -url http://127.0.0.1:5599 -op $op -d "${seconds}s")"
	done
done
