package kms_test

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store/storetest"
)

// ciphertext is what the model knows of one: what is in it, and what opens it.
type ciphertext struct {
	blob    []byte
	text    []byte
	context map[string]string
	key     int
}

// model is a history of keys and ciphertexts, next to the service.
type model struct {
	*bench
	t       *testing.T
	arns    []string
	enabled []bool
	aliases map[string]int
	made    []ciphertext
}

// TestHistories draws histories of encryption, rotation and re-encryption and
// compares every answer with the model's.
func TestHistories(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		m := &model{bench: b, t: t, aliases: map[string]int{}}
		for range 2 {
			m.arns, m.enabled = append(m.arns, b.key(t)), append(m.enabled, true)
		}
		prefix := fmt.Sprintf("alias/%d-", run)
		r.Repeat(map[string]func(*rapid.T){
			"encrypt":   func(r *rapid.T) { m.encrypts(r) },
			"decrypt":   func(r *rapid.T) { m.decrypts(r) },
			"reEncrypt": func(r *rapid.T) { m.reEncrypts(r) },
			"rotate": func(r *rapid.T) {
				k := m.drawKey(r)
				_, err := m.RotateKeyOnDemand(t.Context(), &api.RotateKeyOnDemandInput{KeyId: m.arns[k]})
				m.want(r, err, m.enabled[k], "DisabledException")
			},
			"toggle": func(r *rapid.T) {
				k := m.drawKey(r)
				m.enabled[k] = !m.enabled[k]
				if m.enabled[k] {
					must[*api.EnableKeyOutput](r)(m.EnableKey(t.Context(), &api.EnableKeyInput{KeyId: m.arns[k]}))
				} else {
					must[*api.DisableKeyOutput](r)(m.DisableKey(t.Context(), &api.DisableKeyInput{KeyId: m.arns[k]}))
				}
			},
			"alias": func(r *rapid.T) {
				name, k := prefix+rapid.SampledFrom([]string{"a", "b"}).Draw(r, "alias"), m.drawKey(r)
				var err error
				if _, there := m.aliases[name]; there {
					_, err = m.UpdateAlias(t.Context(), &api.UpdateAliasInput{AliasName: name, TargetKeyId: m.arns[k]})
				} else {
					_, err = m.CreateAlias(t.Context(), &api.CreateAliasInput{AliasName: name, TargetKeyId: m.arns[k]})
				}
				m.aliases[name] = k
				m.want(r, err, true, "")
			},
		})
	})
}

func (m *model) drawKey(r *rapid.T) int { return rapid.IntRange(0, len(m.arns)-1).Draw(r, "key") }

// drawName draws one of the names of a key.
func (m *model) drawName(r *rapid.T, k int) string {
	names := []string{m.arns[k], idOf(m.arns[k])}
	for alias, target := range m.aliases {
		if target == k {
			names = append(names, alias)
		}
	}
	return rapid.SampledFrom(names).Draw(r, "name")
}

var contexts = rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "A", "ab"}), rapid.SampledFrom([]string{"", "1", "b1"}), 0, 3)

func (m *model) want(r *rapid.T, err error, ok bool, code string) {
	if ok && err != nil {
		r.Fatal(err)
	}
	if e, is := err.(*awserr.Error); !ok && (!is || e.Code != code) { //nolint:errorlint // the plane's own
		r.Fatalf("got %v, want %s", err, code)
	}
}

func (m *model) encrypts(r *rapid.T) {
	k := m.drawKey(r)
	c := ciphertext{text: rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(r, "text"), context: contexts.Draw(r, "context"), key: k}
	out, err := m.Encrypt(m.t.Context(), &api.EncryptInput{KeyId: m.drawName(r, k), Plaintext: c.text, EncryptionContext: c.context})
	m.want(r, err, m.enabled[k], "DisabledException")
	if err == nil {
		c.blob = out.CiphertextBlob
		m.made = append(m.made, c)
	}
}

func (m *model) drawMade(r *rapid.T) *ciphertext {
	if len(m.made) == 0 {
		r.Skip("nothing encrypted")
	}
	return &m.made[rapid.IntRange(0, len(m.made)-1).Draw(r, "ciphertext")]
}

func (m *model) decrypts(r *rapid.T) {
	c := m.drawMade(r)
	in := &api.DecryptInput{CiphertextBlob: c.blob, EncryptionContext: c.context}
	code := "DisabledException"
	right := m.enabled[c.key]
	if rapid.Bool().Draw(r, "name the key") {
		k := m.drawKey(r)
		in.KeyId = new(m.drawName(r, k))
		if k != c.key {
			right, code = false, "IncorrectKeyException"
		}
	}
	if other := contexts.Draw(r, "context"); right && rapid.Bool().Draw(r, "another context") && !maps.Equal(other, c.context) {
		in.EncryptionContext, right, code = other, false, "InvalidCiphertextException"
	}
	out, err := m.Decrypt(m.t.Context(), in)
	m.want(r, err, right, code)
	if err == nil && (!bytes.Equal(out.Plaintext, c.text) || *out.KeyId != m.arns[c.key]) {
		r.Fatalf("decrypted to %q by %s", out.Plaintext, *out.KeyId)
	}
}

func (m *model) reEncrypts(r *rapid.T) {
	c, k := m.drawMade(r), m.drawKey(r)
	moved := ciphertext{text: c.text, context: contexts.Draw(r, "context"), key: k}
	out, err := m.ReEncrypt(m.t.Context(), &api.ReEncryptInput{
		CiphertextBlob: c.blob, SourceEncryptionContext: c.context, DestinationKeyId: m.drawName(r, k), DestinationEncryptionContext: moved.context,
	})
	m.want(r, err, m.enabled[c.key] && m.enabled[k], "DisabledException")
	if err == nil {
		moved.blob = out.CiphertextBlob
		m.made = append(m.made, moved)
	}
}

// TestRestart checks that a server that starts again has all keys, and that one
// with another master key has none of their material.
func TestRestart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, b *bench) {
		key := b.key(t)
		b.alias(t, "alias/a", key)
		must[*api.CreateGrantOutput](t)(b.CreateGrant(t.Context(), &api.CreateGrantInput{KeyId: key, GranteePrincipal: bob, Operations: []api.GrantOperation{"Decrypt"}}))
		blob := b.encrypt(t, key, "secret", nil)
		must[*api.RotateKeyOnDemandOutput](t)(b.RotateKeyOnDemand(t.Context(), &api.RotateKeyOnDemandInput{KeyId: key}))
		again := connect(t, b.db, b.engine, b.sealer, policy.Open{})
		if again.decrypt(t, blob, nil) != "secret" || len(again.aliases(t, &key)) != 1 {
			t.Error("not all is there")
		}
		if n := len(must[*api.ListGrantsOutput](t)(again.ListGrants(t.Context(), &api.ListGrantsInput{KeyId: key})).Grants); n != 1 {
			t.Errorf("%d grants", n)
		}
		foreign := connect(t, b.db, b.engine, seal.NewEphemeral(), policy.Open{})
		if _, err := foreign.Decrypt(t.Context(), &api.DecryptInput{CiphertextBlob: blob}); err == nil {
			t.Error("decrypted without the master key")
		}
	})
}
