package crash

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// cipherErrand encrypts under a KMS key that is rotated, doomed and pardoned
// meanwhile. Every acknowledged ciphertext opens for ever.
type cipherErrand struct {
	url  string
	told *confidences
	rng  *rand.Rand
	kms  *kms.Client

	key               string // encrypts now
	rotations         int    // of key
	keys              []string
	sealed            []ciphertext
	rotated, pardoned int
}

type ciphertext struct {
	blob    []byte
	plain   string
	context map[string]string
}

// onDemandLimit is how often a key may be rotated on demand. Attempts without an
// answer count too.
const onDemandLimit = 25

func (c *cipherErrand) prepare(ctx context.Context, t *testing.T) {
	c.kms = kms.NewFromConfig(configured(c.url, root))
	c.newKey(ctx, t)
}

func (c *cipherErrand) newKey(ctx context.Context, t *testing.T) {
	asked(ctx, t, "CreateKey", func() error {
		out, err := c.kms.CreateKey(ctx, &kms.CreateKeyInput{})
		if err == nil {
			c.key, c.rotations = *out.KeyMetadata.Arn, 0
			c.keys = append(c.keys, c.key)
		}
		return err
	})
}

func (c *cipherErrand) once(ctx context.Context, t *testing.T) {
	for range 1 + c.rng.IntN(8) {
		c.encrypt(ctx, t)
	}
	c.dataKey(ctx, t)
	switch c.rng.IntN(4) {
	case 0:
		c.rotate(ctx, t)
	case 1:
		c.doom(ctx, t)
	}
}

func (c *cipherErrand) encrypt(ctx context.Context, t *testing.T) {
	s := ciphertext{plain: confidence(), context: map[string]string{"n": string(rune('a' + c.rng.IntN(26)))}}
	ok := asked(ctx, t, "Encrypt", func() error {
		out, err := c.kms.Encrypt(ctx, &kms.EncryptInput{KeyId: &c.key, Plaintext: []byte(s.plain), EncryptionContext: s.context})
		if err == nil {
			s.blob = out.CiphertextBlob
		}
		return err
	})
	if ok && s.blob != nil {
		c.sealed = append(c.sealed, s)
	}
}

func (c *cipherErrand) dataKey(ctx context.Context, t *testing.T) {
	asked(ctx, t, "GenerateDataKey", func() error {
		out, err := c.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &c.key, KeySpec: kmstypes.DataKeySpecAes256})
		if err == nil {
			c.sealed = append(c.sealed, ciphertext{blob: out.CiphertextBlob, plain: string(out.Plaintext)})
		}
		return err
	})
}

func (c *cipherErrand) rotate(ctx context.Context, t *testing.T) {
	if c.rotations >= onDemandLimit/2 {
		c.newKey(ctx, t)
		return
	}
	asked(ctx, t, "RotateKeyOnDemand", func() error {
		c.rotations++
		_, err := c.kms.RotateKeyOnDemand(ctx, &kms.RotateKeyOnDemandInput{KeyId: &c.key})
		return err
	}, "LimitExceededException")
	c.rotated++
}

// doom schedules a key's deletion, cancels that, and enables the key again.
func (c *cipherErrand) doom(ctx context.Context, t *testing.T) {
	key := c.keys[c.rng.IntN(len(c.keys))]
	const done = "KMSInvalidStateException" // an earlier attempt came through
	asked(ctx, t, "ScheduleKeyDeletion", func() error {
		_, err := c.kms.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: &key, PendingWindowInDays: aws.Int32(7)})
		return err
	}, done)
	asked(ctx, t, "CancelKeyDeletion", func() error {
		_, err := c.kms.CancelKeyDeletion(ctx, &kms.CancelKeyDeletionInput{KeyId: &key})
		return err
	}, done)
	asked(ctx, t, "EnableKey", func() error {
		_, err := c.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key})
		return err
	})
	c.pardoned++
}

func (c *cipherErrand) rebooted(ctx context.Context, t *testing.T) {
	for range min(5, len(c.sealed)) {
		c.open(ctx, t, c.sealed[c.rng.IntN(len(c.sealed))])
	}
}

func (c *cipherErrand) open(ctx context.Context, t *testing.T, s ciphertext) {
	out, err := c.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: s.blob, EncryptionContext: s.context})
	if err != nil || string(out.Plaintext) != s.plain {
		t.Errorf("a ciphertext does not open as what it was: %v", err)
	}
}

func (c *cipherErrand) verify(ctx context.Context, t *testing.T) {
	for _, s := range c.sealed {
		c.open(ctx, t, s)
	}
	for _, key := range c.keys {
		out, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
		if err != nil || out.KeyMetadata.KeyState != kmstypes.KeyStateEnabled {
			t.Errorf("%s is not there as it was: %v", key, err)
		}
	}
	t.Logf("kms: %d ciphertexts of %d keys opened, %d rotations, %d pardons", len(c.sealed), len(c.keys), c.rotated, c.pardoned)
}
