package crash

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	badKey    = "InvalidClientTokenId"
	forbidden = "AccessDenied"
	exists    = "EntityAlreadyExists"
	gone      = "NoSuchEntity"
	limit     = "LimitExceeded"
	conflict  = "DeleteConflict"
)

// whoami asks who signs with a key.
func whoami(ctx context.Context, url string, who aws.Credentials) (arn string, err error) {
	out, err := sts.NewFromConfig(configured(url, who)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

// newKey makes an access key, however many attempts it takes: those that were
// not answered may have left keys, which are deleted when they are in the way.
func newKey(ctx context.Context, t *testing.T, c *iam.Client, user string, told *confidences) (key aws.Credentials, ok bool) {
	return key, until(ctx, func() bool {
		out, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
		switch code(err) {
		case "":
		case limit:
			dropKeys(ctx, c, user)
		default:
			t.Errorf("CreateAccessKey of %s: %v", user, err)
			return true
		}
		if err == nil {
			key = aws.Credentials{AccessKeyID: *out.AccessKey.AccessKeyId, SecretAccessKey: *out.AccessKey.SecretAccessKey}
			told.key(key.SecretAccessKey)
		}
		return err == nil
	})
}

// dropKeys deletes the keys of a user, as far as the server answers.
func dropKeys(ctx context.Context, c *iam.Client, user string) {
	out, err := c.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user})
	if err != nil {
		return
	}
	for _, k := range out.AccessKeyMetadata {
		_, _ = c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: k.AccessKeyId})
	}
}

// keyErrand makes access keys, turns them off and on and deletes them. Each
// answer counts from the moment that it is there.
type keyErrand struct {
	url  string
	told *confidences
	iam  *iam.Client

	dead    []aws.Credentials // deleted
	off, on int
}

const keyUser = "key-holder"

func (k *keyErrand) prepare(ctx context.Context, t *testing.T) {
	k.iam = iam.NewFromConfig(configured(k.url, root))
	if _, err := k.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(keyUser)}); err != nil {
		t.Fatal(err)
	}
}

func (k *keyErrand) once(ctx context.Context, t *testing.T) {
	key, ok := newKey(ctx, t, k.iam, keyUser, k.told)
	if !ok {
		return
	}
	k.expect(ctx, t, key, "a new key", "")
	if k.set(ctx, t, key, iamtypes.StatusTypeInactive) {
		k.off++
		k.expect(ctx, t, key, "a key turned off", badKey)
	}
	if k.set(ctx, t, key, iamtypes.StatusTypeActive) {
		k.on++
		k.expect(ctx, t, key, "a key turned on", "")
	}
	deleted := asked(ctx, t, "DeleteAccessKey", func() error {
		_, err := k.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String(keyUser), AccessKeyId: &key.AccessKeyID})
		return err
	}, gone)
	if deleted {
		k.dead = append(k.dead, key)
		k.expect(ctx, t, key, "a deleted key", badKey)
	}
}

func (k *keyErrand) set(ctx context.Context, t *testing.T, key aws.Credentials, to iamtypes.StatusType) bool {
	return asked(ctx, t, "UpdateAccessKey", func() error {
		_, err := k.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String(keyUser), AccessKeyId: &key.AccessKeyID, Status: to})
		return err
	})
}

// expect signs with a key until it is answered.
func (k *keyErrand) expect(ctx context.Context, t *testing.T, key aws.Credentials, what, want string) {
	until(ctx, func() bool {
		_, err := whoami(ctx, k.url, key)
		if err != nil && code(err) == "" {
			return false
		}
		if code(err) != want {
			t.Errorf("%s (%s) answers %v, want %q", what, key.AccessKeyID, err, want)
		}
		return true
	})
}

func (k *keyErrand) rebooted(ctx context.Context, t *testing.T) {
	for _, key := range k.dead[max(0, len(k.dead)-5):] {
		k.expect(ctx, t, key, "a key deleted before the boot", badKey)
	}
}

func (k *keyErrand) verify(ctx context.Context, t *testing.T) {
	for _, key := range k.dead {
		k.expect(ctx, t, key, "a deleted key, at last", badKey)
	}
	t.Logf("keys: %d turned off, %d turned on, %d deleted", k.off, k.on, len(k.dead))
}

// denyErrand forbids and permits a user what another policy allows.
type denyErrand struct {
	url   string
	iam   *iam.Client
	user  *sqs.Client
	calls int
}

const denyUser = "sometimes-denied"

func (d *denyErrand) prepare(ctx context.Context, t *testing.T) {
	d.iam = iam.NewFromConfig(configured(d.url, root))
	key := newUser(ctx, t, d.iam, denyUser, policyOf("Allow", "sqs:*"), &confidences{})
	d.user = sqs.NewFromConfig(configured(d.url, key))
}

func (d *denyErrand) once(ctx context.Context, t *testing.T) {
	name := aws.String("must-not")
	d.expect(ctx, t, "")
	put := asked(ctx, t, "PutUserPolicy", func() error {
		_, err := d.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
			UserName: aws.String(denyUser), PolicyName: name, PolicyDocument: policyOf("Deny", "sqs:ListQueues"),
		})
		return err
	})
	if put {
		d.expect(ctx, t, "AccessDenied")
	}
	asked(ctx, t, "DeleteUserPolicy", func() error {
		_, err := d.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String(denyUser), PolicyName: name})
		return err
	}, gone)
}

func (d *denyErrand) expect(ctx context.Context, t *testing.T, want string) {
	until(ctx, func() bool {
		_, err := d.user.ListQueues(ctx, &sqs.ListQueuesInput{})
		if err != nil && code(err) == "" {
			return false
		}
		if code(err) != want {
			t.Errorf("ListQueues answers %v, want %q", err, want)
		}
		d.calls++
		return true
	})
}

func (d *denyErrand) rebooted(ctx context.Context, t *testing.T) { d.expect(ctx, t, "") }

func (d *denyErrand) verify(ctx context.Context, t *testing.T) {
	d.expect(ctx, t, "")
	t.Logf("denials: %d decisions as acknowledged", d.calls)
}
