package secretsmanager_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"nephele.dev/nephele/nepheletest"
)

// BenchmarkGetSecretValue reads a secret through the SDK and KMS.
func BenchmarkGetSecretValue(b *testing.B) {
	c := secretsmanager.NewFromConfig(nepheletest.Start(b).Config)
	in := &secretsmanager.CreateSecretInput{Name: new("s"), SecretString: new("v")}
	if _, err := c.CreateSecret(b.Context(), in); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.GetSecretValue(b.Context(), &secretsmanager.GetSecretValueInput{SecretId: in.Name}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPutSecretValue adds versions through the SDK and KMS.
func BenchmarkPutSecretValue(b *testing.B) {
	c := secretsmanager.NewFromConfig(nepheletest.Start(b).Config)
	if _, err := c.CreateSecret(b.Context(), &secretsmanager.CreateSecretInput{Name: new("s")}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		in := &secretsmanager.PutSecretValueInput{SecretId: new("s"), SecretString: new("v")}
		if _, err := c.PutSecretValue(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}
