package series

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nephele.dev/nephele/internal/store"
)

// DimensionFilter matches series that have the dimension, with any value when
// Value is nil.
type DimensionFilter struct {
	Name  string
	Value *string
}

// Filter selects series of one account and region. Empty fields match all.
type Filter struct {
	Account, Region string
	Namespace, Name string
	Dimensions      []DimensionFilter // all must match; series may have more
	SeenSince       time.Time         // data came at or after this time, give or take five minutes
	After           *ID               // continues behind this one
	Limit           int               // at most so many; 0 means all
}

// List returns the matching series by namespace, name and dimensions.
func List(tx *store.Tx, f Filter) ([]ID, error) {
	query, args := f.statement()
	var ids []ID
	for id, err := range store.Query(tx, f.scan, query, args...) {
		if err != nil {
			return nil, fmt.Errorf("series: list: %w", err)
		}
		if !f.matches(&id) {
			continue
		}
		ids = append(ids, id)
		if f.Limit > 0 && len(ids) == f.Limit {
			break
		}
	}
	return ids, nil
}

func (f *Filter) statement() (string, []any) {
	var q strings.Builder
	q.WriteString("select namespace, name, dims from metric_series where account = ? and region = ? and seen >= ?")
	args := []any{f.Account, f.Region, seenBound(f.SeenSince)}
	if f.Namespace != "" {
		q.WriteString(" and namespace = ?")
		args = append(args, f.Namespace)
	}
	if f.Name != "" {
		q.WriteString(" and name = ?")
		args = append(args, f.Name)
	}
	if f.After != nil {
		q.WriteString(" and (namespace, name, dims) > (?, ?, ?)")
		args = append(args, f.After.Namespace, f.After.Name, f.After.pairs())
	}
	for _, d := range f.Dimensions {
		// Coarse (LIKE ignores case on SQLite); matches decides.
		q.WriteString(` and dims like ? escape '\'`)
		args = append(args, "%"+between+likeEscaper.Replace(d.Name)+equals+"%")
	}
	q.WriteString(" order by namespace, name, dims")
	return q.String(), args
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// seenBound is the least stored value that may mean "since t".
func seenBound(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return store.Micros(t.Add(-seenStep))
}

func (f *Filter) scan(row store.Row) (ID, error) {
	id := ID{Account: f.Account, Region: f.Region}
	var dims string
	err := row.Scan(&id.Namespace, &id.Name, &dims)
	id.Dimensions = parsePairs(dims)
	return id, err
}

func (f *Filter) matches(id *ID) bool {
	for _, want := range f.Dimensions {
		if !slices.ContainsFunc(id.Dimensions, func(d Dimension) bool {
			return d.Name == want.Name && (want.Value == nil || d.Value == *want.Value)
		}) {
			return false
		}
	}
	return true
}
