// Package egress is the way out of a sandbox: an HTTP proxy on a unix socket.
package egress
