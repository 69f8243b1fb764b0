#!/usr/bin/env bash
# The crash harness alone, with NEPHELE_CRASH_KILLS kills for each database.
set -euo pipefail
cd "$(dirname "$0")/../conformance"
exec go test -count=1 -timeout 60m -v ./crash/
