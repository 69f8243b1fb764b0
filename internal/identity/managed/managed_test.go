package managed

import (
	"encoding/json"
	"regexp"
	"testing"

	"nephele.dev/nephele/internal/policy"
)

func TestAll(t *testing.T) {
	t.Parallel()
	id, version, path := regexp.MustCompile(`^ANPA[A-Z2-7]{17}$`), regexp.MustCompile(`^v[1-9][0-9]*$`), regexp.MustCompile(`^/([a-z-]+/)?$`)
	arns, ids := map[string]bool{}, map[string]bool{}
	for _, p := range All() {
		if arns[p.ARN] || ids[p.ID] {
			t.Errorf("%s, %s: twice", p.ARN, p.ID)
		}
		arns[p.ARN], ids[p.ID] = true, true
		if !id.MatchString(p.ID) || !version.MatchString(p.Version) || !path.MatchString(p.Path) {
			t.Errorf("%s: id %q, version %q, path %q", p.ARN, p.ID, p.Version, p.Path)
		}
		if p.Created.IsZero() || p.Updated.Before(p.Created) || p.Description == "" {
			t.Errorf("%s: made %v, updated %v, %q", p.ARN, p.Created, p.Updated, p.Description)
		}
		if _, err := policy.Parse(p.Document, policy.Identity); err != nil {
			t.Errorf("%s: %v", p.ARN, err)
		}
	}
	if len(arns) < 90 {
		t.Errorf("%d policies", len(arns))
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		arn        string
		is, found  bool
		attachable bool
	}{
		{"arn:aws:iam::aws:policy/AdministratorAccess", true, true, true},
		{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", true, true, true},
		{"arn:aws:iam::aws:policy/aws-service-role/AmazonCloudWatchRUMServiceRolePolicy", true, true, false},
		{"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess", true, true, true},
		{"arn:aws:iam::aws:policy/administratoraccess", true, false, true},
		{"arn:aws:iam::aws:policy/NoSuchPolicy", true, false, true},
		{"arn:aws:iam::123456789012:policy/AdministratorAccess", false, false, true},
	} {
		p, ok := Lookup(tt.arn)
		if ok != tt.found || Is(tt.arn) != tt.is || p.Attachable() != tt.attachable {
			t.Errorf("%s: found %v, AWS's %v, attachable %v", tt.arn, ok, Is(tt.arn), p.Attachable())
		}
	}
}

// TestAdministratorAccess is the one that everybody knows by heart.
func TestAdministratorAccess(t *testing.T) {
	t.Parallel()
	p, _ := Lookup("arn:aws:iam::aws:policy/AdministratorAccess")
	var doc struct{ Statement []map[string]string }
	if err := json.Unmarshal([]byte(p.Document), &doc); err != nil {
		t.Fatal(err)
	}
	st := doc.Statement
	if len(st) != 1 || st[0]["Effect"] != "Allow" || st[0]["Action"] != "*" || st[0]["Resource"] != "*" {
		t.Errorf("%v", st)
	}
	if p.ID != "ANPAIWMBCKSKIEE64ZLYK" || p.Version != "v1" || p.Path != "/" {
		t.Errorf("%+v", p)
	}
}
