package managed

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // for the data
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed policies.json
var data []byte

// prefix is what all ARNs of these policies begin with, as in the standard partition.
const prefix = "arn:aws:iam::aws:policy"

// Policy is a managed policy of AWS.
type Policy struct {
	ARN         string    // "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	Name        string    // "AWSLambdaBasicExecutionRole"
	Path        string    // "/service-role/"
	ID          string    // "ANPA..."
	Description string    // may be empty
	Version     string    // the default version, such as "v12"
	Created     time.Time // UTC
	Updated     time.Time // UTC: when the default version was made
	Document    string    // JSON
}

// Attachable reports whether customers may attach the policy: those of
// service-linked roles are for AWS alone.
func (p Policy) Attachable() bool { return p.Path != "/aws-service-role/" }

// entry is a policy as the data has it.
type entry struct {
	Name        string          `json:"name"`
	Path        string          `json:"path"` // "" is "/"
	ID          string          `json:"id"`   // "" is derived
	Description string          `json:"description"`
	Version     string          `json:"version"`
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`
	Document    json.RawMessage `json:"document"`
}

// catalog is the data, read once.
type catalog struct {
	all   []Policy // by ARN
	byARN map[string]*Policy
}

var load = sync.OnceValue(func() catalog {
	var entries []entry
	if err := json.Unmarshal(data, &entries); err != nil {
		panic(fmt.Sprintf("managed: the embedded policies do not parse: %v", err))
	}
	c := catalog{all: make([]Policy, 0, len(entries)), byARN: make(map[string]*Policy, len(entries))}
	for _, e := range entries {
		c.all = append(c.all, e.policy())
	}
	slices.SortFunc(c.all, func(a, b Policy) int { return cmp.Compare(a.ARN, b.ARN) })
	for i := range c.all {
		c.byARN[c.all[i].ARN] = &c.all[i]
	}
	return c
})

func (e entry) policy() Policy {
	path := cmp.Or(e.Path, "/")
	p := Policy{
		ARN: prefix + path + e.Name, Name: e.Name, Path: path, ID: e.ID, Description: e.Description,
		Version: e.Version, Created: e.Created, Updated: e.Updated, Document: string(e.Document),
	}
	if p.ID == "" {
		p.ID = derivedID(p.ARN)
	}
	return p
}

// derivedID is an id in the form of AWS's: "ANPA" and 17 letters and digits.
func derivedID(arn string) string {
	sum := sha256.Sum256([]byte(arn))
	return "ANPA" + base32.StdEncoding.EncodeToString(sum[:])[:17]
}

// Lookup returns the policy with an ARN. ARNs are case-sensitive.
func Lookup(arn string) (Policy, bool) {
	p, ok := load().byARN[arn]
	if !ok {
		return Policy{}, false
	}
	return *p, true
}

// All returns the policies, ordered by ARN. The slice is the caller's.
func All() []Policy { return slices.Clone(load().all) }

// Is reports whether an ARN is in the name space of AWS's policies, also when
// there is no such policy.
func Is(arn string) bool { return strings.HasPrefix(arn, prefix+"/") }
