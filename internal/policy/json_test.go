package policy

import (
	"fmt"
	"strings"
	"testing"
)

// TestDuplicateMembers finds a name that comes twice wherever it stands, in
// objects that are small and in ones that are not.
func TestDuplicateMembers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, manyMembers - 1, manyMembers, manyMembers + 1, manyMembers + 2, 5000} {
		if _, err := readJSON(manyNames(n, -1)); err != nil {
			t.Errorf("%d names: %v", n, err)
		}
		for _, again := range []int{0, n / 2, n - 2} {
			if _, err := readJSON(manyNames(n, again)); err == nil {
				t.Errorf("%d names, the last is that of %d: accepted", n, again)
			}
		}
	}
	inner := `{"a":` + manyNames(manyMembers+1, -1) + `,"b":` + manyNames(manyMembers+1, -1) + `}`
	if _, err := readJSON(inner); err != nil {
		t.Errorf("the same names in two objects: %v", err)
	}
}

// manyNames is an object of n members, of which the last has the name of
// another; -1 is none.
func manyNames(n, again int) string {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf(`"k%d":0`, i)
	}
	if again >= 0 {
		members[n-1] = members[again]
	}
	return "{" + strings.Join(members, ",") + "}"
}

func BenchmarkReadJSON(b *testing.B) {
	for _, n := range []int{8, 10000} {
		b.Run(fmt.Sprint(n, " members"), func(b *testing.B) {
			text := manyNames(n, -1)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := readJSON(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
