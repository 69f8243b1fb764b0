// Package nodejs holds what a Node.js canary script runs on, as one archive
// inside the program: a launcher that starts the script's function and leaves
// a verdict, and the Synthetics library under the names that scripts require.
// A machine needs Node.js 20 or later and a Chromium to run it, or a Firefox
// for canaries that ask for one, and no npm.
//
// The library is written from AWS's published type definitions and user guide.
// Sources are in src, plain JavaScript in modules; esbuild bundles them with
// puppeteer-core, and with the parts of Playwright that a run needs, into files
// that are loaded by the first script that asks for them. The archive is
// committed, so that nobody needs npm to build the program, and holds a hash of
// the sources it was made from: a test fails when the two part.
//
//	src/main.js       the launcher: orders in, verdict out
//	src/library/      what scripts see: steps, screenshots, configuration, logger, HAR
//	src/playwright/   the same for Playwright: launching, recording, its modules
//	src/nodejs/       the same for scripts without a browser
//	src/visual/       comparing screenshots; diff.cjs, which is a command too
//	src/net/          sockets, TLS and fetch through the sandbox's proxy
//	build.mjs         the bundling
//	playwright.mjs    what stays of Playwright's own bundles
//	test/             units that need no browser (node:test, run by canaryrun's tests)
//	bundle/           go generate: runs the bundling and writes dist/runtime.tar.gz
//	THIRD_PARTY       licences of the bundled packages
package nodejs
