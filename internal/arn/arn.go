package arn

import (
	"errors"
	"fmt"
	"strings"
)

// MaxLength is the longest ARN that AWS takes, in bytes.
const MaxLength = 2048

// ErrSyntax says that a text is not an ARN. Parse wraps it with the reason.
var ErrSyntax = errors.New("not an ARN")

// ARN is a parsed Amazon Resource Name.
type ARN struct {
	Partition string // "aws", "aws-cn", "aws-us-gov"
	Service   string // as in the ARN, for example "elasticloadbalancing"
	Region    string // "" for global resources
	Account   string // 12 digits; "" where the service leaves it out; "aws" for AWS's own
	Resource  string // everything after the account
}

// String writes the ARN; Parse reads it back.
func (a ARN) String() string {
	return "arn:" + a.Partition + ":" + a.Service + ":" + a.Region + ":" + a.Account + ":" + a.Resource
}

// Is reports whether s starts as an ARN does. It does not promise that Parse
// takes it: services use it to tell an ARN from a name.
func Is(s string) bool { return strings.HasPrefix(s, "arn:") }

// Parse reads an ARN. Wildcards of policies are not ARNs.
func Parse(s string) (ARN, error) {
	if len(s) > MaxLength {
		return ARN{}, fmt.Errorf("%w: %d bytes are more than %d", ErrSyntax, len(s), MaxLength)
	}
	const parts = 6
	p := strings.SplitN(s, ":", parts)
	if len(p) != parts || p[0] != "arn" {
		return ARN{}, fmt.Errorf("%w: %q has not the form arn:partition:service:region:account:resource", ErrSyntax, s)
	}
	a := ARN{Partition: p[1], Service: p[2], Region: p[3], Account: p[4], Resource: p[5]}
	for _, part := range []struct {
		name, value string
		ok          bool
	}{
		{"partition", a.Partition, a.Partition == "aws" || strings.HasPrefix(a.Partition, "aws-") && word(a.Partition)},
		{"service", a.Service, a.Service != "" && word(a.Service)},
		{"region", a.Region, word(a.Region)},
		{"account", a.Account, account(a.Account)},
		{"resource", a.Resource, a.Resource != "" && printable(a.Resource)},
	} {
		if !part.ok {
			return ARN{}, fmt.Errorf("%w: %s %q of %q", ErrSyntax, part.name, part.value, s)
		}
	}
	return a, nil
}

// word reports whether s is of lower-case letters, digits and hyphens.
func word(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// account takes 12 digits, nothing, and the names that stand for AWS's own
// accounts ("aws" in managed policies, "cloudfront" in origin access identities,
// "amazon" in images).
func account(s string) bool {
	switch s {
	case "", "aws", "cloudfront", "amazon":
		return true
	}
	return IsAccount(s)
}

// IsAccount reports whether s is an account id: 12 digits.
func IsAccount(s string) bool {
	const digits = 12
	return len(s) == digits && strings.Trim(s, "0123456789") == ""
}

func printable(s string) bool {
	for _, c := range s {
		if c < ' ' || c == '\x7f' || c == '�' {
			return false
		}
	}
	return true
}

// Partition returns the partition of a region.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
