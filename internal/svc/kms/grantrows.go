package kms

import (
	"encoding/json"
	"fmt"
	"strings"

	api "nephele.dev/nephele/internal/api/kms"
	"nephele.dev/nephele/internal/store"
)

// grantRow is a grant with its key.
type grantRow struct {
	key store.Key
	grant
}

// position is where a page of grants starts: after this grant of this key.
type position struct{ Key, Grant string }

// grantFilter chooses grants of an account and region. Empty members choose all.
type grantFilter struct {
	key      store.Key // without ID: of all keys
	id       string
	grantee  string
	retiring string
	After    position
	limit    int
}

const grantColumns = "account, region, key_id, doc"

func scanGrant(row store.Row) (g grantRow, err error) {
	var doc []byte
	if err := row.Scan(&g.key.Account, &g.key.Region, &g.key.ID, &doc); err != nil {
		return g, err
	}
	if err := json.Unmarshal(doc, &g.grant); err != nil {
		return g, fmt.Errorf("decode grant of key %s: %w", g.key.ID, err)
	}
	return g, nil
}

// grants lists grants in the order of keys and ids.
func grants(tx *store.Tx, f *grantFilter) ([]grantRow, error) {
	where := []string{"account = ?", "region = ?"}
	args := []any{f.key.Account, f.key.Region}
	for _, c := range []struct{ column, value string }{
		{"key_id", f.key.ID}, {"id", f.id}, {"grantee", f.grantee}, {"retiring", f.retiring},
	} {
		if c.value != "" {
			where, args = append(where, c.column+" = ?"), append(args, c.value)
		}
	}
	if f.After.Grant != "" {
		where, args = append(where, "(key_id, id) > (?, ?)"), append(args, f.After.Key, f.After.Grant)
	}
	query := "select " + grantColumns + " from kms_grant where " + strings.Join(where, " and ") + " order by key_id, id limit ?"
	return store.All(store.Query(tx, scanGrant, query, append(args, f.limit)...))
}

// grantsTo lists the grants of a key that concern any of the principals, as
// grantees or because they may retire them.
func grantsTo(tx *store.Tx, k store.Key, principals []string) ([]grantRow, error) {
	marks := "(?" + strings.Repeat(", ?", len(principals)-1) + ")"
	args := []any{k.Account, k.Region, k.ID}
	for range 2 {
		for _, p := range principals {
			args = append(args, p)
		}
	}
	return store.All(store.Query(tx, scanGrant, "select "+grantColumns+
		" from kms_grant where account = ? and region = ? and key_id = ? and (grantee in "+marks+" or retiring in "+marks+") order by id", args...))
}

func hasGrants(tx *store.Tx, k store.Key) (bool, error) {
	n, err := countGrants(tx, k, 1)
	return n > 0, err
}

// countGrants counts the grants of a key, up to a limit.
func countGrants(tx *store.Tx, k store.Key, limit int) (int64, error) {
	return store.Scan1[int64](tx.Row(
		"select count(*) from (select 1 from kms_grant where account = ? and region = ? and key_id = ? limit ?) g", k.Account, k.Region, k.ID, limit))
}

// addGrant stores a grant, unless it has a name and one like it is there: then
// g becomes that one.
func addGrant(tx *store.Tx, k store.Key, g *grant) error {
	if g.Name != "" {
		mine, err := grants(tx, &grantFilter{key: k, grantee: g.Grantee, limit: grantLimit})
		if err != nil {
			return err
		}
		for i := range mine {
			if g.like(&mine[i].grant) {
				*g = mine[i].grant
				return nil
			}
		}
	}
	n, err := countGrants(tx, k, grantLimit)
	if err != nil {
		return err
	}
	if n >= grantLimit {
		return api.NewLimitExceededException("The key has %d grants, which is the limit.", grantLimit)
	}
	doc, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("encode grant: %w", err)
	}
	_, err = tx.Exec("insert into kms_grant (account, region, key_id, id, grantee, retiring, doc) values (?, ?, ?, ?, ?, ?, ?)",
		k.Account, k.Region, k.ID, g.ID, g.Grantee, g.Retiring, string(doc))
	return err
}
