package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"nephele.dev/nephele/internal/store/storetest"
	"nephele.dev/nephele/nepheletest"
)

var rootKey = aws.Credentials{AccessKeyID: nepheletest.RootAccessKeyID, SecretAccessKey: nepheletest.RootSecretAccessKey}

// served is a server by its command line, in this process.
type served struct {
	url  string
	stop func()
}

// serve starts a server that asks who is calling, with more environment and
// flags of its own.
func serve(t *testing.T, dir string, environ []string, flags ...string) *served {
	t.Helper()
	environ = append([]string{"NEPHELE_ROOT_ACCESS_KEY_ID=" + rootKey.AccessKeyID, "NEPHELE_ROOT_SECRET_ACCESS_KEY=" + rootKey.SecretAccessKey}, environ...)
	args := append([]string{"serve", "--listen=127.0.0.1:0", "--auth=on", "--log-level=warn", "--data", dir}, flags...)
	ctx, cancel := context.WithCancel(t.Context())
	stdout, w := io.Pipe()
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		done <- run(ctx, args, environ, w, &errs)
		_ = w.Close()
	}()
	s := &served{stop: func() {
		cancel()
		if status := <-done; status != 0 {
			t.Errorf("status %d: %s", status, errs.String())
		}
		done <- 0 // to stop again is nothing
	}}
	lines := bufio.NewScanner(stdout)
	for s.url == "" && lines.Scan() {
		s.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	}
	if s.url == "" {
		cancel()
		t.Fatalf("no banner; status %d, log %s", <-done, errs.String())
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()
	t.Cleanup(s.stop)
	return s
}

// as is the configuration of clients that sign with a key.
func (s *served) as(key aws.Credentials) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &s.url,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return key, nil }),
		HTTPClient:  &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

// possessions are one of everything that is sealed.
type possessions struct {
	key     aws.Credentials // of a user
	session aws.Credentials
	blob    []byte // a ciphertext of KMS
	secret  string // name, and value, of a secret
}

// acquire makes them under a name.
func acquire(t *testing.T, s *served, name string) possessions {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root := s.as(rootKey)
	_, err := iam.NewFromConfig(root).CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	check(err)
	key, err := iam.NewFromConfig(root).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	check(err)
	p := possessions{secret: name, key: aws.Credentials{AccessKeyID: *key.AccessKey.AccessKeyId, SecretAccessKey: *key.AccessKey.SecretAccessKey}}
	session, err := sts.NewFromConfig(s.as(p.key)).GetSessionToken(t.Context(), &sts.GetSessionTokenInput{})
	check(err)
	p.session = aws.Credentials{
		AccessKeyID: *session.Credentials.AccessKeyId, SecretAccessKey: *session.Credentials.SecretAccessKey, SessionToken: *session.Credentials.SessionToken,
	}
	created, err := kms.NewFromConfig(root).CreateKey(t.Context(), &kms.CreateKeyInput{})
	check(err)
	sealed, err := kms.NewFromConfig(root).Encrypt(t.Context(), &kms.EncryptInput{KeyId: created.KeyMetadata.KeyId, Plaintext: []byte(name)})
	check(err)
	p.blob = sealed.CiphertextBlob
	_, err = secretsmanager.NewFromConfig(root).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name, SecretString: &name})
	check(err)
	return p
}

// answers are what a server answers to the use of possessions: "" is success,
// all else a code.
type answers struct{ key, session, blob, secret string }

// lost is how a server answers that cannot open them.
var lost = answers{"InvalidClientTokenId", "InvalidClientTokenId", "KMSInvalidStateException", "DecryptionFailure"}

func (p possessions) use(t *testing.T, s *served) answers {
	t.Helper()
	whoami := func(key aws.Credentials) error {
		_, err := sts.NewFromConfig(s.as(key)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err
	}
	same := func(err error, got func() string) string {
		if err == nil && got() != p.secret {
			return fmt.Sprintf("%q, want %q", got(), p.secret)
		}
		return answer(err)
	}
	if err := whoami(rootKey); err != nil {
		t.Errorf("the root user: %v", err)
	}
	blob, err := kms.NewFromConfig(s.as(rootKey)).Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: p.blob})
	a := answers{key: answer(whoami(p.key)), session: answer(whoami(p.session))}
	a.blob = same(err, func() string { return string(blob.Plaintext) })
	secret, err := secretsmanager.NewFromConfig(s.as(rootKey)).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &p.secret})
	a.secret = same(err, func() string { return *secret.SecretString })
	return a
}

