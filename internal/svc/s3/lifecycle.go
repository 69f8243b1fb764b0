package s3

import (
	"context"
	"slices"
	"time"

	api "nephele.dev/nephele/internal/api/s3"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/store"
)

// lifecycle is a bucket's lifecycle configuration as it is kept.
type lifecycle struct {
	Rules   []*api.LifecycleRule                   `json:"rules"`
	Minimum api.TransitionDefaultMinimumObjectSize `json:"minimum"`
}

const (
	minimum128K   api.TransitionDefaultMinimumObjectSize = "all_storage_classes_128K"
	minimumVaries api.TransitionDefaultMinimumObjectSize = "varies_by_storage_class"
)

func errNoLifecycle() *awserr.Error {
	return notFound("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
}

// PutBucketLifecycleConfiguration replaces the rules. They are first carried
// out at the next midnight UTC.
func (s *Service) PutBucketLifecycleConfiguration(ctx context.Context, in *api.PutBucketLifecycleConfigurationInput) (*api.PutBucketLifecycleConfigurationOutput, error) {
	if in.LifecycleConfiguration == nil {
		return nil, errMalformedXML()
	}
	c := lifecycle{Rules: in.LifecycleConfiguration.Rules, Minimum: value(in.TransitionDefaultMinimumObjectSize, minimum128K)}
	if c.Minimum != minimum128K && c.Minimum != minimumVaries {
		return nil, errInvalidArgument("x-amz-transition-default-minimum-object-size", string(c.Minimum), "Invalid minimum object size")
	}
	if err := checkLifecycle(c.Rules); err != nil {
		return nil, err
	}
	for _, r := range c.Rules {
		if value(r.ID, "") == "" {
			r.ID = new(randomName())
		}
	}
	out := &api.PutBucketLifecycleConfigurationOutput{TransitionDefaultMinimumObjectSize: &c.Minimum}
	return out, s.updateBucket(ctx, in.Bucket, in.ExpectedBucketOwner, func(tx *store.Tx, b bucket) error {
		if err := saveConfig(tx, b, lifecycleConfig, c); err != nil {
			return err
		}
		return s.engine.Put(tx, lifecycleKind, b.Name, midnightAfter(tx.Now()), nil)
	})
}

// GetBucketLifecycleConfiguration answers the rules, or
// NoSuchLifecycleConfiguration.
func (s *Service) GetBucketLifecycleConfiguration(ctx context.Context, in *api.GetBucketLifecycleConfigurationInput) (*api.GetBucketLifecycleConfigurationOutput, error) {
	c, err := readConfig[lifecycle](ctx, s, in.Bucket, in.ExpectedBucketOwner, lifecycleConfig, errNoLifecycle())
	return &api.GetBucketLifecycleConfigurationOutput{Rules: c.Rules, TransitionDefaultMinimumObjectSize: &c.Minimum}, err
}

// DeleteBucketLifecycle removes the rules.
func (s *Service) DeleteBucketLifecycle(ctx context.Context, in *api.DeleteBucketLifecycleInput) (*api.DeleteBucketLifecycleOutput, error) {
	return &api.DeleteBucketLifecycleOutput{}, s.deleteConfig(ctx, in.Bucket, in.ExpectedBucketOwner, lifecycleConfig)
}

// midnightAfter is the first midnight UTC after t: AWS rounds so.
func midnightAfter(t time.Time) time.Time { return t.UTC().Truncate(day).Add(day) }

const day = 24 * time.Hour

const (
	maxLifecycleRules = 1000
	maxNewer          = 100 // noncurrent versions that a rule may retain
)

// checkLifecycle refuses rules that S3 refuses.
func checkLifecycle(rules []*api.LifecycleRule) *awserr.Error {
	if len(rules) == 0 {
		return errMalformedXML()
	}
	if len(rules) > maxLifecycleRules {
		return errInvalidRequest("The number of lifecycle rules must not exceed the allowed limit of %d rules", maxLifecycleRules)
	}
	seen := map[string]bool{}
	for _, r := range rules {
		if r == nil || r.Status != "Enabled" && r.Status != "Disabled" {
			return errMalformedXML()
		}
		id := value(r.ID, "")
		if len(id) > maxRuleID {
			return errInvalidArgument("ID", id, "ID length should not exceed allowed limit of %d", maxRuleID)
		}
		if id != "" && seen[id] {
			return errInvalidArgument("ID", id, "Rule ID must be unique. Found same ID for more than one rule")
		}
		seen[id] = true
		for _, check := range []func(*api.LifecycleRule) *awserr.Error{checkRuleFilter, checkExpiration, checkNoncurrent, checkTransitions, checkScope} {
			if err := check(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRuleFilter wants a prefix or a filter, and of the filter one member.
func checkRuleFilter(r *api.LifecycleRule) *awserr.Error {
	f := r.Filter
	if (f == nil) == (r.Prefix == nil) {
		return errMalformedXML()
	}
	if f == nil {
		return nil
	}
	members := 0
	for _, has := range []bool{f.Prefix != nil, f.Tag != nil, f.ObjectSizeGreaterThan != nil, f.ObjectSizeLessThan != nil, f.And != nil} {
		if has {
			members++
		}
	}
	if members > 1 {
		return errMalformedXML()
	}
	if a := f.And; a != nil {
		if _, err := tagMap(a.Tags, maxBucketTags); err != nil {
			if err.Code == "InvalidTag" {
				return errInvalidRequest("Duplicate Tag Keys are not allowed.")
			}
			return err
		}
		if parts := len(a.Tags) + count(a.Prefix != nil, a.ObjectSizeGreaterThan != nil, a.ObjectSizeLessThan != nil); parts < 2 {
			return errMalformedXML()
		}
	}
	if f.Tag != nil {
		if _, err := tagMap([]*api.Tag{f.Tag}, 1); err != nil {
			return err
		}
	}
	x := filterOf(r)
	if x.above != nil && x.below != nil && *x.below <= *x.above+1 {
		return errInvalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
	}
	if x.above != nil && *x.above < 0 || x.below != nil && *x.below < 1 {
		return errInvalidRequest("'ObjectSizeGreaterThan' and 'ObjectSizeLessThan' must be positive integers")
	}
	return nil
}

func count(facts ...bool) (n int) {
	for _, f := range facts {
		if f {
			n++
		}
	}
	return n
}

func errPositive(name, action string) *awserr.Error {
	return errInvalidArgument(name, "", "'%s' for %s action must be a positive integer", name, action)
}

func checkExpiration(r *api.LifecycleRule) *awserr.Error {
	if r.Expiration == nil && r.NoncurrentVersionExpiration == nil && r.AbortIncompleteMultipartUpload == nil &&
		len(r.Transitions) == 0 && len(r.NoncurrentVersionTransitions) == 0 {
		return errInvalidRequest("At least one action needs to be specified in a rule")
	}
	if a := r.AbortIncompleteMultipartUpload; a != nil && value(a.DaysAfterInitiation, 0) <= 0 {
		return errPositive("DaysAfterInitiation", "AbortIncompleteMultipartUpload")
	}
	e := r.Expiration
	switch {
	case e == nil:
		return nil
	case count(e.Date != nil, e.Days != nil, e.ExpiredObjectDeleteMarker != nil) != 1:
		return errMalformedXML()
	case e.Days != nil && *e.Days <= 0:
		return errPositive("Days", "Expiration")
	case e.Date != nil && !e.Date.Equal(e.Date.Truncate(day)):
		return errMidnight()
	}
	return nil
}

func errMidnight() *awserr.Error {
	return errInvalidArgument("Date", "", "'Date' must be at midnight GMT")
}

func checkNoncurrent(r *api.LifecycleRule) *awserr.Error {
	newer := func(n *int32, action string) *awserr.Error {
		switch {
		case n == nil:
			return nil
		case *n <= 0 || *n > maxNewer:
			return errInvalidArgument("NewerNoncurrentVersions", "", "'NewerNoncurrentVersions' for %s action must be a positive integer and not greater than %d", action, maxNewer)
		case r.Filter == nil:
			return errInvalidRequest("NewerNoncurrentVersions can only be specified in a rule with a Filter element")
		}
		return nil
	}
	if e := r.NoncurrentVersionExpiration; e != nil {
		if value(e.NoncurrentDays, 0) <= 0 {
			return errPositive("NoncurrentDays", "NoncurrentVersionExpiration")
		}
		if err := newer(e.NewerNoncurrentVersions, "NoncurrentVersionExpiration"); err != nil {
			return err
		}
	}
	for _, t := range r.NoncurrentVersionTransitions {
		if t == nil || t.StorageClass == nil || t.NoncurrentDays == nil || !slices.Contains(coldness, string(*t.StorageClass)) {
			return errMalformedXML()
		}
		if err := checkTransitionDays("NoncurrentDays", "NoncurrentVersionTransition", *t.NoncurrentDays, *t.StorageClass); err != nil {
			return err
		}
		if err := newer(t.NewerNoncurrentVersions, "NoncurrentVersionTransition"); err != nil {
			return err
		}
	}
	return nil
}

// checkTransitionDays refuses transitions that are too early: the classes for
// infrequent access take objects from their 30th day on.
func checkTransitionDays(name, action string, days int32, class api.TransitionStorageClass) *awserr.Error {
	switch {
	case days < 0:
		return errInvalidArgument(name, "", "'%s' in the %s action must be a nonnegative integer", name, action)
	case days < 30 && (class == "STANDARD_IA" || class == "ONEZONE_IA"):
		return errInvalidArgument(name, "", "'%s' in %s action must be greater than or equal to 30 for storageClass '%s'", name, action, class)
	}
	return nil
}

func checkTransitions(r *api.LifecycleRule) *awserr.Error {
	prefix := filterOf(r).prefix
	dated := r.Expiration != nil && r.Expiration.Date != nil
	counted := r.Expiration != nil && r.Expiration.Days != nil
	used := map[api.TransitionStorageClass]bool{}
	for _, t := range r.Transitions {
		if t == nil || t.StorageClass == nil || !slices.Contains(coldness, string(*t.StorageClass)) || count(t.Date != nil, t.Days != nil) != 1 {
			return errMalformedXML()
		}
		if used[*t.StorageClass] {
			return errInvalidRequest("'StorageClass' must be different for 'Transition' actions in same 'Rule' with prefix '%s'", prefix)
		}
		used[*t.StorageClass] = true
		dated, counted = dated || t.Date != nil, counted || t.Days != nil
		if t.Date != nil && !t.Date.Equal(t.Date.Truncate(day)) {
			return errMidnight()
		}
		if t.Days == nil {
			continue
		}
		if err := checkTransitionDays("Days", "Transition", *t.Days, *t.StorageClass); err != nil {
			return err
		}
		if e := r.Expiration; e != nil && e.Days != nil && *e.Days <= *t.Days {
			return errInvalidArgument("Days", "", "'Days' in the Expiration action for prefix '%s' must be greater than 'Days' in the Transition action", prefix)
		}
	}
	if dated && counted {
		return errInvalidRequest("Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for prefix '%s'", prefix)
	}
	return nil
}

// checkScope refuses actions on what has neither tags nor a size under a
// filter by those.
func checkScope(r *api.LifecycleRule) *awserr.Error {
	f := filterOf(r)
	marker := r.Expiration != nil && r.Expiration.ExpiredObjectDeleteMarker != nil
	switch {
	case len(f.tags) > 0 && marker:
		return errInvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.")
	case len(f.tags) > 0 && r.AbortIncompleteMultipartUpload != nil:
		return errInvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags.")
	case f.sized() && marker:
		return errInvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Object Size.")
	case f.sized() && r.AbortIncompleteMultipartUpload != nil:
		return errInvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Object Size.")
	}
	return nil
}
