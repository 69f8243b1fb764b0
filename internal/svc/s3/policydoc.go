package s3

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"nephele.dev/nephele/internal/awserr"
)

// maxPolicy bounds a bucket policy, in bytes.
const maxPolicy = 20 << 10

// policyDocument is a bucket policy as far as its structure is known (IAM User
// Guide, "IAM JSON policy elements reference").
type policyDocument struct {
	Version    string
	ID         string `json:"Id"`
	Statements []*statement
}

// statement is one statement of a policy. Lists may be written as single
// values.
type statement struct {
	Sid          string
	Effect       string
	Principal    *principals
	NotPrincipal *principals
	Action       texts
	NotAction    texts
	Resource     texts
	NotResource  texts
	Condition    map[string]map[string]texts
}

// texts is a string, number or truth value, or a list of them.
type texts []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte("[")) {
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		*t = texts{}
		for _, raw := range list {
			one, err := scalar(raw)
			if err != nil {
				return err
			}
			*t = append(*t, one)
		}
		return nil
	}
	one, err := scalar(b)
	*t = texts{one}
	return err
}

func scalar(b []byte) (string, error) {
	var s string
	if len(b) > 0 && b[0] == '"' {
		err := json.Unmarshal(b, &s)
		return s, err
	}
	if len(b) == 0 || b[0] == '{' || b[0] == '[' || string(b) == "null" {
		return "", errors.New("not a scalar")
	}
	return string(b), nil
}

// principals is "*" or lists of principals by their type.
type principals struct {
	Any    bool
	ByType map[string]texts
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *principals) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		if p.Any = s == wildcard; !p.Any {
			return errors.New("a principal that is neither an object nor a star")
		}
		return nil
	}
	return json.Unmarshal(b, &p.ByType)
}

func errMalformedPolicy(text string) *awserr.Error { return badRequest("MalformedPolicy", "%s", text) }

// parsePolicy reads a policy and refuses what is none, in the words of S3.
func parsePolicy(text string) (*policyDocument, *awserr.Error) {
	if len(text) > maxPolicy {
		return nil, errMalformedPolicy("Policy exceeds the maximum allowed document size.")
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || !utf8.ValidString(text) || !json.Valid([]byte(text)) {
		return nil, errMalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
	}
	var raw struct {
		Version   *string
		ID        *string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strictJSON([]byte(text), &raw); err != nil {
		return nil, policySyntax(err)
	}
	doc := &policyDocument{Version: value(raw.Version, "2008-10-17"), ID: value(raw.ID, "")}
	if doc.Version != "2012-10-17" && doc.Version != "2008-10-17" {
		return nil, errMalformedPolicy("The policy must contain a valid version string")
	}
	if raw.Statement == nil {
		return nil, errMalformedPolicy("Missing required field Statement")
	}
	if !bytes.HasPrefix(raw.Statement, []byte("[")) {
		raw.Statement = slices.Concat([]byte("["), raw.Statement, []byte("]"))
	}
	if err := strictJSON(raw.Statement, &doc.Statements); err != nil {
		return nil, policySyntax(err)
	}
	if len(doc.Statements) == 0 {
		return nil, errMalformedPolicy("Could not parse the policy: Statement is empty!")
	}
	return doc, nil
}

// strictJSON refuses fields that v does not have.
func strictJSON(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the document")
	}
	return nil
}

func policySyntax(err error) *awserr.Error {
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return errMalformedPolicy("Unknown field " + strings.Trim(field, `"`))
	}
	return errMalformedPolicy("Invalid policy syntax.").Because(err)
}

// check refuses a policy that says nothing of the bucket that it is for.
func (d *policyDocument) check(bucket string) *awserr.Error {
	seen := map[string]bool{}
	for _, s := range d.Statements {
		if s == nil {
			return errMalformedPolicy("Invalid policy syntax.")
		}
		if s.Sid != "" && seen[s.Sid] {
			return errMalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
		}
		seen[s.Sid] = true
		if err := s.check(bucket); err != nil {
			return err
		}
	}
	return nil
}

