package secretsmanager

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/store/storetest"
)

// TestFilters: which of five secrets pass.
func TestFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	for _, s := range []struct{ name, description, key, value string }{
		{"prod/db", "The main Database", "Team", "blue"},
		{"prod/web", "cookies of the web site", "team", "green-Light"},
		{"dev/db", "", "", ""},
		{"apiKey", "of aPartner", "Owner", "dbAdmins"},
		{"Prod", "", "", ""},
	} {
		in := &api.CreateSecretInput{Name: s.name, Description: unlessEmpty(s.description)}
		if s.key != "" {
			in.Tags = []*api.Tag{{Key: &s.key, Value: &s.value}}
		}
		if _, err := b.client.CreateSecret(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ filters, want string }{
		{"", "prod/db prod/web dev/db apiKey Prod"},
		{"name=prod", "prod/db prod/web"},
		{"name=prod,dev", "prod/db prod/web dev/db"},
		{"name=!prod", "dev/db apiKey Prod"},
		{"name=!prod,!dev", "apiKey Prod"},
		{"name=prod,!prod/w", "prod/db"},
		{"name=db", ""},
		{"description=the", "prod/db"},
		{"description=THE MAIN", "prod/db"},
		{"description=!the", "prod/web dev/db apiKey Prod"},
		{"tag-key=Team", "prod/db"},
		{"tag-key=T,t", "prod/db prod/web"},
		{"tag-key=!T", "prod/web dev/db apiKey Prod"},
		{"tag-value=green", "prod/web"},
		{"tag-value=Green", ""},
		{"tag-key=Team tag-value=blue", "prod/db"},
		{"tag-key=Team tag-value=green", ""},
		{"name=prod tag-key=team", "prod/web"},
		{"all=db", "prod/db dev/db apiKey"},
		{"all=PROD", "prod/db prod/web Prod"},
		{"all=database main", "prod/db"},
		{"all=database green", ""},
		{"all=light", "prod/web"},
		{"all=partner", "apiKey"},
		{"all=key", "apiKey"},
		{"all=!db", "prod/web Prod"},
		{"all=/", ""},
		{"primary-region=eu", ""},
		{"primary-region=!eu", "prod/db prod/web dev/db apiKey Prod"},
		{"owning-service=rds", ""},
	} {
		in := &api.ListSecretsInput{}
		for _, f := range strings.FieldsFunc(strings.ReplaceAll(tt.filters, " tag", "|tag"), func(c rune) bool { return c == '|' }) {
			key, values, _ := strings.Cut(f, "=")
			in.Filters = append(in.Filters, &api.Filter{Key: new(api.FilterNameStringType(key)), Values: strings.Split(values, ",")})
		}
		out, err := b.client.ListSecrets(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(listed(out.SecretList), " "); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.filters, got, tt.want)
		}
	}
}

func listed(list []*api.SecretListEntry) (names []string) {
	for _, e := range list {
		names = append(names, *e.Name)
	}
	return names
}

// TestSorting: pages of every order have all secrets, each once, and secrets
// that come and go in between move no others.
func TestSorting(t *testing.T) {
	t.Parallel()
	b := newBench(t, storetest.SQLite(t))
	ctx := t.Context()
	var made []string
	for _, i := range []int{3, 1, 4, 5, 9, 2, 6} {
		made = append(made, fmt.Sprint("s", i))
		b.create(t, made[len(made)-1], "v")
	}
	b.put(t, "s3", "v2", "newer")
	b.remove(t, "s9", 7)
	alive := slices.DeleteFunc(slices.Clone(made), func(s string) bool { return s == "s9" })
	changed := append(slices.Clone(alive[1:]), "s3")
	sorted := slices.Sorted(slices.Values(alive))
	for _, tt := range []struct {
		by   api.SortByType
		want []string
	}{
		{"", alive},
		{api.SortByTypeCreatedDate, alive},
		{api.SortByTypeName, sorted},
		{api.SortByTypeLastChangedDate, changed},
		{api.SortByTypeLastAccessedDate, sorted},
	} {
		for _, order := range []api.SortOrderType{api.SortOrderTypeAsc, api.SortOrderTypeDesc} {
			in := &api.ListSecretsInput{SortOrder: &order, MaxResults: new(int32(2))}
			if tt.by != "" {
				in.SortBy = &tt.by
			}
			var got []string
			for {
				out, err := b.client.ListSecrets(ctx, in)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, listed(out.SecretList)...)
				if in.NextToken = out.NextToken; in.NextToken == nil {
					break
				}
			}
			want := slices.Clone(tt.want)
			if order == api.SortOrderTypeDesc {
				slices.Reverse(want)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(tt.by, order, d)
			}
		}
	}
	out, err := b.client.ListSecrets(ctx, &api.ListSecretsInput{IncludePlannedDeletion: new(true)})
	if err != nil || !slices.Equal(listed(out.SecretList), made) {
		t.Errorf("%v, %v", listed(out.SecretList), err)
	}
}
