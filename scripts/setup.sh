#!/usr/bin/env bash
# Installs what `make run` (argument: run) or `make test` (argument: test) needs
# and this machine lacks. On Debian as root it installs; anywhere else it says
# exactly what to install and goes on with what there is.
set -euo pipefail

want=${1:?usage: setup.sh run|test}
missing=()

have() { command -v "$1" >/dev/null 2>&1; }
have_browser() { [ -x /usr/lib/chromium/chromium-headless-shell ] || have chromium-headless-shell || have chromium || have chromium-browser || have google-chrome; }
have_selenium() { [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import selenium' >/dev/null 2>&1; }
have_postgres() { have postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }

have bwrap || missing+=(bubblewrap)
have_browser || missing+=(chromium-headless-shell)
if [ "$want" = test ]; then
	[ -x /usr/bin/chromium ] || have chromium || missing+=(chromium)
	have chromedriver || [ -x /usr/lib/chromium/chromedriver ] || missing+=(chromium-driver)
	have_selenium || missing+=(python3-selenium)
	have firefox-esr || have firefox || missing+=(firefox-esr)
	have_postgres || missing+=(postgresql)
	have unzip || missing+=(unzip)
fi

have go || { echo "setup: go is needed and not on PATH: install Go 1.26 or later from https://go.dev/dl" >&2; exit 1; }
node=$(node --version 2>/dev/null || echo none)
major=${node#v}
major=${major%%.*}
if [ "$node" = none ] || [ "$major" -lt 20 ]; then
	echo "setup: canaries need Node.js 20 or later (found: $node): install it from https://nodejs.org" >&2
	echo "setup: going on without; canaries will not run" >&2
fi
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ] && have apt-get; then
	echo "setup: installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "setup: could not install ${missing[*]}; going on without" >&2
	fi
	rm -f "$log"
else
	cat >&2 <<TEXT
setup: this machine lacks: ${missing[*]}
setup: on Debian or Ubuntu:  sudo apt-get install ${missing[*]}
setup: elsewhere install bubblewrap, Chromium$([ "$want" = test ] && echo ', its driver, Firefox, Selenium for Python and PostgreSQL') with your package manager.
setup: going on without; what needs them will say so ('nephele doctor' lists it).
TEXT
fi
