package eventpattern

import (
	"encoding/json"
	"errors"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{"source":["aws.ec2"],"detail":{"state":[{"anything-but":{"prefix":"x"}}]}}`,
		`{"$or":[{"a":[{"numeric":[">",0,"<",5e3]}]},{"b":[{"exists":false},null,true]}]}`,
		`{"a":[{"cidr":"10.0.0.0/8"},{"wildcard":"a*\\*"},{"prefix":{"equals-ignore-case":"\u00e4"}}]}`,
		`{"a":"b"`, `{"a":[1e999999999999]}`, "{\"a\":[\"\\ud800\"]}",
	} {
		f.Add([]byte(s), []byte(`{"a":["x",1],"detail":{"state":"y"}}`))
	}
	f.Fuzz(func(t *testing.T, pattern, doc []byte) {
		for _, d := range []Dialect{EventBridge, SNSFilter, SNSBody} {
			p, err := Parse(pattern, d)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Reason == "" {
					t.Fatalf("error without a reason: %v", err)
				}
				continue
			}
			if !json.Valid(pattern) {
				t.Fatalf("%q is no JSON and was taken", pattern)
			}
			if _, err := p.MatchJSON(doc); (err == nil) != json.Valid(doc) {
				t.Fatalf("%q: %v", doc, err)
			}
		}
	})
}
