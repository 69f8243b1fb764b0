package ssm

import "testing"

// BenchmarkLink measures what the first use of the service costs.
func BenchmarkLink(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		table.Link().Operations()
	}
}
