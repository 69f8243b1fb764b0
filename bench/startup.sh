#!/usr/bin/env bash
# Time from exec to the first answered request, and resident memory ten seconds
# later, of this server and of moto_server, in turn.
#   bench/startup.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -o "$dir/nephele" ./cmd/nephele

measure() { # measure NAME URL COMMAND...
	local name=$1 url=$2 start now pid
	shift 2
	start=$(date +%s%N)
	"$@" >"$dir/log" 2>&1 &
	pid=$!
	until curl -sfo /dev/null "$url"; do :; done
	now=$(date +%s%N)
	sleep "${IDLE:-5}"
	echo "$name: first answer after $(((now - start) / 1000000)) ms, $(awk '/VmRSS/{printf "%.1f", $2/1024}' "/proc/$pid/status") MB resident"
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}

for _ in $(seq "$rounds"); do
	rm -rf "$dir/data"
	measure nephele http://127.0.0.1:4599/_nephele/health "$dir/nephele" serve --listen 127.0.0.1:4599 --data "$dir/data"
	measure moto http://127.0.0.1:5599/moto-api/ moto_server -H 127.0.0.1 -p 5599
done