func answer(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (p possessions) expect(t *testing.T, s *served, want answers) {
	t.Helper()
	if got := p.use(t, s); got != want {
		t.Errorf("what belongs to %s answers %+v, want %+v", p.secret, got, want)
	}
}

// TestMasterKeyLife takes a data directory through rotation, retirement, loss
// and recovery of its master key.
func TestMasterKeyLife(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := answers{}
	s := serve(t, dir, nil)
	first := acquire(t, s, "first")
	first.expect(t, s, all)
	s.stop()

	step{"master-key rotate", nil, 0, "is the first of 2 keys"}.take(t, dir)
	step{"master-key retire", nil, 1, "start the server once with both keys"}.take(t, dir)
	s = serve(t, dir, nil)
	first.expect(t, s, all)
	second := acquire(t, s, "second")
	s.stop()
	step{"master-key retire", nil, 0, "alone is left"}.take(t, dir)
	kept := read(t, keyFile(dir))
	s = serve(t, dir, nil)
	first.expect(t, s, all)
	second.expect(t, s, all)
	s.stop()

	if err := os.Remove(keyFile(dir)); err != nil {
		t.Fatal(err)
	}
	refuses(t, dir)
	s = serve(t, dir, nil, "--master-key-lost")
	first.expect(t, s, lost)
	second.expect(t, s, lost)
	third := acquire(t, s, "third")
	third.expect(t, s, all)
	s.stop()
	refuses(t, dir)
	step{"master-key status", nil, 0, "  is not here      2 data keys\n"}.take(t, dir)
	step{"master-key retire", nil, 1, "2 data keys are still under"}.take(t, dir)
	s = serve(t, dir, nil, "--master-key-lost")
	third.expect(t, s, all)
	s.stop()

	both := read(t, keyFile(dir)) + kept
	write(t, keyFile(dir), both)
	s = serve(t, dir, nil)
	for _, p := range []possessions{first, second, third} {
		p.expect(t, s, all)
	}
	s.stop()

	step{"master-key retire", nil, 0, "alone is left"}.take(t, dir)
	left := read(t, keyFile(dir))
	if err := os.Remove(keyFile(dir)); err != nil {
		t.Fatal(err)
	}
	s = serve(t, dir, []string{"NEPHELE_MASTER_KEY=" + strings.Fields(left)[len(strings.Fields(left))-1]})
	for _, p := range []possessions{first, second, third} {
		p.expect(t, s, all)
	}
}

// refuses expects that the server says what is missing, and makes no key.
func refuses(t *testing.T, dir string, flags ...string) {
	t.Helper()
	before, _ := os.ReadFile(keyFile(dir))
	status, out, errs := execute(t, nil, append([]string{"serve", "--listen=127.0.0.1:0", "--data", dir}, flags...)...)
	if status != 1 || out != "" || !strings.Contains(errs, "sealed under another master key") || !strings.Contains(errs, "--master-key-lost") {
		t.Errorf("%d %q %q", status, out, errs)
	}
	if after, _ := os.ReadFile(keyFile(dir)); !bytes.Equal(before, after) {
		t.Error("the file of master keys has changed")
	}
}

// TestMasterKeyReplicas: servers that share a database need the same master
// keys, and a rotation passes over them one by one.
func TestMasterKeyReplicas(t *testing.T) {
	t.Parallel()
	database := "--database=" + storetest.PostgresURL(t)
	dirA, dirB := t.TempDir(), t.TempDir()
	all := answers{}
	a := serve(t, dirA, nil, database)
	first := acquire(t, a, "first")
	refuses(t, dirB, database)
	old := read(t, keyFile(dirA))
	write(t, keyFile(dirB), old)
	b := serve(t, dirB, nil, database)
	first.expect(t, b, all)

	step{"master-key rotate", nil, 0, "is the first of 2 keys"}.take(t, dirB)
	b.stop()
	b = serve(t, dirB, nil, database)
	first.expect(t, b, all)
	second := acquire(t, b, "second")
	here := lost
	here.secret = "" // the service's key of KMS is an old one
	second.expect(t, a, here)
	first.expect(t, a, all) // it has opened that data key before
	third := acquire(t, a, "third")
	third.expect(t, b, all)
	a.stop()
	refuses(t, dirA, database)
	write(t, keyFile(dirA), read(t, keyFile(dirB)))
	a = serve(t, dirA, nil, database)
	for _, p := range []possessions{first, second, third} {
		p.expect(t, a, all)
		p.expect(t, b, all)
	}

	// Without anybody noticing: the new key behind the others, then in front.
	_, fresh, _ := execute(t, nil, "master-key", "new")
	last := read(t, keyFile(dirA))
	for _, text := range []string{last + fresh, fresh + last} {
		for _, dir := range []string{dirA, dirB} {
			write(t, keyFile(dir), text)
		}
		a.stop()
		a = serve(t, dirA, nil, database)
		p := acquire(t, a, fmt.Sprintf("at-a-%d", strings.Index(text, fresh)))
		p.expect(t, b, all)
		b.stop()
		b = serve(t, dirB, nil, database)
		p = acquire(t, b, fmt.Sprintf("at-b-%d", strings.Index(text, fresh)))
		p.expect(t, a, all)
		first.expect(t, a, all)
	}
}
