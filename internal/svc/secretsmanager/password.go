package secretsmanager

import (
	"context"
	"fmt"
	"io"
	"strings"

	api "nephele.dev/nephele/internal/api/secretsmanager"
)

// The types of character in a password (GetRandomPassword).
const (
	lowercase   = "abcdefghijklmnopqrstuvwxyz"
	uppercase   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numbers     = "0123456789"
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

	suffixAlphabet = lowercase + uppercase + numbers // of ARNs
)

// defaultLength is how long a password is.
const defaultLength = 32

// GetRandomPassword makes a password. Every one that the options admit is as
// likely as any other.
func (s *Service) GetRandomPassword(_ context.Context, in *api.GetRandomPasswordInput) (*api.GetRandomPasswordOutput, error) {
	length := defaultLength
	if in.PasswordLength != nil {
		length = int(*in.PasswordLength)
	}
	alphabet, required, err := alphabets(in)
	if err != nil {
		return nil, err
	}
	if length < len(required) {
		return nil, api.NewInvalidParameterException("Password length is too short based on the required types.")
	}
	for {
		p, err := s.characters(alphabet, length)
		if err != nil {
			return nil, err
		}
		if hasEach(p, required) {
			return &api.GetRandomPasswordOutput{RandomPassword: &p}, nil
		}
	}
}

// alphabets returns the characters that a password may have, and the sets of
// which it must have one each.
func alphabets(in *api.GetRandomPasswordInput) (all string, required []string, err error) {
	each := in.RequireEachIncludedType == nil || *in.RequireEachIncludedType
	for _, set := range []struct {
		characters string
		without    bool
	}{
		{lowercase, deref(in.ExcludeLowercase)},
		{uppercase, deref(in.ExcludeUppercase)},
		{numbers, deref(in.ExcludeNumbers)},
		{punctuation, deref(in.ExcludePunctuation)},
		{" ", !deref(in.IncludeSpace)},
	} {
		if set.without {
			continue
		}
		left := without(set.characters, deref(in.ExcludeCharacters))
		if each && left == "" {
			return "", nil, api.NewInvalidParameterException("All characters of the desired type have been excluded.")
		}
		all += left
		if each {
			required = append(required, left)
		}
	}
	if all == "" {
		return "", nil, api.NewInvalidParameterException("All characters have been excluded from selection.")
	}
	return all, required, nil
}

// without is a set of characters without some of them.
func without(set, excluded string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(excluded, c) {
			return -1
		}
		return c
	}, set)
}

// hasEach reports whether p has a character of each set.
func hasEach(p string, sets []string) bool {
	for _, set := range sets {
		if !strings.ContainsAny(p, set) {
			return false
		}
	}
	return true
}

// characters returns n characters of an ASCII alphabet, each independent of the
// others and as likely. Bytes that would favour the first characters are drawn
// again.
func (s *Service) characters(alphabet string, n int) (string, error) {
	fair := byte(256 - 256%len(alphabet) - 1) // the last byte of the last whole round
	out, buf := make([]byte, 0, n), make([]byte, n+n/4+8)
	for len(out) < n {
		if _, err := io.ReadFull(s.Rand, buf); err != nil {
			return "", fmt.Errorf("read random bytes: %w", err)
		}
		for _, b := range buf {
			if b <= fair && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out), nil
}
