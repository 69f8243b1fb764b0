package kms

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

const (
	aliasPrefix    = "alias/"
	reservedPrefix = "alias/aws/"
)

var aliasPattern = regexp.MustCompile(`^[a-zA-Z0-9/_-]+$`)

// checkAlias refuses names that an alias of a customer cannot have.
func checkAlias(name string) error {
	rest, ok := strings.CutPrefix(name, aliasPrefix)
	switch {
	case !ok || rest == "":
		return invalid(`Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`)
	case strings.HasPrefix(name, reservedPrefix):
		return awserr.New("NotAuthorizedException", http.StatusBadRequest, "")
	case !aliasPattern.MatchString(rest):
		return invalid("%s contains invalid characters for an alias", name)
	}
	return nil
}

// CreateAlias gives a key of the account and region another name.
func (s *Service) CreateAlias(ctx context.Context, in *api.CreateAliasInput) (*api.CreateAliasOutput, error) {
	if err := checkAlias(in.AliasName); err != nil {
		return nil, err
	}
	err := s.withAliasTarget(ctx, in.TargetKeyId, func(tx *store.Tx, r *record) error {
		now := store.Micros(tx.Now())
		n, err := tx.Exec(`insert into kms_alias (account, region, name, key_id, created, updated) values (?, ?, ?, ?, ?, ?)
			on conflict do nothing`, r.Account, r.Region, in.AliasName, r.ID, now, now)
		if err == nil && n == 0 {
			return api.NewAlreadyExistsException("An alias with the name %s already exists", aliasARN(r.Account, r.Region, in.AliasName))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateAliasOutput{}, nil
}

// UpdateAlias points an alias to another key of the same usage, symmetric where
// the old one is.
func (s *Service) UpdateAlias(ctx context.Context, in *api.UpdateAliasInput) (*api.UpdateAliasOutput, error) {
	if err := checkAlias(in.AliasName); err != nil {
		return nil, err
	}
	err := s.withAliasTarget(ctx, in.TargetKeyId, func(tx *store.Tx, r *record) error {
		old, err := aliasTarget(tx, store.Key{Account: r.Account, Region: r.Region, ID: in.AliasName})
		if absent(err) {
			return noAlias(reference{Key: r.Key, alias: in.AliasName})
		}
		if err != nil {
			return err
		}
		s.changed(tx, old)
		was, err := s.get(tx, old)
		if err != nil {
			return err
		}
		if kindOf(&was.Doc) != kindOf(&r.Doc) || was.Doc.Usage != r.Doc.Usage {
			return invalid("The current and new KMS keys of %s must be of the same type and have the same key usage.", in.AliasName)
		}
		_, err = tx.Exec("update kms_alias set key_id = ?, updated = ? where account = ? and region = ? and name = ?",
			r.ID, store.Micros(tx.Now()), r.Account, r.Region, in.AliasName)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateAliasOutput{}, nil
}

// kindOf tells symmetric, HMAC and asymmetric keys apart.
func kindOf(k *key) string {
	switch {
	case k.symmetric():
		return "symmetric"
	case specs[k.Spec].bytes > 0:
		return "hmac"
	}
	return "asymmetric"
}

// withAliasTarget runs f on a customer managed key that an alias may point to.
func (s *Service) withAliasTarget(ctx context.Context, text string, f func(*store.Tx, *record) error) error {
	call := plane.FromContext(ctx)
	ref, err := refer(&call.Caller, text)
	switch {
	case err != nil:
		return err
	case ref.alias != "":
		return invalid("Aliases must refer to keys. Not aliases")
	}
	if err := ownAccount(call, ref.Key); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		r, err := s.get(tx, ref.Key)
		switch {
		case err != nil:
			return err
		case r.Doc.Manager == api.KeyManagerTypeAws:
			return awserr.New("NotAuthorizedException", http.StatusBadRequest, "")
		case r.Doc.State == api.KeyStatePendingDeletion:
			return pendingDeletion(&r)
		}
		s.changed(tx, r.Key)
		return f(tx, &r)
	})
}

// DeleteAlias takes a name from a key.
func (s *Service) DeleteAlias(ctx context.Context, in *api.DeleteAliasInput) (*api.DeleteAliasOutput, error) {
	if err := checkAlias(in.AliasName); err != nil {
		return nil, err
	}
	caller := plane.FromContext(ctx).Caller
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		old, err := aliasTarget(tx, store.Key{Account: caller.Account, Region: caller.Region, ID: in.AliasName})
		if absent(err) {
			return noAlias(reference{Key: store.Key{Account: caller.Account, Region: caller.Region}, alias: in.AliasName})
		}
		if err != nil {
			return err
		}
		s.changed(tx, old)
		_, err = tx.Exec("delete from kms_alias where account = ? and region = ? and name = ?", caller.Account, caller.Region, in.AliasName)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.DeleteAliasOutput{}, nil
}

// ListAliases lists the aliases of the account and region, or of one key.
func (s *Service) ListAliases(ctx context.Context, in *api.ListAliasesInput) (*api.ListAliasesOutput, error) {
	caller := plane.FromContext(ctx).Caller
	var of string
	if in.KeyId != nil {
		e, err := s.findKey(ctx, *in.KeyId)
		if err != nil {
			return nil, err
		}
		of = e.ID
	}
	p := s.pager(ctx, in.Limit, in.Marker, 50, 100, of)
	var after string
	if err := p.start(&after); err != nil {
		return nil, err
	}
	out := &api.ListAliasesOutput{}
	err := s.db.View(ctx, func(tx *store.Tx) error {
		found, err := listAliases(tx, store.Key{Account: caller.Account, Region: caller.Region, ID: of}, after, p.limit+1)
		out.Aliases = found[:min(len(found), p.limit)]
		if err == nil && len(found) > p.limit {
			out.NextMarker, err = p.next(found[p.limit-1].AliasName)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out.Truncated = new(out.NextMarker != nil)
	return out, nil
}

// listAliases returns aliases after a name, of the key k, or of all keys of
// its account and region when it has no ID.
func listAliases(tx *store.Tx, k store.Key, after string, limit int) ([]*api.AliasListEntry, error) {
	query := "select name, key_id, created, updated from kms_alias where account = ? and region = ? and name > ?"
	args := []any{k.Account, k.Region, after}
	if k.ID != "" {
		query += " and key_id = ?"
		args = append(args, k.ID)
	}
	scan := func(row store.Row) (*api.AliasListEntry, error) {
		var name, id string
		var created, updated int64
		err := row.Scan(&name, &id, &created, &updated)
		return &api.AliasListEntry{
			AliasName: &name, AliasArn: new(aliasARN(k.Account, k.Region, name)), TargetKeyId: &id,
			CreationDate: new(store.FromMicros(created)), LastUpdatedDate: new(store.FromMicros(updated)),
		}, err
	}
	list, err := store.All(store.Query(tx, scan, query+" order by name limit ?", append(args, limit)...))
	if list == nil {
		list = []*api.AliasListEntry{}
	}
	return list, err
}

// aliasesOf returns the names of a key.
func aliasesOf(tx *store.Tx, k store.Key) ([]string, error) {
	return store.All(store.Query(tx, store.Scan1[string],
		"select name from kms_alias where account = ? and region = ? and key_id = ? order by name", k.Account, k.Region, k.ID))
}

// aliasTarget returns the key that an alias points to; k.ID is the alias's name.
func aliasTarget(tx *store.Tx, k store.Key) (store.Key, error) {
	id, err := store.Scan1[string](tx.Row("select key_id from kms_alias where account = ? and region = ? and name = ?", k.Account, k.Region, k.ID))
	return store.Key{Account: k.Account, Region: k.Region, ID: id}, err
}

// target returns the key that an alias points to, or store.ErrNotFound.
func (s *Service) target(ctx context.Context, r reference) (store.Key, error) {
	k := store.Key{Account: r.Account, Region: r.Region, ID: r.alias}
	id, age := s.cache.alias(k)
	if id != "" {
		return store.Key{Account: r.Account, Region: r.Region, ID: id}, nil
	}
	var found store.Key
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		found, err = aliasTarget(tx, k)
		return err
	})
	if err == nil {
		s.cache.putAlias(k, found.ID, age)
	}
	return found, err
}

// addAlias makes an alias that may be there.
func addAlias(tx *store.Tx, k store.Key, name string, now time.Time) error {
	_, err := tx.Exec(`insert into kms_alias (account, region, name, key_id, created, updated) values (?, ?, ?, ?, ?, ?)
		on conflict do nothing`, k.Account, k.Region, name, k.ID, store.Micros(now), store.Micros(now))
	return err
}
