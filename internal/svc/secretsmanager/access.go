package secretsmanager

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/policy"
	"nephele.dev/nephele/internal/store"
)

// The actions that are not their operation's name alone.
const (
	actionGet  = "secretsmanager:GetSecretValue"
	actionList = "secretsmanager:ListSecrets"
	actionPut  = "secretsmanager:PutResourcePolicy"
	actionTag  = "secretsmanager:TagResource"
)

// Needs tells what a call has to be allowed (Service Authorization Reference,
// "AWS Secrets Manager").
func (s *Service) Needs(call *plane.Call, in any) []policy.Need {
	need := policy.Need{Action: plane.Action(call.Operation)}
	switch in := in.(type) {
	case *api.BatchGetSecretValueInput:
		if len(in.Filters) > 0 {
			return []policy.Need{need, {Action: actionList}}
		}
		return []policy.Need{need} // each secret is asked for by itself
	case *api.GetRandomPasswordInput, *api.ListSecretsInput:
		return []policy.Need{need}
	case *api.CreateSecretInput:
		return createNeeds(call, need, in)
	case *api.GetSecretValueInput:
		return []policy.Need{s.readNeed(call, in.SecretId, deref(in.VersionId), deref(in.VersionStage))}
	case *api.ValidateResourcePolicyInput:
		if in.SecretId == nil {
			return []policy.Need{need}
		}
		need = s.needOn(call, need, *in.SecretId)
		put := need
		put.Action = actionPut
		return []policy.Need{need, put}
	}
	id, keys := concerned(in)
	need.Keys = keys
	return []policy.Need{s.needOn(call, need, id)}
}

// createNeeds are those of a secret that has no ARN yet: its name stands for
// it.
func createNeeds(call *plane.Call, need policy.Need, in *api.CreateSecretInput) []policy.Need {
	need.Resources = []string{nameARN(store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: in.Name})}
	need.Keys = policy.Keys{"secretsmanager:name": {in.Name}}
	setKey(need.Keys, "secretsmanager:description", in.Description)
	setKey(need.Keys, "secretsmanager:kmskeyid", in.KmsKeyId)
	if in.KmsKeyId != nil && arn.Is(*in.KmsKeyId) {
		setKey(need.Keys, "secretsmanager:kmskeyarn", in.KmsKeyId)
	}
	if len(in.Tags) == 0 {
		return []policy.Need{need}
	}
	tag := need
	tag.Action = actionTag
	return []policy.Need{need, tag}
}

// readNeed is what reading a version needs.
func (s *Service) readNeed(call *plane.Call, id, versionID, label string) policy.Need {
	need := policy.Need{Action: actionGet, Keys: policy.Keys{}}
	if versionID != "" {
		need.Keys["secretsmanager:versionid"] = []string{versionID}
	} else if label == "" {
		label = labelCurrent
	}
	if label != "" {
		need.Keys["secretsmanager:versionstage"] = []string{label}
	}
	return s.needOn(call, need, id)
}

// concerned returns the secret in an input, and the condition keys of it.
func concerned(in any) (id string, keys policy.Keys) {
	keys = policy.Keys{}
	switch in := in.(type) {
	case *api.CancelRotateSecretInput:
		id = in.SecretId
	case *api.DeleteResourcePolicyInput:
		id = in.SecretId
	case *api.DeleteSecretInput:
		id = in.SecretId
		setBool(keys, "secretsmanager:forcedeletewithoutrecovery", in.ForceDeleteWithoutRecovery)
		if in.RecoveryWindowInDays != nil {
			keys["secretsmanager:recoverywindowindays"] = []string{strconv.FormatInt(*in.RecoveryWindowInDays, 10)}
		}
	case *api.DescribeSecretInput:
		id = in.SecretId
	case *api.GetResourcePolicyInput:
		id = in.SecretId
	case *api.ListSecretVersionIdsInput:
		id = in.SecretId
	case *api.PutResourcePolicyInput:
		id = in.SecretId
		setBool(keys, "secretsmanager:blockpublicpolicy", in.BlockPublicPolicy)
	case *api.PutSecretValueInput:
		id = in.SecretId
	case *api.RestoreSecretInput:
		id = in.SecretId
	case *api.TagResourceInput:
		id = in.SecretId
	case *api.UntagResourceInput:
		id = in.SecretId
	case *api.UpdateSecretInput:
		id = in.SecretId
		setKey(keys, "secretsmanager:description", in.Description)
		setKey(keys, "secretsmanager:kmskeyid", in.KmsKeyId)
	case *api.UpdateSecretVersionStageInput:
		id, keys["secretsmanager:versionstage"] = in.SecretId, []string{in.VersionStage}
	}
	return id, keys
}

