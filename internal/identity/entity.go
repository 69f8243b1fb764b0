package identity

import (
	"context"
	"errors"
	"fmt"

	"nephele.dev/nephele/internal/identity/keyid"
	"nephele.dev/nephele/internal/store"
)

// NewKeyID returns a new access key id or unique id: see package keyid.
func NewKeyID(prefix, account string) string { return keyid.New(prefix, account) }

// keyAccount is the account of an access key.
func keyAccount(id string) (string, bool) { return keyid.Account(id) }

// kinds of principals whose ids are kept.
const (
	userKind = "user"
	roleKind = "role"
	rootKind = "root" // has no record
)

// Enter notes whose unique id a user's or role's is: at its creation, and when
// its name changes.
func Enter(tx *store.Tx, e *Entity, kind string) error {
	k := e.Key()
	_, err := tx.Exec(`insert into iam_entity (id, account, kind, name) values (?, ?, ?, ?)
		on conflict (id) do update set name = excluded.name`, e.ID, k.Account, kind, k.ID)
	if err != nil {
		return fmt.Errorf("note id of %s %s: %w", kind, e.Name, err)
	}
	return nil
}

// Leave forgets a unique id: its bearer is deleted.
func Leave(tx *store.Tx, id string) error {
	if _, err := tx.Exec("delete from iam_entity where id = ?", id); err != nil {
		return fmt.Errorf("forget id %s: %w", id, err)
	}
	return nil
}

// CurrentARN is the ARN of the user or role with a unique id; the id itself
// when it is gone.
func CurrentARN(tx *store.Tx, id string) (string, error) {
	var k store.Key
	var kind string
	err := tx.Row("select account, kind, name from iam_entity where id = ?", id).Scan(&k.Account, &kind, &k.ID)
	if errors.Is(err, store.ErrNotFound) {
		return id, nil
	}
	if err != nil {
		return "", err
	}
	if kind == userKind {
		u, err := Users.Get(tx, k)
		return u.Doc.ARN(), err
	}
	r, err := Roles.Get(tx, k)
	return r.Doc.ARN(), err
}

// UniqueID is the unique id of the user or role that an ARN names, or
// ErrNotFound.
func UniqueID(tx *store.Tx, arn string) (string, error) {
	account, kind, name, ok := SplitARN(arn)
	switch {
	case ok && kind == userKind:
		u, err := Users.Get(tx, At(account, name))
		if err != nil || u.Doc.ARN() != arn {
			return "", missing(err)
		}
		return u.Doc.ID, nil
	case ok && kind == roleKind:
		r, err := Roles.Get(tx, At(account, name))
		if err != nil || r.Doc.ARN() != arn {
			return "", missing(err)
		}
		return r.Doc.ID, nil
	}
	return "", ErrNotFound
}

// Name returns the ARN of a resource ("user", "group", "role", "policy",
// "instance-profile") by its name, which does not tell its path. One that does
// not exist is named as if its path were "/".
func (d *Directory) Name(ctx context.Context, account, kind, name string) (string, error) {
	arn, err := recall(ctx, d, account, entryKey{arnEntry, kind + "/" + ID(name)}, func(tx *store.Tx) (*string, error) {
		e, err := entity(tx, kind, At(account, name))
		if err != nil {
			return nil, missing(err)
		}
		return new(ARN(account, kind, e.Path, e.Name)), nil
	})
	if errors.Is(err, ErrNotFound) {
		return ARN(account, kind, "/", name), nil
	}
	if err != nil {
		return "", err
	}
	return *arn, nil
}

// entity reads what is common to resources of all kinds.
func entity(tx *store.Tx, kind string, k store.Key) (Entity, error) {
	switch kind {
	case userKind:
		r, err := Users.Get(tx, k)
		return r.Doc.Entity, err
	case roleKind:
		r, err := Roles.Get(tx, k)
		return r.Doc.Entity, err
	case "group":
		r, err := Groups.Get(tx, k)
		return r.Doc.Entity, err
	case "policy":
		r, err := Policies.Get(tx, k)
		return r.Doc.Entity, err
	case "instance-profile":
		r, err := InstanceProfiles.Get(tx, k)
		return r.Doc.Entity, err
	}
	return Entity{}, ErrNotFound
}
