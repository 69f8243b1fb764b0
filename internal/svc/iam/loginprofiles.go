package iam

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// login is a user's password. Its key is the user's. There is no console to
// sign in to: it is kept, checked when it is changed, and told of in reports.
type login struct {
	Created  time.Time
	Changed  time.Time
	Reset    bool // the user is to change it at the next sign-in
	Password hash
	Former   []hash `json:",omitempty"` // latest last
}

var logins = store.NewCollection[login]("iam.login")

// hash is a password as it is kept: PBKDF2 with HMAC-SHA-256.
type hash struct {
	Salt, Sum []byte
	Rounds    int
}

// hashRounds is what OWASP's Password Storage Cheat Sheet recommends: some
// 100 ms of a processor.
const (
	hashRounds = 600_000
	saltBytes  = 16
	maxFormer  = 24 // the most that a policy can forbid
)

func newHash(password string) (hash, error) {
	h := hash{Salt: make([]byte, saltBytes), Rounds: hashRounds}
	_, _ = rand.Read(h.Salt) // never fails
	var err error
	h.Sum, err = h.of(password)
	return h, err
}

func (h *hash) of(password string) ([]byte, error) {
	sum, err := pbkdf2.Key(sha256.New, password, h.Salt, h.Rounds, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return sum, nil
}

// is reports whether the password is the one that was hashed.
func (h *hash) is(password string) (bool, error) {
	sum, err := h.of(password)
	return subtle.ConstantTimeCompare(sum, h.Sum) == 1, err
}

// CreateLoginProfile gives a user a password.
func (s *Service) CreateLoginProfile(ctx context.Context, in *api.CreateLoginProfileInput) (*api.CreateLoginProfileOutput, error) {
	name, err := keyUser(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	if in.Password == nil {
		return nil, invalid("1 validation error detected: Value null at 'password' failed to satisfy constraint: Member must not be null")
	}
	sum, err := newHash(*in.Password)
	if err != nil {
		return nil, err
	}
	out := &api.LoginProfile{PasswordResetRequired: new(isTrue(in.PasswordResetRequired))}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		u, err := s.user(tx, account, name)
		if err != nil {
			return err
		}
		if err := checkPassword(tx, account, *in.Password); err != nil {
			return err
		}
		now := tx.Now().Truncate(time.Second)
		out.UserName, out.CreateDate = u.Doc.Name, now
		_, err = logins.Create(tx, u.Key, login{Created: now, Changed: now, Reset: *out.PasswordResetRequired, Password: sum})
		if errors.Is(err, store.ErrExists) {
			return api.NewEntityAlreadyExistsException("Login Profile for user %s already exists.", u.Doc.Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateLoginProfileOutput{LoginProfile: out}, nil
}

// checkPassword demands that a password is as the account wants it.
func checkPassword(tx *store.Tx, account, password string) error {
	r, err := accountOf(tx, account)
	if err != nil {
		return err
	}
	return r.Doc.Passwords.check(password)
}

// login returns the password of a user.
func (s *Service) login(tx *store.Tx, account, name string) (store.Record[login], error) {
	u, err := s.user(tx, account, name)
	if err != nil {
		return store.Record[login]{}, err
	}
	r, err := logins.Get(tx, u.Key)
	if errors.Is(err, store.ErrNotFound) {
		return r, api.NewNoSuchEntityException("Login Profile for User %s cannot be found.", name)
	}
	return r, err
}

// moveLogin keeps the password of a user who has another name now.
func moveLogin(tx *store.Tx, from, to store.Key) error {
	r, err := logins.Get(tx, from)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return move(tx, logins, from, to, r.Doc)
}

// GetLoginProfile tells whether a user has a password.
func (s *Service) GetLoginProfile(ctx context.Context, in *api.GetLoginProfileInput) (*api.GetLoginProfileOutput, error) {
	name, err := keyUser(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	out := &api.LoginProfile{UserName: name}
	err = s.view(ctx, func(tx *store.Tx, account string) error {
		r, err := s.login(tx, account, name)
		out.CreateDate, out.PasswordResetRequired = r.Doc.Created, &r.Doc.Reset
		return err
	})
	return &api.GetLoginProfileOutput{LoginProfile: out}, err
}

// UpdateLoginProfile gives a user another password, whatever it was before.
func (s *Service) UpdateLoginProfile(ctx context.Context, in *api.UpdateLoginProfileInput) (*api.UpdateLoginProfileOutput, error) {
	var sum hash
	var err error
	if in.Password != nil {
		if sum, err = newHash(*in.Password); err != nil {
			return nil, err
		}
	}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.login(tx, account, in.UserName)
		if err != nil {
			return err
		}
		if in.PasswordResetRequired != nil {
			r.Doc.Reset = *in.PasswordResetRequired
		}
		if in.Password != nil {
			if err := checkPassword(tx, account, *in.Password); err != nil {
				return err
			}
			r.Doc.replace(sum, tx.Now())
		}
		return logins.Put(tx, &r)
	})
	return &api.UpdateLoginProfileOutput{}, err
}

// replace sets another password.
func (l *login) replace(sum hash, now time.Time) {
	l.Former = append(l.Former, l.Password)
	l.Former = l.Former[max(0, len(l.Former)-maxFormer):]
	l.Password, l.Changed = sum, now.Truncate(time.Second)
}

// DeleteLoginProfile takes a user's password away.
func (s *Service) DeleteLoginProfile(ctx context.Context, in *api.DeleteLoginProfileInput) (*api.DeleteLoginProfileOutput, error) {
	name, err := keyUser(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, func(tx *store.Tx, account string) error {
		r, err := s.login(tx, account, name)
		if err != nil {
			return err
		}
		return logins.Delete(tx, r.Key)
	})
	return &api.DeleteLoginProfileOutput{}, err
}

// ChangePassword lets a user change its own password. The hashing, which takes
// long, is done outside the transaction that then demands that nobody else has
// changed the password meanwhile.
func (s *Service) ChangePassword(ctx context.Context, in *api.ChangePasswordInput) (*api.ChangePasswordOutput, error) {
	c := plane.FromContext(ctx).Caller
	if c.Kind != plane.User {
		return nil, api.NewInvalidUserTypeException("Only IAM Users can change their own password.")
	}
	name, err := callersName(&c, nil)
	if err != nil {
		return nil, err
	}
	var r store.Record[login]
	var rules *passwordPolicy
	err = s.view(ctx, func(tx *store.Tx, account string) (err error) {
		if r, err = s.login(tx, account, name); err != nil {
			return err
		}
		a, err := accountOf(tx, account)
		rules = a.Doc.Passwords
		return err
	})
	if err != nil {
		return nil, err
	}
	sum, err := r.Doc.changed(in.OldPassword, in.NewPassword, rules)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, func(tx *store.Tx, _ string) error {
		next := r
		next.Doc.replace(sum, tx.Now())
		next.Doc.Reset = false
		if err := logins.Put(tx, &next); errors.Is(err, store.ErrConflict) {
			return api.NewEntityTemporarilyUnmodifiableException("The password is being changed by another request.")
		} else if err != nil {
			return err
		}
		return nil
	})
	return &api.ChangePasswordOutput{}, err
}

// changed is the hash of a new password, if the old one is right and the rules
// take the new one.
func (l *login) changed(old, password string, rules *passwordPolicy) (hash, error) {
	ok, err := l.Password.is(old)
	if err != nil {
		return hash{}, err
	}
	if !ok {
		return hash{}, awserr.New("AccessDenied", http.StatusForbidden, "The old password was incorrect.")
	}
	if err := rules.check(password); err != nil {
		return hash{}, err
	}
	if rules != nil && rules.Reuse > 0 {
		before := append(slices.Clip(l.Former), l.Password)
		for _, h := range before[max(0, len(before)-rules.Reuse):] {
			if again, err := h.is(password); err != nil || again {
				return hash{}, errors.Join(err, weak("not be one that was used before"))
			}
		}
	}
	return newHash(password)
}
