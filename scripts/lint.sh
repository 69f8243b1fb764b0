#!/usr/bin/env bash
# Every static check: formatting, vet, the lint set of .golangci.yml, known
# vulnerabilities. Tools that are missing are built into .tools from the module
# versions below.
set -uo pipefail
cd "$(dirname "$0")/.."

gofumpt=mvdan.cc/gofumpt@v0.12.0
golangci=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0
status=0
export PATH="$PWD/.tools:$(go env GOPATH)/bin:$PATH"

tool() { # tool NAME MODULE
	command -v "$1" >/dev/null 2>&1 && return
	echo "lint: building $1"
	GOBIN="$PWD/.tools" go install "$2"
}
check() { # check NAME COMMAND...
	local name=$1
	shift
	if "$@"; then echo "lint: $name is clean"; else echo "lint: $name FAILED" >&2; status=1; fi
}
formatted() { local files; files=$(gofumpt -l $(git ls-files -co --exclude-standard '*.go')); [ -z "$files" ] || { echo "$files"; return 1; }; }
vulnerabilities() {
	local out code
	out=$(govulncheck ./... 2>&1)
	code=$?
	if [ "$code" -ne 0 ] && grep -q 'fetching vulnerabilities' <<<"$out"; then
		echo "lint: govulncheck cannot reach its database; NOT CHECKED" >&2
		return
	fi
	if [ "$code" -eq 0 ]; then echo "lint: govulncheck is clean"; return; fi
	echo "$out"
	echo "lint: govulncheck FAILED" >&2
	status=1
}

tool gofumpt "$gofumpt" && tool golangci-lint "$golangci" && tool govulncheck "$govulncheck" || exit 1
check gofumpt formatted
check 'go vet' go vet ./...
check golangci-lint golangci-lint run ./...
vulnerabilities
check 'go vet (conformance)' sh -c 'cd conformance && go vet ./...'
check 'golangci-lint (conformance)' sh -c 'cd conformance && golangci-lint run ./...'
exit "$status"
