package kms

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/arn"
	"nephele.dev/nephele/internal/seal"
	"nephele.dev/nephele/internal/store"
)

// managed are the services that have an AWS managed key, by the last part of
// its alias, with the name that its description and its policy give them.
var managed = map[string]string{
	"lambda":         "AWS Lambda",
	"s3":             "Amazon S3",
	"secretsmanager": "AWS Secrets Manager",
	"sns":            "Amazon SNS",
	"sqs":            "Amazon SQS",
	"ssm":            "AWS Systems Manager",
}

// managedKey returns the AWS managed key that an alias names, whether it is
// made yet or not. Its id follows from account, region and service, so that a
// call can be authorized on the key before the call makes it.
func managedKey(r reference) (store.Key, bool) {
	service, ok := strings.CutPrefix(r.alias, reservedPrefix)
	if _, known := managed[service]; !ok || !known {
		return store.Key{}, false
	}
	return store.Key{Account: r.Account, Region: r.Region, ID: managedID(r.Account, r.Region, service)}, true
}

func managedID(account, region, service string) string {
	return uuid.NewHash(sha256.New(), uuid.Nil, []byte("aws managed key/"+account+"/"+region+"/"+service), 8).String()
}

// managedService returns the service whose AWS managed key has this id.
func managedService(k store.Key) (string, bool) {
	for service := range managed {
		if managedID(k.Account, k.Region, service) == k.ID {
			return service, true
		}
	}
	return "", false
}

// managedDoc is a new AWS managed key, without material.
func managedDoc(k store.Key, service string) *key {
	return &key{
		Spec: api.KeySpecSymmetricDefault, Usage: api.KeyUsageTypeEncryptDecrypt, Origin: api.OriginTypeAwsKms,
		Manager: api.KeyManagerTypeAws, State: api.KeyStateEnabled, Policy: managedPolicy(k, service),
		Description: "Default key that protects my " + managed[service] + " data when no other key is defined",
	}
}

// managedPolicy lets everybody in the account use the key through the service,
// and look at it directly.
func managedPolicy(k store.Key, service string) string {
	condition := map[string]any{"StringEquals": map[string]string{
		"kms:CallerAccount": k.Account, "kms:ViaService": service + "." + k.Region + ".amazonaws.com",
	}}
	text, _ := json.Marshal(policyText{Version: policyVersion, ID: "auto-" + service + "-1", Statement: []statementText{{
		Sid:    "Allow access through " + managed[service] + " for all principals in the account that are authorized to use " + managed[service],
		Effect: "Allow", Principal: map[string]string{"AWS": "*"}, Resource: "*", Condition: condition,
		Action: []string{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"},
	}, {
		Sid:    "Allow direct access to key metadata to the account",
		Effect: "Allow", Principal: map[string]string{"AWS": rootARN(k)}, Resource: "*",
		Action: []string{"kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"},
	}}})
	return string(text)
}

// rootARN is the root user of a key's account, who in a policy stands for the
// account.
func rootARN(k store.Key) string {
	return "arn:" + arn.Partition(k.Region) + ":iam::" + k.Account + ":root"
}

// createManaged makes an AWS managed key and its alias, unless they are there.
// AWS rotates such keys every year.
func (s *Service) createManaged(ctx context.Context, k store.Key, alias string) error {
	doc := managedDoc(k, strings.TrimPrefix(alias, reservedPrefix))
	if err := s.fill(k, doc); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		doc.Rotation = rotation{Enabled: true, Days: standardPeriod, Since: tx.Now(), Next: tx.Now().Add(days(standardPeriod))}
		r, err := s.keys.Create(tx, k, *doc)
		if errors.Is(err, store.ErrExists) {
			return nil
		}
		if err != nil {
			return err
		}
		s.changed(tx, k)
		if err := addAlias(tx, k, alias, tx.Now()); err != nil {
			return err
		}
		return s.putRotation(tx, &r)
	})
}

// renewed is an AWS managed key that can encrypt. One whose material is lost
// with its master key gets new material, since nobody but KMS can rotate it and
// all services would stand still; the old stays, in case its master key is found.
func (s *Service) renewed(ctx context.Context, e *entry) (*entry, error) {
	if _, err := s.current(e); !errors.Is(err, seal.ErrLost) {
		return e, err
	}
	fresh, _, err := s.newMaterial(e.Key, e.Doc.Spec, time.Now().UTC())
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.get(tx, e.Key)
		if err != nil || r.Doc.Current != e.Doc.Current {
			return err // another call was faster
		}
		replace(&r.Doc, fresh, api.RotationTypeAutomatic, tx.Now())
		return s.put(tx, &r)
	})
	if err != nil {
		return nil, err
	}
	return s.entry(ctx, e.Key)
}

// days is so many days; KMS counts 24 hours each.
func days(n int32) time.Duration { return time.Duration(n) * 24 * time.Hour }
