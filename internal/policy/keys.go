package policy

import (
	"maps"
	"strconv"
	"strings"
	"time"
)

// key is a condition key of the principal, which Decide knows without having
// been told.
type key uint8

const (
	other key = iota
	principalArn
	principalAccount
	principalType
	userID
	userName
	principalTag
	tokenIssueTime
	mfaPresent
	mfaAge
	sourceIdentity
	federatedProvider
	isService
	serviceName
	resourceAccount
)

const tagPrefix = "aws:principaltag/"

var keyNames = map[string]key{
	"aws:principalarn":              principalArn,
	"aws:principalaccount":          principalAccount,
	"aws:principaltype":             principalType,
	"aws:userid":                    userID,
	"aws:username":                  userName,
	"aws:tokenissuetime":            tokenIssueTime,
	"aws:multifactorauthpresent":    mfaPresent,
	"aws:multifactorauthage":        mfaAge,
	"aws:sourceidentity":            sourceIdentity,
	"aws:federatedprovider":         federatedProvider,
	"aws:principalisawsservice":     isService,
	"aws:principalservicename":      serviceName,
	"aws:principalservicenameslist": serviceName,
	"aws:resourceaccount":           resourceAccount,
}

// keyOf classifies a condition key in lower case.
func keyOf(name string) key {
	if strings.HasPrefix(name, tagPrefix) {
		return principalTag
	}
	return keyNames[name]
}

// PrincipalKeys are the condition keys that a request has of its principal
// (IAM User Guide, "AWS global condition context keys"). Decide knows them by
// itself; this is for showing them.
func PrincipalKeys(p *Principal) Keys {
	k := Keys{}
	for name, id := range keyNames {
		if v, ok := p.value(id, name); ok {
			k[name] = []string{v}
		}
	}
	for name, v := range p.Tags {
		k[tagPrefix+strings.ToLower(name)] = []string{v}
	}
	if p.Session != nil {
		maps.Copy(k, p.Session.Keys)
	}
	return k
}

// value is the value of one of the principal's keys, and whether it has one.
func (p *Principal) value(id key, name string) (string, bool) {
	v := ""
	switch id {
	case principalTag:
		return p.tag(name[len(tagPrefix):])
	case principalArn:
		v = p.principalARN()
	case principalAccount:
		if p.Kind != Service && p.Kind != WebIdentity {
			v = p.Account
		}
	case principalType:
		v = p.typeName()
	case userID:
		v = p.userID()
	case userName:
		if p.Kind == User {
			v = lastPart(p.ARN)
		}
	case isService:
		v = strconv.FormatBool(p.Kind == Service)
	case serviceName:
		if p.Kind == Service {
			v = p.ARN
		}
	default:
		v = p.Session.value(id)
	}
	return v, v != ""
}

// value is the value of a key that only temporary credentials have.
func (s *Session) value(id key) string {
	if s == nil {
		return ""
	}
	switch id {
	case tokenIssueTime:
		if !s.Issued.IsZero() {
			return s.Issued.UTC().Format(time.RFC3339)
		}
	case mfaPresent:
		return strconv.FormatBool(s.MFA)
	case mfaAge:
		if s.MFA {
			return strconv.FormatInt(int64(time.Since(s.Issued)/time.Second), 10)
		}
	case sourceIdentity:
		return s.SourceIdentity
	case federatedProvider:
		return s.Provider
	}
	return ""
}

// principalARN is aws:PrincipalArn: of a role session it is the role's.
func (p *Principal) principalARN() string {
	switch p.Kind {
	case AssumedRole:
		if p.Session != nil {
			return p.Session.Role
		}
		return ""
	case Root, User, FederatedUser:
		return p.ARN
	}
	return ""
}

// typeName is aws:PrincipalType.
func (p *Principal) typeName() string {
	switch p.Kind {
	case Root:
		return "Account"
	case User, AssumedRole, FederatedUser, Anonymous:
		return string(p.Kind)
	}
	return ""
}

func (p *Principal) userID() string {
	switch p.Kind {
	case Root, User, AssumedRole, FederatedUser:
		return p.ID
	case Anonymous:
		return "anonymous"
	}
	return ""
}

// tag is the value of a principal's tag; IAM tells tag keys apart without
// regard to case.
func (p *Principal) tag(name string) (string, bool) {
	if v, ok := p.Tags[name]; ok {
		return v, true
	}
	for k, v := range p.Tags {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return "", false
}

// lastPart is what stands behind the last slash.
func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
