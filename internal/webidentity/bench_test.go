package webidentity

import (
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func BenchmarkIssue(b *testing.B) {
	v := newTestVerifier(b, newTestIssuer())
	if _, err := v.o.Issuer.Issue(b.Context(), guest); err != nil { // makes the key
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := v.o.Issuer.Issue(b.Context(), guest); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify verifies with keys that are known.
func BenchmarkVerify(b *testing.B) {
	i := newTestIssuer()
	v := newTestVerifier(b, i)
	c := i.claims()
	c["exp"] = time.Now().Add(24 * time.Hour).Unix()
	own, err := v.o.Issuer.Issue(b.Context(), guest)
	if err != nil {
		b.Fatal(err)
	}
	for name, token := range map[string]string{
		"cognito": own,
		"RS256":   sign(b, jwt.SigningMethodRS256, "r", testKeys().rsa, c),
		"ES256":   sign(b, jwt.SigningMethodES256, "e", testKeys().ec, c),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), "111122223333", token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
