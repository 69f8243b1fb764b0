package plane_test

import (
	"log/slog"
	"net/http"
	"testing"

	"nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/plane"
)

// BenchmarkInvoke is what the plane adds to a handler that does nothing.
func BenchmarkInvoke(b *testing.B) {
	p := plane.New(plane.Options{Logger: slog.New(slog.DiscardHandler)})
	p.Register(synthetics.Service(), canaries(ok))
	in := &synthetics.StartCanaryInput{Name: "checkout"}
	header := http.Header{}
	b.ReportAllocs()
	for b.Loop() {
		_, err := p.Invoke(b.Context(), root, startCanary, in,
			plane.WithMissing(nil), plane.WithRequestID("id"), plane.WithHTTP(header, "http://127.0.0.1:4566"))
		if err != nil {
			b.Fatal(err)
		}
	}
}
