package secretsmanager

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	api "nephele.dev/nephele/internal/api/secretsmanager"
)

func TestPasswords(t *testing.T) {
	t.Parallel()
	s := New(Deps{Rand: rand.NewChaCha8([32]byte{1})})
	const all = lowercase + uppercase + numbers + punctuation
	for _, tt := range []struct {
		name string
		in   api.GetRandomPasswordInput
		size int
		of   string   // the characters it may have
		with []string // sets of which it has one each
		want string   // or its refusal
	}{
		{"by default", api.GetRandomPasswordInput{}, 32, all, []string{lowercase, uppercase, numbers, punctuation}, ""},
		{"shortest", api.GetRandomPasswordInput{PasswordLength: new(int64(4))}, 4, all, []string{lowercase, uppercase, numbers, punctuation}, ""},
		{"longest", api.GetRandomPasswordInput{PasswordLength: new(int64(4096))}, 4096, all, []string{lowercase, uppercase, numbers, punctuation}, ""},
		{"with space", api.GetRandomPasswordInput{PasswordLength: new(int64(5)), IncludeSpace: new(true)}, 5, all + " ", []string{lowercase, uppercase, numbers, punctuation, " "}, ""},
		{"digits", api.GetRandomPasswordInput{ExcludeLowercase: new(true), ExcludeUppercase: new(true), ExcludePunctuation: new(true)}, 32, numbers, []string{numbers}, ""},
		{"letters", api.GetRandomPasswordInput{ExcludeNumbers: new(true), ExcludePunctuation: new(true)}, 32, lowercase + uppercase, []string{lowercase, uppercase}, ""},
		{"without some", api.GetRandomPasswordInput{ExcludeCharacters: new(`abc"\]^-0é`)}, 32, without(all, `abc"\]^-0`), []string{lowercase, uppercase, numbers, punctuation}, ""},
		{"one of a kind", api.GetRandomPasswordInput{PasswordLength: new(int64(4)), ExcludeCharacters: new("123456789")}, 4, without(all, "123456789"), []string{"0"}, ""},
		{"not each", api.GetRandomPasswordInput{PasswordLength: new(int64(1)), RequireEachIncludedType: new(false)}, 1, all, nil, ""},
		{"not each, and none of one", api.GetRandomPasswordInput{ExcludeCharacters: new(numbers), RequireEachIncludedType: new(false)}, 32, lowercase + uppercase + punctuation, nil, ""},
		{"too short", api.GetRandomPasswordInput{PasswordLength: new(int64(3))}, 0, "", nil, "InvalidParameterException: Password length is too short based on the required types."},
		{"none of one", api.GetRandomPasswordInput{ExcludeCharacters: new(numbers)}, 0, "", nil, "InvalidParameterException: All characters of the desired type have been excluded."},
		{"none", api.GetRandomPasswordInput{ExcludeCharacters: new(all), RequireEachIncludedType: new(false)}, 0, "", nil, "InvalidParameterException: All characters have been excluded from selection."},
		{
			"nothing",
			api.GetRandomPasswordInput{ExcludeLowercase: new(true), ExcludeUppercase: new(true), ExcludeNumbers: new(true), ExcludePunctuation: new(true)},
			0, "", nil, "InvalidParameterException: All characters have been excluded from selection.",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for range 20 {
				out, err := s.GetRandomPassword(context.Background(), &tt.in)
				if got := refusal(err); got != tt.want {
					t.Fatal(got)
				}
				if err != nil {
					return
				}
				p := *out.RandomPassword
				if len(p) != tt.size || strings.Trim(p, tt.of) != "" || !hasEach(p, tt.with) {
					t.Fatalf("%q", p)
				}
			}
		})
	}
}

// TestPasswordsAreFair counts characters, and passwords of which a short
// alphabet leaves few: all come about equally often. The source is fixed, so
// the counts are.
func TestPasswordsAreFair(t *testing.T) {
	t.Parallel()
	s := New(Deps{Rand: rand.NewChaCha8([32]byte{2})})
	draw := func(in *api.GetRandomPasswordInput, of func(string) string, n int) map[string]int {
		count := map[string]int{}
		for range n {
			out, err := s.GetRandomPassword(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			count[of(*out.RandomPassword)]++
		}
		return count
	}
	// a, b, 0 and 1, with a letter and a digit at least: 8 of 16 passwords of two.
	pairs := draw(&api.GetRandomPasswordInput{
		PasswordLength: new(int64(2)), ExcludeUppercase: new(true), ExcludePunctuation: new(true),
		ExcludeCharacters: new("cdefghijklmnopqrstuvwxyz23456789"),
	}, func(p string) string { return p }, 8000)
	if len(pairs) != 8 {
		t.Errorf("%v", pairs)
	}
	spread(t, pairs, 8000)
	spread(t, draw(&api.GetRandomPasswordInput{PasswordLength: new(int64(1)), RequireEachIncludedType: new(false)},
		func(p string) string { return p }, 94_000), 94_000)
}

// spread fails when the counts are too uneven for chance: chi-square far above
// its degrees of freedom.
func spread(t *testing.T, count map[string]int, n int) {
	t.Helper()
	want, chi := float64(n)/float64(len(count)), 0.0
	for _, c := range count {
		chi += (float64(c) - want) * (float64(c) - want) / want
	}
	if limit := 1.6 * float64(len(count)); chi > limit {
		t.Errorf("chi-square %.1f of %d values, want at most %.1f", chi, len(count), limit)
	}
}
