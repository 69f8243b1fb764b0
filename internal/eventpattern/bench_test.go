package eventpattern

import (
	"encoding/json"
	"fmt"
	"testing"
)

const benchEvent = `{"version":"0","id":"x","detail-type":"Object Created","source":"aws.s3","account":"123456789012",
"time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:s3:::b"],
"detail":{"bucket":{"name":"bucket-7"},"object":{"key":"images/7/cat.png","size":5120},"reason":"PutObject"}}`

// BenchmarkMatch300 matches one event with the rules of a full bus.
func BenchmarkMatch300(b *testing.B) {
	patterns := make([]*Pattern, 300)
	for i := range patterns {
		var err error
		patterns[i], err = Parse(fmt.Appendf(nil, `{"source":["aws.s3"],"detail":{"bucket":{"name":["bucket-%d"]},`+
			`"object":{"key":[{"wildcard":"images/*/*.png"}],"size":[{"numeric":[">",100]}]}}}`, i), EventBridge)
		if err != nil {
			b.Fatal(err)
		}
	}
	var doc any
	if err := json.Unmarshal([]byte(benchEvent), &doc); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, p := range patterns {
			if p.Match(doc) {
				n++
			}
		}
		if n != 1 {
			b.Fatal(n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	src := []byte(`{"source":["aws.s3"],"detail":{"object":{"key":[{"wildcard":"images/*/*.png"}],"size":[{"numeric":[">",100]}]}}}`)
	for b.Loop() {
		if _, err := Parse(src, EventBridge); err != nil {
			b.Fatal(err)
		}
	}
}