func (s *statement) check(bucket string) *awserr.Error {
	switch {
	case s.Effect == "":
		return errMalformedPolicy("Missing required field Effect")
	case s.Effect != "Allow" && s.Effect != "Deny":
		return errMalformedPolicy("Invalid effect: " + s.Effect)
	case s.Principal == nil && s.NotPrincipal == nil:
		return errMalformedPolicy("Missing required field Principal")
	case s.Principal != nil && s.NotPrincipal != nil,
		s.Action != nil && s.NotAction != nil, s.Resource != nil && s.NotResource != nil:
		return errMalformedPolicy("Invalid policy syntax.")
	case len(s.Action)+len(s.NotAction) == 0:
		return errMalformedPolicy("Missing required field Action")
	case len(s.Resource)+len(s.NotResource) == 0:
		return errMalformedPolicy("Missing required field Resource")
	case !validSid(s.Sid):
		return errMalformedPolicy("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	}
	for _, p := range []*principals{s.Principal, s.NotPrincipal} {
		if err := p.check(); err != nil {
			return err
		}
	}
	for _, a := range slices.Concat(s.Action, s.NotAction) {
		if a != wildcard && !validAction(a) {
			return errMalformedPolicy("Policy has invalid action")
		}
	}
	for _, r := range slices.Concat(s.Resource, s.NotResource) {
		if !insideBucket(r, bucket) {
			return errMalformedPolicy("Policy has invalid resource")
		}
	}
	if err := s.checkKinds(bucket); err != nil {
		return err
	}
	return s.checkConditions()
}

// wordy are the characters of the names of actions.
const wordy = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func validSid(s string) bool { return strings.Trim(s, wordy+" -_") == "" }

func validAction(a string) bool {
	prefix, name, ok := strings.Cut(a, ":")
	return ok && strings.EqualFold(prefix, "s3") && name != "" && strings.Trim(name, wordy+"*?") == ""
}

// insideBucket reports whether a resource is the bucket, or lies in it. What
// stands before the first slash may be a pattern.
func insideBucket(resource, bucket string) bool {
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "s3" || parts[3] != "" || parts[4] != "" {
		return false
	}
	name, _, _ := strings.Cut(parts[5], "/")
	return glob(name, bucket)
}

// checkKinds refuses a statement whose every action is one on objects while
// its resources are the bucket alone, and the other way round.
func (s *statement) checkKinds(bucket string) *awserr.Error {
	if len(s.Action) == 0 || len(s.Resource) == 0 {
		return nil
	}
	objects, buckets := false, false
	for _, r := range s.Resource {
		_, rest, _ := strings.Cut(r, ":::")
		name, _, isObject := strings.Cut(rest, "/")
		objects = objects || isObject || strings.HasSuffix(name, wildcard) // "bucket*" matches "bucket/key"
		buckets = buckets || !isObject && glob(name, bucket)
	}
	for _, a := range s.Action {
		object, ofBucket := actionKinds(a)
		if object && !objects && !ofBucket || ofBucket && !buckets && !object {
			return errMalformedPolicy("Action does not apply to any resource(s) in statement")
		}
	}
	return nil
}

// objectActions are the actions whose resource is an object; all others, if
// they name no pattern, have the bucket (Service Authorization Reference).
var objectActions = regexp.MustCompile(`(?i)^s3:(Get|Put|Delete|Restore|Abort|Bypass|Replicate|Object|Initiate|Update)?` +
	`(Object|Objects|ObjectVersion|ObjectAcl|ObjectVersionAcl|ObjectTagging|ObjectVersionTagging|ObjectRetention|ObjectLegalHold|` +
	`ObjectAttributes|ObjectVersionAttributes|ObjectTorrent|ObjectVersionTorrent|ObjectVersionForReplication|MultipartUpload|GovernanceRetention|` +
	`Delete|Tags|ObjectOwnerOverrideToBucketOwner|Replication|ObjectEncryption)$|^s3:ListMultipartUploadParts$`)

func actionKinds(a string) (object, bucket bool) {
	if strings.ContainsAny(a, "*?") {
		return true, true
	}
	object = objectActions.MatchString(a)
	return object, !object
}

var (
	accountID    = regexp.MustCompile(`^[0-9]{12}$`)
	principalARN = regexp.MustCompile(`^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(root|(user|role|assumed-role|federated-user|group)/.+)$`)
	oaiARN       = regexp.MustCompile(`^arn:aws[a-z-]*:iam::cloudfront:user/CloudFront Origin Access Identity [A-Z0-9]+$`)
	uniqueID     = regexp.MustCompile(`^A[A-Z0-9]{15,127}$`)
	canonicalRE  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	serviceRE    = regexp.MustCompile(`^[a-z0-9.-]+\.(amazonaws\.com|amazon\.com|amazonaws\.com\.cn|aws\.internal)$`)
)

func (p *principals) check() *awserr.Error {
	if p == nil || p.Any {
		return nil
	}
	bad := errMalformedPolicy("Invalid principal in policy")
	if len(p.ByType) == 0 {
		return bad
	}
	for kind, names := range p.ByType {
		for _, n := range names {
			ok := false
			switch kind {
			case "AWS":
				ok = n == wildcard || accountID.MatchString(n) || principalARN.MatchString(n) || oaiARN.MatchString(n) || uniqueID.MatchString(n)
			case "Service":
				ok = serviceRE.MatchString(n)
			case "Federated":
				ok = n != ""
			case "CanonicalUser":
				ok = canonicalRE.MatchString(n)
			}
			if !ok {
				return bad.With("Detail", n)
			}
		}
	}
	return nil
}

// operators are the condition operators without the suffix IfExists and the
// prefixes ForAnyValue and ForAllValues.
var operators = []string{
	"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
	"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "Null",
}

func (s *statement) checkConditions() *awserr.Error {
	for op, keys := range s.Condition {
		name := strings.TrimPrefix(strings.TrimPrefix(op, "ForAnyValue:"), "ForAllValues:")
		name = strings.TrimSuffix(name, "IfExists")
		if !slices.ContainsFunc(operators, func(o string) bool { return strings.EqualFold(o, name) }) {
			return errMalformedPolicy("Invalid Condition type : " + op)
		}
		for key, values := range keys {
			if prefix, rest, ok := strings.Cut(key, ":"); !ok || prefix == "" || rest == "" {
				return errMalformedPolicy("Policy has an invalid condition key")
			}
			if len(values) == 0 {
				return errMalformedPolicy("Invalid policy syntax.")
			}
		}
	}
	return nil
}

// glob matches text with a pattern of "*" and "?". It takes time proportional
// to the product of their lengths at worst.
func glob(pattern, text string) bool {
	p, t := 0, 0
	back, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			back, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case back >= 0:
			mark++
			p, t = back+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
