package s3

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Facts tells what is known of a bucket or an object, for authorization: the
// owner, the bucket's policy and, where they count, the access control lists,
// as far as the public access block leaves them; the tags of the object, or of
// the version that the request names. Strangers are told at once of a bucket
// that does not exist.
func (s *Service) Facts(ctx context.Context, call *plane.Call, arn string) (res policy.Resource, err error) {
	need := plane.NeedFromContext(ctx)
	if need == nil {
		need = &policy.Need{}
	}
	if call.Operation != nil && call.Operation.Name == "CreateBucket" {
		return res, nil // whose it is, if it is there, the handler says
	}
	name, key, _ := strings.Cut(strings.TrimPrefix(arn, "arn:aws:s3:::"), pathMarker)
	err = s.db.View(ctx, func(tx *store.Tx) error {
		b, err := scanBucket(tx.Row(`select `+bucketColumns+` from s3_bucket where name = ?`, name))
		switch {
		case errors.Is(err, store.ErrNotFound) && call.Caller.Kind == plane.Anonymous && validBucketName(name):
			return errNoSuchBucket(name)
		case errors.Is(err, store.ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		f := facts{s: s, b: b, caller: &call.Caller, need: need, res: &res}
		return f.gather(tx, key)
	})
	return res, err
}

// facts gathers what is known of a bucket and one object in it.
type facts struct {
	s      *Service
	b      bucket
	caller *plane.Caller
	need   *policy.Need
	res    *policy.Resource
	text   string // of the bucket's policy
	block  *publicAccessBlock
}

func (f *facts) gather(tx *store.Tx, key string) error {
	f.res.Account, f.res.Keys = f.b.Account, policy.Keys{"s3:resourceaccount": {f.b.Account}}
	shut, err := f.policy(tx)
	if err != nil {
		return err
	}
	lists := f.b.ownership() != ownerEnforced && !shut
	if lists {
		if err := f.bucketACL(tx); err != nil {
			return err
		}
	}
	switch {
	case key == "":
		return nil
	case f.need.Action == actionPut:
		return f.upload(tx, key)
	case f.need.Action == "" || existing[f.need.Action]:
		return f.object(tx, key, lists)
	}
	return nil
}

// policy reads the bucket's policy, and reports whether RestrictPublicBuckets
// shuts the caller out: while a policy is public, the bucket is there for
// services and the owner's account alone. What the policy denies holds anyway.
func (f *facts) policy(tx *store.Tx) (shut bool, err error) {
	text, ok, err := loadConfig[string](tx, f.b.Name, policyConfig)
	if err != nil || !ok {
		return false, err
	}
	f.text = text
	if f.foreign() {
		block, err := f.settings(tx)
		if err != nil {
			return false, err
		}
		if block.RestrictPublicBuckets {
			doc, bad := parsePolicy(text)
			shut = bad != nil || doc.public()
		}
	}
	if shut {
		f.denialsAlone()
		return true, nil
	}
	f.res.Policies = f.s.policies.Policies(bucketARN(f.b.Name), text, policy.ResourceUse)
	return false, nil
}

// foreign reports whether the caller is neither a service nor of the account
// that owns the bucket.
func (f *facts) foreign() bool {
	switch f.caller.Kind {
	case plane.Service:
		return false
	case plane.Anonymous, plane.WebIdentity:
		return true
	}
	return f.caller.Account != f.b.Account
}

// settings reads the public access block once.
func (f *facts) settings(tx *store.Tx) (publicAccessBlock, error) {
	if f.block == nil {
		block, err := publicAccess(tx, f.b.Name)
		if err != nil {
			return block, err
		}
		f.block = &block
	}
	return *f.block, nil
}

// denialsAlone leaves of the bucket's policy what it denies.
func (f *facts) denialsAlone() {
	f.res.Policies = f.s.policies.Policies("denials of "+bucketARN(f.b.Name), denials(f.text), policy.ResourceUse)
}

// denials is a policy without the statements that allow, "" when none remain.
func denials(text string) string {
	var doc struct {
		Version   string `json:",omitempty"`
		Statement json.RawMessage
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return "" // cannot be read, and allows nothing
	}
	var all []json.RawMessage
	if json.Unmarshal(doc.Statement, &all) != nil {
		all = []json.RawMessage{doc.Statement}
	}
	all = slices.DeleteFunc(all, func(raw json.RawMessage) bool {
		var s struct{ Effect string }
		return json.Unmarshal(raw, &s) != nil || s.Effect != "Deny"
	})
	if len(all) == 0 {
		return ""
	}
	var err error
	if doc.Statement, err = json.Marshal(all); err != nil {
		return ""
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return ""
	}
	return string(out)
}

// existing are the actions on an object that is there: those for which its
// tags are a condition key, and those that access control lists are about. For
// true the object's own list is asked, and its owner.
var existing = map[string]bool{
	actionGet: true, actionGetVersion: true, "s3:GetObjectAcl": true, "s3:GetObjectVersionAcl": true,
	"s3:PutObjectAcl": true, "s3:PutObjectVersionAcl": true,
	"s3:GetObjectAttributes": true, "s3:GetObjectVersionAttributes": true,
	"s3:GetObjectTagging": true, "s3:GetObjectVersionTagging": true, actionTag: true, "s3:PutObjectVersionTagging": true,
	"s3:DeleteObjectTagging": true, "s3:DeleteObjectVersionTagging": true,
}

// object adds what is known of the object, or of one version of it.
func (f *facts) object(tx *store.Tx, key string, lists bool) error {
	o, ok, err := f.find(tx, key)
	if err != nil || !ok {
		return err
	}
	for tag, v := range o.Details.Tags {
		f.res.Keys.AddTag("s3:existingobjecttag/", tag, v)
	}
	if f.b.ownership() == ownerEnforced {
		return nil
	}
	f.owner(o)
	if !lists {
		return nil
	}
	return f.grant(tx, o.Details.ACL, listedObject)
}

func (f *facts) find(tx *store.Tx, key string) (o object, ok bool, err error) {
	if id := f.need.Keys[versionKey]; len(id) == 1 {
		if bad := checkVersion(&id[0]); bad == nil {
			return findVersion(tx, f.b.Name, key, id[0])
		}
		return object{}, false, nil // the handler says what is wrong with it
	}
	h, err := look(tx, f.b, key)
	return h.current, h.exists, err
}

// owner heeds that an object may belong to the account that wrote it. The
// bucket's policy can then only deny, and the bucket's owner, like everybody
// else, needs a grant of the object's list (S3 User Guide, "How Amazon S3
// authorizes a request for an object operation"). Tags are the bucket owner's.
func (f *facts) owner(o object) {
	who := o.Details.ACL.Owner
	if who == "" || who == canonicalID(f.b.Account) || strings.HasSuffix(f.need.Action, "Tagging") {
		return
	}
	f.res.Account = who
	if f.caller.Kind != plane.Anonymous && canonicalID(f.caller.Account) == who {
		f.res.Account = f.caller.Account
	}
	f.denialsAlone()
}

// upload adds what the beginning of the multipart upload said that the request
// is part of.
func (f *facts) upload(tx *store.Tx, key string) error {
	id := f.need.Keys[uploadKey]
	if len(id) != 1 {
		return nil
	}
	u, err := getUpload(tx, f.b.Name, key, id[0])
	if awserr.Is(err, "NoSuchUpload") {
		return nil // the handler says it
	}
	if err != nil {
		return err
	}
	for name, values := range u.Details.Asked {
		if _, ok := f.need.Keys[name]; !ok {
			f.res.Keys[name] = values
		}
	}
	return nil
}

// listedBucket and listedObject are what the permissions of access control
// lists are worth (S3 User Guide, "Access control list (ACL) overview").
var (
	listedBucket = map[string][]string{
		"READ":      {actionList, actionListVersions, "s3:ListBucketMultipartUploads"},
		"WRITE":     {actionPut},
		"READ_ACP":  {"s3:GetBucketAcl"},
		"WRITE_ACP": {"s3:PutBucketAcl"},
	}
	listedObject = map[string][]string{
		"READ":      {actionGet, actionGetVersion, "s3:GetObjectTorrent"},
		"READ_ACP":  {"s3:GetObjectAcl", "s3:GetObjectVersionAcl"},
		"WRITE_ACP": {"s3:PutObjectAcl", "s3:PutObjectVersionAcl"},
	}
)

func (f *facts) bucketACL(tx *store.Tx) error {
	list, err := bucketACL(tx, f.b)
	if err != nil {
		return err
	}
	return f.grant(tx, list, listedBucket)
}

// grant adds, as a policy, what a list gives the caller.
func (f *facts) grant(tx *store.Tx, list acl, worth map[string][]string) error {
	if len(list.Grants) == 0 {
		return nil
	}
	block, err := f.settings(tx)
	if err != nil {
		return err
	}
	var actions []string
	for _, g := range list.Grants {
		if !f.grants(g, block) {
			continue
		}
		for permission, of := range worth {
			if g.Permission == permission || g.Permission == fullAccess {
				actions = append(actions, of...)
			}
		}
	}
	if len(actions) == 0 {
		return nil
	}
	text, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": map[string]any{
			"Effect": "Allow", "Principal": wildcard, "Action": sortedUnique(actions),
			"Resource": []string{bucketARN(f.b.Name), bucketARN(f.b.Name) + "/*"},
		},
	})
	if err != nil {
		return err
	}
	f.res.Policies = append(f.res.Policies, f.s.policies.Policies("access control list", string(text), policy.ResourceUse)...)
	return nil
}

// grants reports whether a grant is to the caller. Grants to the account that
// owns the resource are not needed: its policies decide.
func (f *facts) grants(g grant, block publicAccessBlock) bool {
	switch g.Grantee {
	case groupAll:
		return !block.IgnorePublicAcls
	case groupAuth:
		return !block.IgnorePublicAcls && f.caller.Kind != plane.Anonymous
	}
	return g.Type == granteeUser && f.caller.Kind != plane.Anonymous && f.caller.Account != f.res.Account &&
		g.Grantee == canonicalID(f.caller.Account)
}

func sortedUnique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
