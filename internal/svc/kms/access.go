package kms

import (
	"context"
	"maps"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// Needs tells what a call has to be allowed: kms actions on keys, whichever of
// their names the request uses.
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	a := asker{s: s, call: call}
	switch in := in.(type) {
	case *api.CreateAliasInput:
		return a.alias(in.AliasName, in.TargetKeyId)
	case *api.UpdateAliasInput:
		return a.alias(in.AliasName, in.AliasName, in.TargetKeyId)
	case *api.DeleteAliasInput:
		return a.alias(in.AliasName, in.AliasName)
	case *api.CreateKeyInput:
		return a.create(in)
	case *api.ReEncryptInput:
		return a.reEncrypt(in)
	case *api.DecryptInput:
		keys := contextKeys(in.EncryptionContext)
		keys["kms:encryptionalgorithm"] = []string{string(algorithm(in.EncryptionAlgorithm))}
		name, named := a.ciphertextKey(in.KeyId, in.CiphertextBlob)
		return []policy.Need{a.need("kms:Decrypt", name, named, keys)}
	case *api.RetireGrantInput:
		k, id, err := s.retired(&call.Caller, in)
		if err != nil {
			return []policy.Need{a.need("kms:RetireGrant", "", "", nil)}
		}
		return []policy.Need{a.need("kms:RetireGrant", keyARN(k), "", policy.Keys{grantIDKey: {id}})}
	}
	text := keyOf(in)
	return []policy.Need{a.need(plane.Action(call.Operation), a.resolve(text), text, operationKeys(call, in))}
}

// asker puts needs together.
type asker struct {
	s    *Service
	call *plane.Call
}

// need is one action on one key; "" is none in particular. named is what the
// request calls the key.
func (a *asker) need(action, name, named string, keys policy.Keys) policy.Need {
	n := policy.Need{Action: action, Keys: callKeys(a.call)}
	maps.Copy(n.Keys, keys)
	if name != "" {
		n.Resources = []string{name}
	}
	if r, err := refer(&a.call.Caller, named); named != "" && err == nil && r.alias != "" {
		n.Keys["kms:requestalias"] = []string{r.alias}
	}
	return n
}

// resolve returns the ARN of the key that a KeyId names. What names none is
// returned as well as it can be told, for the handler to refuse.
func (a *asker) resolve(text string) string {
	if text == "" {
		return ""
	}
	r, err := refer(&a.call.Caller, text)
	switch {
	case err != nil:
		return text
	case r.alias == "":
		return keyARN(r.Key)
	}
	if k, err := a.s.target(context.Background(), r); err == nil {
		return keyARN(k)
	}
	if k, ok := managedKey(r); ok {
		return keyARN(k)
	}
	return aliasARN(r.Account, r.Region, r.alias)
}

// alias is needed on an alias and on each of the keys that it has to do with.
func (a *asker) alias(name string, keys ...string) []policy.Need {
	action := plane.Action(a.call.Operation)
	needs := []policy.Need{a.need(action, aliasARN(a.call.Caller.Account, a.call.Caller.Region, name), "", nil)}
	for _, text := range keys {
		needs = append(needs, a.need(action, a.resolve(text), text, nil))
	}
	return needs
}

// create is CreateKey, and TagResource when the key is born with tags.
func (a *asker) create(in *api.CreateKeyInput) []policy.Need {
	keys := policy.Keys{"kms:keyorigin": {string(api.OriginTypeAwsKms)}, "kms:multiregion": {"false"}}
	if doc, _, err := newKey(in); err == nil {
		keys["kms:keyspec"], keys["kms:keyusage"], keys["kms:keyorigin"] = []string{string(doc.Spec)}, []string{string(doc.Usage)}, []string{string(doc.Origin)}
	}
	keys["kms:bypasspolicylockoutsafetycheck"] = []string{truth(in.BypassPolicyLockoutSafetyCheck)}
	needs := []policy.Need{a.need("kms:CreateKey", "", "", keys)}
	if len(in.Tags) > 0 {
		needs = append(needs, a.need("kms:TagResource", "", "", keys))
	}
	return needs
}

// reEncrypt is one action on each of two keys.
func (a *asker) reEncrypt(in *api.ReEncryptInput) []policy.Need {
	from, named := a.ciphertextKey(in.SourceKeyId, in.CiphertextBlob)
	to := a.resolve(in.DestinationKeyId)
	same := in.DestinationKeyId != "" && from == to
	source, target := contextKeys(in.SourceEncryptionContext), contextKeys(in.DestinationEncryptionContext)
	source["kms:reencryptonsamekey"], target["kms:reencryptonsamekey"] = []string{truth(&same)}, []string{truth(&same)}
	source["kms:encryptionalgorithm"] = []string{string(algorithm(in.SourceEncryptionAlgorithm))}
	target["kms:encryptionalgorithm"] = []string{string(algorithm(in.DestinationEncryptionAlgorithm))}
	return []policy.Need{a.need("kms:ReEncryptFrom", from, named, source), a.need("kms:ReEncryptTo", to, in.DestinationKeyId, target)}
}

// ciphertextKey is the key that a ciphertext is to be opened with: the one that
// the request names, else the one that the ciphertext names.
func (a *asker) ciphertextKey(named *string, ciphertext []byte) (name, text string) {
	if named != nil {
		return a.resolve(*named), *named
	}
	b, err := parseBlob(ciphertext)
	if err != nil {
		return "", ""
	}
	return b.arn, ""
}

// Facts tells who owns a key, what its policy and its grants say, and its tags.
func (s *Service) Facts(ctx context.Context, call *plane.Call, name string) (policy.Resource, error) {
	r, err := refer(&plane.Caller{Account: call.Caller.Account, Region: regionOf(name)}, name)
	if err != nil || r.alias != "" {
		return policy.Resource{}, nil //nolint:nilerr // nothing is known of what is no key
	}
	if c, ok := ctx.Value(candidateKey{}).(*candidate); ok && c.key == r.Key {
		return c.resource(), nil
	}
	e, err := s.entry(ctx, r.Key)
	if absent(err) {
		service, ok := managedService(r.Key)
		if !ok {
			return policy.Resource{}, nil
		}
		e, err = newEntry(record{Key: r.Key, Doc: *managedDoc(r.Key, service)}), nil
	}
	if err != nil {
		return policy.Resource{}, err
	}
	return s.facts(ctx, call, e)
}

func (s *Service) facts(ctx context.Context, call *plane.Call, e *entry) (policy.Resource, error) {
	res := policy.Resource{ARN: e.arn, Account: e.Account, Required: true, Keys: keyKeys(&e.Doc, e.aliases, e.tags)}
	doc, err := e.policy()
	if err != nil {
		return res, err
	}
	res.Policies = []*policy.Document{doc}
	if !e.granted {
		return res, nil
	}
	var found []grantRow
	err = s.db.View(ctx, func(tx *store.Tx) (err error) {
		found, err = grantsTo(tx, e.Key, principals(&call.Caller))
		return err
	})
	if err != nil {
		return res, err
	}
	for i := range found {
		doc, err := found[i].document()
		if err != nil {
			return res, err
		}
		res.Policies = append(res.Policies, doc)
	}
	return res, nil
}

// principals are the names under which grants may know a caller.
func principals(c *plane.Caller) []string {
	list := []string{c.ARN, rootARN(store.Key{Account: c.Account, Region: c.Region})}
	if c.Session != nil && c.Session.Role != "" {
		list = append(list, c.Session.Role)
	}
	return list
}
