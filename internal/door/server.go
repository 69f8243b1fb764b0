package door

import (
	"log/slog"
	"net/http"
)

// newServer returns the HTTP server, set against slow and greedy peers.
func (d *Door) newServer() *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Server{
		Handler:           d,
		ConnContext:       connContext,
		Protocols:         &protocols,
		ReadHeaderTimeout: d.opts.Timeouts.Header,
		IdleTimeout:       d.opts.Timeouts.Idle,
		MaxHeaderBytes:    MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelDebug),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 250,
			SendPingTimeout:      d.opts.Timeouts.Idle / 2,
			PingTimeout:          d.opts.Timeouts.Header,
			WriteByteTimeout:     d.opts.Timeouts.Stall,
		},
	}
}
