#!/usr/bin/env bash
# Regenerates everything in a copy of the tree and fails when a file differs
# from what is committed or in the working tree.
set -euo pipefail
cd "$(dirname "$0")/.."
before=$(mktemp)
after=$(mktemp)
trap 'rm -f "$before" "$after"' EXIT
snapshot() { git ls-files -co --exclude-standard -z | xargs -0 sha256sum 2>/dev/null; }
snapshot >"$before"
go generate ./...
snapshot >"$after"
if ! diff "$before" "$after" >/dev/null; then
	echo "check-generated: 'go generate ./...' changed these files:" >&2
	diff "$before" "$after" | awk '/^>/{print "  " $3}' >&2
	exit 1
fi
echo "check-generated: generated files are up to date"
