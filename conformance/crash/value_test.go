package crash

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// valueErrand puts values into secrets. Every acknowledged version stays, and
// the labels are where the last ones put them.
type valueErrand struct {
	url     string
	told    *confidences
	rng     *mathrand.Rand
	secrets *secretsmanager.Client

	kept []*keptSecret
}

// keptSecret is a secret with its versions, oldest first.
type keptSecret struct {
	name     string
	versions []keptVersion
}

type keptVersion struct{ id, value string }

func (v *valueErrand) prepare(context.Context, *testing.T) {
	v.secrets = secretsmanager.NewFromConfig(configured(v.url, root))
}

func newVersion() keptVersion {
	return keptVersion{id: "version-" + rand.Text() + rand.Text()[:6], value: confidence()}
}

func (v *valueErrand) once(ctx context.Context, t *testing.T) {
	if len(v.kept) < 1+len(v.kept)/8 || v.rng.IntN(8) == 0 {
		v.create(ctx, t)
		return
	}
	s := v.kept[v.rng.IntN(len(v.kept))]
	n := newVersion() // an attempt that is repeated is the same version
	put := asked(ctx, t, "PutSecretValue", func() error {
		_, err := v.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &s.name, ClientRequestToken: &n.id, SecretString: &n.value})
		return err
	})
	if put {
		s.versions = append(s.versions, n)
	}
}

func (v *valueErrand) create(ctx context.Context, t *testing.T) {
	n := newVersion()
	s := &keptSecret{name: fmt.Sprintf("crash/%d", len(v.kept)), versions: []keptVersion{n}}
	created := asked(ctx, t, "CreateSecret", func() error {
		_, err := v.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &s.name, ClientRequestToken: &n.id, SecretString: &n.value})
		return err
	})
	if created {
		v.kept = append(v.kept, s)
	}
}

func (v *valueErrand) rebooted(ctx context.Context, t *testing.T) {
	if len(v.kept) == 0 {
		return
	}
	s := v.kept[v.rng.IntN(len(v.kept))]
	v.check(ctx, t, s)
	v.read(ctx, t, s, s.versions[v.rng.IntN(len(s.versions))])
}

// labels tells which versions of a secret have which labels.
func labels(ctx context.Context, t *testing.T, c *secretsmanager.Client, name string) map[string][]string {
	t.Helper()
	out, err := c.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &name})
	if err != nil {
		t.Errorf("DescribeSecret %s: %v", name, err)
		return nil
	}
	at := map[string][]string{}
	for id, stages := range out.VersionIdsToStages {
		for _, stage := range stages {
			at[stage] = append(at[stage], id)
		}
	}
	return at
}

// check looks where the labels of a secret are.
func (v *valueErrand) check(ctx context.Context, t *testing.T, s *keptSecret) {
	at := labels(ctx, t, v.secrets, s.name)
	last := len(s.versions) - 1
	if !slices.Equal(at["AWSCURRENT"], []string{s.versions[last].id}) {
		t.Errorf("%s: AWSCURRENT is at %v, want %s", s.name, at["AWSCURRENT"], s.versions[last].id)
	}
	if last > 0 && !slices.Equal(at["AWSPREVIOUS"], []string{s.versions[last-1].id}) {
		t.Errorf("%s: AWSPREVIOUS is at %v, want %s", s.name, at["AWSPREVIOUS"], s.versions[last-1].id)
	}
}

func (v *valueErrand) read(ctx context.Context, t *testing.T, s *keptSecret, n keptVersion) {
	out, err := v.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &s.name, VersionId: &n.id})
	if err != nil || *out.SecretString != n.value {
		t.Errorf("%s, version %s: %v", s.name, n.id, err)
	}
}

func (v *valueErrand) verify(ctx context.Context, t *testing.T) {
	versions := 0
	for _, s := range v.kept {
		v.check(ctx, t, s)
		for _, n := range s.versions {
			versions++
			v.read(ctx, t, s, n)
		}
	}
	t.Logf("secrets: %d versions of %d secrets read back", versions, len(v.kept))
}

// contender puts values into one secret while others do the same.
type contender struct {
	url, name string
	secrets   *secretsmanager.Client
	versions  []keptVersion
}

func (c *contender) prepare(ctx context.Context, t *testing.T) {
	c.secrets = secretsmanager.NewFromConfig(configured(c.url, root))
	asked(ctx, t, "CreateSecret", func() error {
		_, err := c.secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &c.name})
		return err
	}, "ResourceExistsException")
}

func (c *contender) once(ctx context.Context, t *testing.T) {
	n := newVersion()
	put := asked(ctx, t, "PutSecretValue", func() error {
		_, err := c.secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &c.name, ClientRequestToken: &n.id, SecretString: &n.value})
		return err
	})
	if put {
		c.versions = append(c.versions, n)
	}
}

// rebooted looks whether the labels are at one version each.
func (c *contender) rebooted(ctx context.Context, t *testing.T) {
	at := labels(ctx, t, c.secrets, c.name)
	current, previous := at["AWSCURRENT"], at["AWSPREVIOUS"]
	if len(c.versions) > 1 && (len(current) != 1 || len(previous) != 1 || current[0] == previous[0]) {
		t.Errorf("%s: AWSCURRENT is at %v, AWSPREVIOUS at %v", c.name, current, previous)
	}
}

func (c *contender) verify(ctx context.Context, t *testing.T) {
	c.rebooted(ctx, t)
	for _, n := range c.versions {
		out, err := c.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &c.name, VersionId: &n.id})
		if err != nil || *out.SecretString != n.value {
			t.Errorf("%s, version %s: %v", c.name, n.id, err)
		}
	}
	t.Logf("secrets: %d versions of a contended one read back", len(c.versions))
}
