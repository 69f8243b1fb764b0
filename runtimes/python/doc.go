// Package python holds what a Python canary script runs on, as sources inside
// the program: a launcher that calls the script's function and leaves a
// verdict, and the Synthetics library under the names that scripts import. A
// machine needs Python 3.11 or later to run it; scripts that open a page also
// need Selenium 4, chromedriver and a Chromium.
//
// The library is written from AWS's public user guide.
//
//	src/main.py          the launcher: orders in, verdict out
//	src/aws_synthetics/  what scripts import
//	src/_nephele/        the parts: steps, configuration, logging, HAR, report,
//	                     and the way out of the box
//	src/check.py         tells what a Python has, and compiles the rest once
//
// # Selenium without downloads
//
// Selenium comes from the machine (or from the script's archive). Whether a
// script uses the library or plain Selenium, its ChromiumDriver is changed as
// it is imported: driver and browser are the machine's, the browser's options
// that isolate the run are not the script's to choose, and what the pages
// request is taken from chromedriver's performance log.
//
// # The way out
//
// A Python socket cannot become a unix socket, and a browser can only be given
// a TCP proxy. So a small process forwards a port on the box's loopback to the
// proxy's unix socket; socket.connect asks it for its target with CONNECT, and
// getaddrinfo leaves names to the proxy. Everything in Python on top of the
// socket module follows: http.client, urllib, requests, boto3, asyncio. What
// brings its own sockets (curl, libraries in C) has no way out.
//
// Loopback means the box first: drivers and a script's own servers listen
// there. Where nothing listens it means the machine around the box, which is
// where the site is that a canary on a laptop watches.
package python
