package metricmath

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokenize(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"CustomCount1": "Custom Count 1", "SDBFailure": "SDB Failure", "Project2-trial333": "Project 2 trial 333", "couNT": "cou NT",
		"t2.micro": "t 2 micro", "AWS/EC2": "AWS EC 2", "i-1234567890abcdef0": "i 1234567890 abcdef 0", "": "", "--": "", "HTTPCode_Target_5XX": "HTTP Code Target 5 XX",
	} {
		tokens, _ := tokenize(s)
		if got := strings.Join(tokens, " "); got != want {
			t.Errorf("tokenize(%q) = %q, want %q", s, got, want)
		}
	}
}

// TestSearch has the examples of the page "CloudWatch search expression syntax".
func TestSearch(t *testing.T) {
	t.Parallel()
	metrics := map[string]*Metric{
		"cpu1":   {Account: "1", Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: []Dimension{{"InstanceId", "i-1234567890123456"}}},
		"cpu2":   {Account: "1", Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: []Dimension{{"InstanceId", "i-22"}}},
		"packet": {Account: "1", Namespace: "AWS/EC2", Name: "NetworkPacketsIn", Dimensions: []Dimension{{"InstanceId", "i-22"}}},
		"type":   {Account: "1", Namespace: "AWS/EC2", Name: "CPUUtilization", Dimensions: []Dimension{{"InstanceType", "t2.micro"}}},
		"count":  {Account: "1", Namespace: "MyNamespace", Name: "CustomCount1"},
		"net":    {Account: "1", Namespace: "My Namespace", Name: "Network-Errors-2", Dimensions: []Dimension{{"Dimension@Name", "x"}}},
		"france": {Account: "1", Namespace: "Other", Name: `Europe\France Traffic(Network)`, Dimensions: []Dimension{{"A", "ProjectA"}, {"B", "b"}}},
	}
	order := []string{"cpu1", "cpu2", "packet", "type", "count", "net", "france"}
	for _, tt := range []struct{ query, want string }{
		{`{AWS/EC2,InstanceId} MetricName="CPUUtilization"`, "cpu1 cpu2"},
		{`{AWS/EC2, InstanceId}, CPUUtilization`, "cpu1 cpu2"},
		{`{AWS/EC2}`, "cpu1 cpu2 packet type"},
		{`{"My Namespace","Dimension@Name"}`, "net"},
		{`{Other,B,A}`, "france"},
		{`{Other,B}`, ""},
		{"count", "count"},
		{"Count", "count"},
		{"COUNT", "count"},
		{"couNT", ""},
		{"CustomCount", "count"},
		{"Count1", "count"},
		{"customcount", ""},
		{"count1", ""},
		{"customcount1", "count"},
		{`"CustomCount1"`, "count"},
		{`"customcount1"`, ""},
		{`"Custom"`, ""},
		{"network/errors", "net"},
		{"network+errors", "net"},
		{"network-errors", "net"},
		{"Network_Errors", "net"},
		{`"Network-Errors-2"`, "net"},
		{`"Network_Errors_2"`, ""},
		{`"Europe\\France Traffic\(Network\)"`, "france"},
		{"InstanceType=micro", "type"},
		{`InstanceType="t2.micro" Namespace="AWS/EC2"`, "type"},
		{`{AWS/EC2,InstanceId} network AND packets`, "packet"},
		{`{AWS/EC2,InstanceId} network packets`, "packet"},
		{`{AWS/EC2,InstanceId} MetricName="CPUUtilization" NOT i-1234567890123456`, "cpu2"},
		{"NOT Namespace=AWS", "count net france"},
		{"(network OR custom) NOT packets", "count net france"},
		{`MetricName="CPUUtilization" OR (MetricName=CustomCount AND (x OR Namespace="MyNamespace"))`, "cpu1 cpu2 type count"},
		{`:aws.AccountId = "1" custom`, "count"},
		{`:aws.AccountId = 2 custom`, ""},
		{`:aws.AccountId='LOCAL' custom`, "count"},
		{`NOT "ProjectA" NOT EC2`, "count net"},
	} {
		q, err := ParseSearch(tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		var found []string
		for _, name := range order {
			if q.Match(metrics[name]) {
				found = append(found, name)
			}
		}
		if got := strings.Join(found, " "); got != tt.want {
			t.Errorf("%s finds %q, want %q", tt.query, got, tt.want)
		}
	}
}

func TestSearchErrors(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"":                        "A search expression needs a metric schema or a search term",
		"{}":                      "Invalid metric schema in the search expression",
		"{A,}":                    "Invalid metric schema in the search expression",
		"{A":                      "Invalid metric schema in the search expression",
		`"x`:                      "Unterminated string in the search expression",
		"(a":                      "Missing ) in the search expression",
		"a )":                     `Unexpected ")" in the search expression`,
		"a OR":                    "A search term is missing in the search expression",
		"AND a":                   "A search term is missing in the search expression",
		"a =":                     "The value of a is missing in the search expression",
		strings.Repeat("(", 1024): "The search expression is nested too deeply",
		strings.Repeat("a", 1025): "A search expression has at most 1024 characters",
	} {
		if _, err := ParseSearch(query); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
}

func FuzzSearch(f *testing.F) {
	for _, seed := range []string{`{AWS/EC2,"a b"} x="y" NOT (z OR :aws.AccountId=1)`, `"\\\(" AND`, "{a}", "NOT NOT a", "=="} {
		f.Add(seed, "CustomCount1")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		q, err := ParseSearch(text)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatal(err)
			}
			return
		}
		q.Match(&Metric{Namespace: text, Name: name, Dimensions: []Dimension{{name, text}}})
	})
}

