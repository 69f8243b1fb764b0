package store

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tags returns the resource's tags; a resource without any, or that does not
// exist, has an empty map.
func (c *Collection[T]) Tags(tx *Tx, k Key) (map[string]string, error) {
	tags := make(map[string]string)
	for tag, err := range Query(tx, scanTag, `select tag_key, tag_value from resource_tag
		where kind = ? and account = ? and region = ? and id = ? order by tag_key`, c.kind, k.Account, k.Region, k.ID) {
		if err != nil {
			return nil, err
		}
		tags[tag[0]] = tag[1]
	}
	return tags, nil
}

func scanTag(r Row) (tag [2]string, err error) {
	err = r.Scan(&tag[0], &tag[1])
	return tag, err
}

// SetTags adds tags to the resource and overwrites those of the same key. It
// does not look whether the resource exists.
func (c *Collection[T]) SetTags(tx *Tx, k Key, tags map[string]string) error {
	c.changed(tx, k)
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		_, err := tx.Exec(`insert into resource_tag (kind, account, region, id, tag_key, tag_value) values (?, ?, ?, ?, ?, ?)
			on conflict (kind, account, region, id, tag_key) do update set tag_value = excluded.tag_value`,
			c.kind, k.Account, k.Region, k.ID, key, tags[key])
		if err != nil {
			return fmt.Errorf("tag %s %q: %w", c.kind, k.ID, err)
		}
	}
	return nil
}

// AddTags is SetTags on a resource that may have most tags in all. tooMany is
// returned for one that has more then, and the transaction has to fail.
func (c *Collection[T]) AddTags(tx *Tx, k Key, tags map[string]string, most int, tooMany error) error {
	if err := c.SetTags(tx, k, tags); err != nil {
		return err
	}
	all, err := c.Tags(tx, k)
	if err == nil && len(all) > most {
		return tooMany
	}
	return err
}

// RemoveTags takes the tags with these keys off the resource; keys it does not
// have are nothing to it.
func (c *Collection[T]) RemoveTags(tx *Tx, k Key, keys []string) error {
	c.changed(tx, k)
	for _, key := range keys {
		_, err := tx.Exec("delete from resource_tag where kind = ? and account = ? and region = ? and id = ? and tag_key = ?",
			c.kind, k.Account, k.Region, k.ID, key)
		if err != nil {
			return fmt.Errorf("untag %s %q: %w", c.kind, k.ID, err)
		}
	}
	return nil
}

// ReplaceTags gives the resource these tags and no others.
func (c *Collection[T]) ReplaceTags(tx *Tx, k Key, tags map[string]string) error {
	if err := c.clearTags(tx, k); err != nil {
		return err
	}
	return c.SetTags(tx, k, tags)
}

func (c *Collection[T]) clearTags(tx *Tx, k Key) error {
	c.changed(tx, k)
	_, err := tx.Exec("delete from resource_tag where kind = ? and account = ? and region = ? and id = ?",
		c.kind, k.Account, k.Region, k.ID)
	if err != nil {
		return fmt.Errorf("untag %s %q: %w", c.kind, k.ID, err)
	}
	return nil
}

// ByTag returns the resources of an account and region whose tag has one of the
// values, or any value when there are none, in byte order of their IDs.
func (c *Collection[T]) ByTag(tx *Tx, account, region, tagKey string, values []string) ([]Record[T], error) {
	query := `select r.account, r.region, r.id, r.version, r.created, r.updated, r.doc
		from resource_tag t join resource r
		on r.kind = t.kind and r.account = t.account and r.region = t.region and r.id = t.id
		where t.account = ? and t.region = ? and t.tag_key = ? and t.kind = ?`
	args := []any{account, region, tagKey, c.kind}
	if len(values) > 0 {
		query += " and t.tag_value in (?" + strings.Repeat(", ?", len(values)-1) + ")"
		for _, v := range values {
			args = append(args, v)
		}
	}
	return All(Query(tx, c.scan, query+" order by r.id", args...))
}
