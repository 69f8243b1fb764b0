package iam

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	api "nephele.dev/nephele/internal/api/iam"
	"nephele.dev/nephele/internal/store"
)

// passwordPolicy is what an account demands of passwords.
type passwordPolicy struct {
	MinLength                        int
	Symbols, Numbers, Uppers, Lowers bool
	UsersMayChange                   bool
	MaxAge                           int   // days; 0 is for ever
	Reuse                            int   // how many passwords must pass before one returns
	HardExpiry                       *bool `json:",omitempty"`
}

const minPassword = 6 // characters, unless the policy says otherwise

// UpdateAccountPasswordPolicy sets the account's password policy. What is not
// given goes back to its default.
func (s *Service) UpdateAccountPasswordPolicy(ctx context.Context, in *api.UpdateAccountPasswordPolicyInput) (
	*api.UpdateAccountPasswordPolicyOutput, error,
) {
	p := passwordPolicy{
		MinLength: minPassword,
		Symbols:   isTrue(in.RequireSymbols), Numbers: isTrue(in.RequireNumbers),
		Uppers: isTrue(in.RequireUppercaseCharacters), Lowers: isTrue(in.RequireLowercaseCharacters),
		UsersMayChange: isTrue(in.AllowUsersToChangePassword), HardExpiry: in.HardExpiry,
	}
	for to, from := range map[*int]*int32{&p.MinLength: in.MinimumPasswordLength, &p.MaxAge: in.MaxPasswordAge, &p.Reuse: in.PasswordReusePrevention} {
		if from != nil {
			*to = int(*from)
		}
	}
	err := s.change(ctx, func(tx *store.Tx, id string) error {
		r, err := accountOf(tx, id)
		if err != nil {
			return err
		}
		r.Doc.Passwords = &p
		return putAccount(tx, &r)
	})
	return &api.UpdateAccountPasswordPolicyOutput{}, err
}

func isTrue(b *bool) bool { return b != nil && *b }

// GetAccountPasswordPolicy returns the account's password policy, if it has one.
func (s *Service) GetAccountPasswordPolicy(ctx context.Context, _ *api.GetAccountPasswordPolicyInput) (
	*api.GetAccountPasswordPolicyOutput, error,
) {
	out := &api.GetAccountPasswordPolicyOutput{}
	err := s.view(ctx, func(tx *store.Tx, id string) error {
		r, err := accountOf(tx, id)
		if err != nil {
			return err
		}
		if r.Doc.Passwords == nil {
			return noPasswordPolicy(id)
		}
		out.PasswordPolicy = passwordPolicyOut(r.Doc.Passwords)
		return nil
	})
	return out, err
}

func noPasswordPolicy(account string) error {
	return api.NewNoSuchEntityException("The Password Policy with domain name %s cannot be found.", account)
}

func passwordPolicyOut(p *passwordPolicy) *api.PasswordPolicy {
	out := &api.PasswordPolicy{
		MinimumPasswordLength: new(int32(p.MinLength)), RequireSymbols: &p.Symbols, RequireNumbers: &p.Numbers,
		RequireUppercaseCharacters: &p.Uppers, RequireLowercaseCharacters: &p.Lowers,
		AllowUsersToChangePassword: &p.UsersMayChange, ExpirePasswords: new(p.MaxAge > 0), HardExpiry: p.HardExpiry,
	}
	if p.MaxAge > 0 {
		out.MaxPasswordAge = new(int32(p.MaxAge))
	}
	if p.Reuse > 0 {
		out.PasswordReusePrevention = new(int32(p.Reuse))
	}
	return out
}

// DeleteAccountPasswordPolicy takes the account's password policy away.
func (s *Service) DeleteAccountPasswordPolicy(ctx context.Context, _ *api.DeleteAccountPasswordPolicyInput) (
	*api.DeleteAccountPasswordPolicyOutput, error,
) {
	err := s.change(ctx, func(tx *store.Tx, id string) error {
		r, err := accountOf(tx, id)
		if err != nil {
			return err
		}
		if r.Doc.Passwords == nil {
			return noPasswordPolicy(id)
		}
		r.Doc.Passwords = nil
		return putAccount(tx, &r)
	})
	return &api.DeleteAccountPasswordPolicyOutput{}, err
}

// The characters that a policy may ask for (IAM User Guide, "Setting an account
// password policy").
const (
	uppers  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowers  = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
	symbols = "!@#$%^&*()_+-=[]{}|'"
)

// defaultPolicy is what is asked of passwords where there is no policy: this
// length, and three of the four sorts of characters.
const (
	defaultLength = 8
	defaultSorts  = 3
)

// check demands that a password is as the policy wants it; p is nil for none.
func (p *passwordPolicy) check(password string) error {
	if p == nil {
		return checkDefault(password)
	}
	if utf8.RuneCountInString(password) < p.MinLength {
		return weak(fmt.Sprintf("have a minimum length of %d", p.MinLength))
	}
	for _, rule := range []struct {
		asked   bool
		of, one string
	}{
		{p.Uppers, uppers, "uppercase letter"},
		{p.Lowers, lowers, "lowercase letter"},
		{p.Numbers, digits, "number"},
		{p.Symbols, symbols, "symbol"},
	} {
		if rule.asked && !strings.ContainsAny(password, rule.of) {
			return weak("have at least one " + rule.one)
		}
	}
	return nil
}

func checkDefault(password string) error {
	if utf8.RuneCountInString(password) < defaultLength {
		return weak(fmt.Sprintf("have a minimum length of %d", defaultLength))
	}
	sorts := 0
	for _, of := range []string{uppers, lowers, digits, symbols} {
		if strings.ContainsAny(password, of) {
			sorts++
		}
	}
	if sorts < defaultSorts {
		return weak("have uppercase letters, lowercase letters, numbers and symbols, three of them at least")
	}
	return nil
}

// weak is PasswordPolicyViolation: "Password should ...".
func weak(should string) error {
	return api.NewPasswordPolicyViolationException("Password should %s", should)
}