func TestSelect(t *testing.T) {
	t.Parallel()
	alb := func(dims ...Dimension) *Metric {
		return &Metric{Namespace: "AWS/ApplicationELB", Name: "RequestCount", Dimensions: dims}
	}
	both := alb(Dimension{"LoadBalancer", "app/load-balancer-1"}, Dimension{"AvailabilityZone", "a"})
	one := alb(Dimension{"LoadBalancer", "app/load-balancer-1"})
	for _, tt := range []struct {
		query string
		want  []bool // both, one, none
	}{
		{`SELECT SUM(RequestCount) FROM "AWS/ApplicationELB"`, []bool{true, true, true}},
		{`select sum(RequestCount) from schema("AWS/ApplicationELB")`, []bool{false, false, true}},
		{`SELECT SUM(RequestCount) FROM SCHEMA("AWS/ApplicationELB", LoadBalancer)`, []bool{false, true, false}},
		{`SELECT SUM(RequestCount) FROM SCHEMA("AWS/ApplicationELB", LoadBalancer, AvailabilityZone) WHERE LoadBalancer = 'app/load-balancer-1' GROUP BY AvailabilityZone ORDER BY MAX() DESC LIMIT 5`, []bool{true, false, false}},
		{`SELECT SUM(RequestCount) FROM "AWS/ApplicationELB" WHERE AvailabilityZone != 'a'`, []bool{false, true, true}},
		{`SELECT SUM(RequestCount) FROM "AWS/ApplicationELB" WHERE AvailabilityZone = 'a' OR (LoadBalancer != 'app/load-balancer-1' AND "x y" != 'z')`, []bool{true, false, true}},
		{`SELECT SUM(requestcount) FROM "AWS/ApplicationELB"`, []bool{false, false, false}},
	} {
		s, err := ParseSelect(tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		if diff := cmp.Diff(tt.want, []bool{s.Match(both), s.Match(one), s.Match(alb())}); diff != "" {
			t.Errorf("%s: %s", tt.query, diff)
		}
	}
	s, err := ParseSelect(`SELECT AVG("Bytes\"In\"") FROM My_App GROUP BY A, "B b" ORDER BY COUNT() LIMIT 2`)
	if err != nil || s.Metric != `Bytes"In"` || s.OrderBy != "COUNT" || s.Descending || s.Limit != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if diff := cmp.Diff([]string{"1", "Other"}, s.Group(&Metric{Dimensions: []Dimension{{"A", "1"}}})); diff != "" {
		t.Error(diff)
	}
	arranged := s.Arrange([]*Series{ts(1, 2, 3), ts(1), ts(1, 2)})
	if len(arranged) != 2 || len(arranged[0].Values) != 1 || len(arranged[1].Values) != 2 {
		t.Errorf("arranged = %v", arranged)
	}
}

func TestSelectErrors(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"SELECT MEDIAN(x) FROM y":                                "The functions of a query are AVG, COUNT, MAX, MIN and SUM",
		"SELECT AVG(limit) FROM y":                               "Expected a metric name in the query",
		"SELECT AVG(x)":                                          "Expected FROM in the query",
		"SELECT AVG(x) FROM":                                     "Expected a namespace in the query",
		"SELECT AVG(x) FROM y WHERE a = b":                       "Expected a value in single quotes in the query",
		"SELECT AVG(x) FROM y WHERE a < 'b'":                     "Expected = or != in the query",
		"SELECT AVG(x) FROM y GROUP a":                           "Expected BY in the query",
		"SELECT AVG(x) FROM y LIMIT 501":                         "LIMIT must be a number from 1 to 500",
		"SELECT AVG(x) FROM y LIMIT 5 5":                         `Unexpected "5" in the query`,
		"SELECT AVG(x FROM y":                                    `Expected ")" in the query`,
		"SELECT AVG('x":                                          "Unterminated string in the query",
		"SELECT AVG(x) FROM y ORDER BY AVG(x) DESC":              `Expected ")" in the query`,
		"SELECT AVG(x) FROM y WHERE " + strings.Repeat("(", 200): "The query is nested too deeply",
	} {
		if _, err := ParseSelect(query); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", query, err, want)
		}
	}
}

func FuzzSelect(f *testing.F) {
	f.Add(`SELECT SUM(x) FROM SCHEMA("a/b", c) WHERE d = 'e' AND (f != 'g') GROUP BY h ORDER BY MAX() DESC LIMIT 5`)
	f.Add(`select avg("\"") from a`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSelect(text)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatal(err)
			}
			return
		}
		s.Group(&Metric{})
		s.Match(&Metric{Namespace: s.Namespace, Name: s.Metric})
		s.Arrange([]*Series{ts(1), ts()})
	})
}
