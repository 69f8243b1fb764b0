#!/usr/bin/env bash
# Runs every test of both modules and closes with the line "N passed, N failed".
# The exit status is zero only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
: "${NEPHELE_TEST_TIMEOUT:=15m}"

modules() {
	go test -json -timeout "$NEPHELE_TEST_TIMEOUT" ./... || echo main >>"$out/failed"
	if [ -f conformance/go.mod ]; then
		(cd conformance && go test -json -timeout "$NEPHELE_TEST_TIMEOUT" ./...) || echo conformance >>"$out/failed"
	fi
}

go build -o "$out/testsum" ./scripts/testsum || exit 1
modules 2>"$out/stderr" | "$out/testsum"
status=$?
if [ -s "$out/failed" ] && [ "$status" = 0 ]; then
	cat "$out/stderr" >&2
	echo "go test failed in: $(tr '\n' ' ' <"$out/failed")" >&2
	status=1
fi
exit "$status"
