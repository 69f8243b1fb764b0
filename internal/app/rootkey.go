package app

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/door"
	"nephele.dev/nephele/internal/door/certs"
	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/plane"
)

// CAFile is the file below the data directory that holds the certificate of the
// authority that signs the server's certificates.
const CAFile = certs.CertFile

// RootFile is the file below the data directory that keeps generated root
// credentials, in the form of AWS's shared credentials file.
const RootFile = "root-credentials"

// rootKey is the root user's access key.
type rootKey struct {
	id, secret, account string
}

var _ door.Credentials = rootKey{}

// Credential implements door.Credentials.
func (k rootKey) Credential(_ context.Context, id, token string) (door.Credential, error) {
	if id != k.id || k.id == "" {
		return door.Credential{}, door.ErrUnknownKey
	}
	if token != "" {
		return door.Credential{}, door.ErrInvalidToken
	}
	return door.Credential{Secret: k.secret, Caller: plane.RootCaller(k.account, "")}, nil
}

// rootKey returns the configured key, else the one in the data directory,
// which is made when authentication needs it.
func (a *App) rootKey() (rootKey, error) {
	if a.cfg.RootAccessKeyID != "" {
		return rootKey{a.cfg.RootAccessKeyID, a.cfg.RootSecretAccessKey, a.cfg.Account}, nil
	}
	if a.cfg.Auth != config.AuthOn {
		return rootKey{}, nil
	}
	id, secret, err := RootCredentials(a.cfg.Data)
	if errors.Is(err, fs.ErrNotExist) {
		id, secret, err = generateRoot(filepath.Join(a.cfg.Data, RootFile), a.cfg.Account)
		a.log.Info("generated root credentials", "file", filepath.Join(a.cfg.Data, RootFile))
	}
	return rootKey{id, secret, a.cfg.Account}, err
}

// RootCredentials reads the root access key kept in a data directory. The
// error is fs.ErrNotExist when there is none.
func RootCredentials(data string) (id, secret string, err error) {
	f, err := os.Open(filepath.Join(data, RootFile))
	if err != nil {
		return "", "", err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return "", "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", "", fmt.Errorf("%s may be read by others than its owner; chmod 600 it", f.Name())
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			id = strings.TrimSpace(value)
		case "aws_secret_access_key":
			secret = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return "", "", err
	}
	if id == "" || secret == "" {
		return "", "", fmt.Errorf("%s: no access key in it", f.Name())
	}
	return id, secret, nil
}

// generateRoot makes a key that tells its account and keeps it, readable by us alone.
// The file appears whole or not at all.
func generateRoot(name, account string) (id, secret string, err error) {
	var b [30]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", "", err
	}
	id, secret = keyid.New(keyid.AccessKey, account), base64.StdEncoding.EncodeToString(b[:])
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", id, secret)
	part := name + ".part"
	if err := writeSynced(part, text); err != nil {
		return "", "", errors.Join(err, os.Remove(part))
	}
	return id, secret, os.Rename(part, name)
}

func writeSynced(name, text string) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.WriteString(text); err != nil {
		return err
	}
	return f.Sync()
}
