package coverage_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/api/coverage"
	"nephele.dev/nephele/internal/api/sqs"
	"nephele.dev/nephele/internal/api/sts"
	"nephele.dev/nephele/internal/shape"
)

func only(names ...string) coverage.Implemented {
	return func(op *shape.Operation) bool {
		return slices.Contains(names, op.Name)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	services := []*shape.Service{sqs.Service(), sts.Service()}
	if err := coverage.Markdown(&b, services, only("GetCallerIdentity")); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		`\| \[sts\]\(#sts\) \| 2011-06-15 \| 1 \| 11 \|\n\| \[sqs\]\(#sqs\) \| 2012-11-05 \| 0 \| 23 \|\n\| \*\*all\*\* \| \| \*\*1\*\* \| \*\*34\*\* \|`,
		`## sts\n\nSTS, awsQuery; 1 of 11 operations work.\n\n.*\n.*\n\| GetCallerIdentity \| works \| ` + "`[0-9a-f]{16}`",
		`\n\| SendMessage \| not implemented \| `,
	} {
		if !regexp.MustCompile(want).MatchString(page) {
			t.Errorf("no %s in:\n%s", want, page)
		}
	}
	if n := strings.Count(page, "| not implemented |"); n != 33 {
		t.Errorf("%d operations are not implemented, want 33", n)
	}
}