func setKey(keys policy.Keys, name string, v *string) {
	if v != nil {
		keys[name] = []string{*v}
	}
}

func setBool(keys policy.Keys, name string, v *bool) {
	if v != nil {
		keys[name] = []string{strconv.FormatBool(*v)}
	}
}

// patience is how long the database may take to tell an ARN.
const patience = 10 * time.Second

// needOn puts the secret that id names into a need: by its whole ARN or, when
// there is no such secret, by what is known of it.
func (s *Service) needOn(call *plane.Call, need policy.Need, id string) policy.Need {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name := id
	if !arn.Is(id) {
		name = nameARN(store.Key{Account: call.Caller.Account, Region: call.Caller.Region, ID: id})
	}
	// An error leaves the name as it is: the handler meets it again.
	if k, err := s.meant(ctx, &call.Caller, id); err == nil && k.arn != "" {
		name = k.arn
	}
	if need.Keys == nil {
		need.Keys = policy.Keys{}
	}
	need.Keys["secretsmanager:secretid"] = []string{name}
	need.Resources = []string{name}
	return need
}

// known is what is remembered of a secret, for authorization; nothing of one
// that does not exist.
type known struct {
	arn string
	policy.Resource
}

func (s *Service) look(ctx context.Context, k store.Key) (known, error) {
	return s.known.Get(ctx, k, func(tx *store.Tx) (known, error) {
		r, err := s.secrets.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) {
			return known{}, nil
		}
		if err != nil {
			return known{}, err
		}
		return s.learn(tx, &r)
	})
}

func (s *Service) learn(tx *store.Tx, r *record) (known, error) {
	k := known{arn: secretARN(r), Resource: policy.Resource{Account: r.Account, Keys: primary(r.Region)}}
	if r.Doc.Policy != "" {
		doc, err := policy.Parse(r.Doc.Policy, policy.ResourceUse)
		if err != nil {
			return k, err
		}
		doc.Name = k.arn
		k.Policies = []*policy.Document{doc}
	}
	tags, err := s.secrets.Tags(tx, r.Key)
	for name, v := range tags {
		k.Keys.AddTag("aws:resourcetag/", name, v)
		k.Keys.AddTag("secretsmanager:resourcetag/", name, v)
	}
	return k, err
}

// meant is what is known of the secret that a request calls id, as find finds
// it.
func (s *Service) meant(ctx context.Context, c *plane.Caller, id string) (known, error) {
	own := store.Key{Account: c.Account, Region: c.Region, ID: id}
	if !arn.Is(id) {
		if !namePattern.MatchString(id) {
			return known{}, nil
		}
		return s.look(ctx, own)
	}
	a, name, err := splitARN(id)
	if err != nil || a.Region != c.Region {
		return known{}, err
	}
	k, err := s.lookExactly(ctx, a, name)
	if err != nil || k.arn != "" || a.Account != c.Account {
		return k, err
	}
	own.ID = name
	return s.look(ctx, own)
}

// lookExactly is what is known of the secret with the whole ARN.
func (s *Service) lookExactly(ctx context.Context, a arn.ARN, name string) (known, error) {
	short, suffix, ok := cutSuffix(name)
	if !ok {
		return known{}, nil
	}
	k, err := s.look(ctx, store.Key{Account: a.Account, Region: a.Region, ID: short})
	if err != nil || !strings.HasSuffix(k.arn, "-"+suffix) {
		return known{}, err
	}
	return k, nil
}

func primary(region string) policy.Keys {
	return policy.Keys{"secretsmanager:secretprimaryregion": {region}}
}

// Facts tells what is known of a secret: its owner, its resource policy and its
// tags.
func (s *Service) Facts(ctx context.Context, _ *plane.Call, name string) (policy.Resource, error) {
	a, short, err := splitARN(name)
	if err != nil {
		return policy.Resource{}, nil //nolint:nilerr // not one of ours
	}
	k, err := s.lookExactly(ctx, a, short)
	if k.arn == "" {
		return policy.Resource{Account: a.Account, Keys: primary(a.Region)}, err
	}
	return k.Resource, err
}
