package cloudwatch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	api "nephele.dev/nephele/internal/api/cloudwatch"
	"nephele.dev/nephele/internal/awserr"
)

const goodBody = `{"start":"-PT6H","widgets":[
	{"type":"metric","x":0,"y":0,"width":12,"height":6,"properties":{"metrics":[["AWS/EC2","CPUUtilization","InstanceId","i-012345"],[".",".",".","i-2",{"yAxis":"right"}]],"period":300,"stat":"Average","region":"us-east-1","title":"CPU"}},
	{"type":"text","x":0,"y":7,"width":3,"height":3,"properties":{"markdown":"Hello world"}}]}`

func TestDashboards(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		for _, name := range []string{"b", "a", "ab"} {
			out, err := c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: name, DashboardBody: goodBody, Tags: []*api.Tag{{Key: "k", Value: name}}})
			if err != nil || len(out.DashboardValidationMessages) != 0 {
				t.Fatal(out, err)
			}
		}
		got, err := c.GetDashboard(t.Context(), &api.GetDashboardInput{DashboardName: "a"})
		if err != nil || *got.DashboardBody != goodBody || *got.DashboardArn != "arn:aws:cloudwatch::000000000000:dashboard/a" {
			t.Errorf("%+v, %v", got, err)
		}
		// An update replaces the body, and leaves the tags.
		out, err := c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: "a", DashboardBody: `{"widgets":[],"extra":1}`, Tags: []*api.Tag{{Key: "other", Value: "x"}}})
		if err != nil || len(out.DashboardValidationMessages) != 1 || *out.DashboardValidationMessages[0].Message != "Should NOT have additional properties: 'extra'" {
			t.Errorf("%+v, %v", out, err)
		}
		if names := dashboardNames(t, c, "a"); names != "a:24 ab:"+fmt.Sprint(len(goodBody)) {
			t.Errorf("dashboards with a: %s", names)
		}
		_, err = c.DeleteDashboards(t.Context(), &api.DeleteDashboardsInput{DashboardNames: []string{"a", "x", "y"}})
		wantError(t, err, "DashboardNotFoundError", "The specified dashboard does not exist. [x, y]")
		if names := dashboardNames(t, c, ""); strings.Count(names, ":") != 3 {
			t.Errorf("after a refused delete: %s", names)
		}
		arn := "arn:aws:cloudwatch::000000000000:dashboard/a"
		if _, err := c.TagResource(t.Context(), &api.TagResourceInput{ResourceARN: arn, Tags: []*api.Tag{{Key: "k", Value: "new"}, {Key: "l", Value: ""}}}); err != nil {
			t.Fatal(err)
		}
		if tags := tagsOf(t, c, arn); tags != "k=new l=" {
			t.Errorf("tags = %s", tags)
		}
		if _, err := c.UntagResource(t.Context(), &api.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"k", "none"}}); err != nil {
			t.Fatal(err)
		}
		if tags := tagsOf(t, c, arn); tags != "l=" {
			t.Errorf("tags = %s", tags)
		}
		if _, err = c.DeleteDashboards(t.Context(), &api.DeleteDashboardsInput{DashboardNames: []string{"a", "b", "b"}}); err != nil {
			t.Fatal(err)
		}
		_, err = c.GetDashboard(t.Context(), &api.GetDashboardInput{DashboardName: "a"})
		wantError(t, err, "DashboardNotFoundError", "Dashboard a does not exist")
		_, err = c.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceARN: arn})
		wantError(t, err, "ResourceNotFoundException", "The dashboard a does not exist.")
	})
}

func dashboardNames(t *testing.T, c api.Client, prefix string) string {
	t.Helper()
	out, err := c.ListDashboards(t.Context(), &api.ListDashboardsInput{DashboardNamePrefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range out.DashboardEntries {
		names = append(names, fmt.Sprintf("%s:%d", *e.DashboardName, *e.Size))
	}
	return strings.Join(names, " ")
}

func tagsOf(t *testing.T, c api.Client, arn string) string {
	t.Helper()
	out, err := c.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceARN: arn})
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, tag := range out.Tags {
		tags = append(tags, tag.Key+"="+tag.Value)
	}
	return strings.Join(tags, " ")
}

func TestDashboardBodies(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		const shape = `Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element`
		widget := func(text string) string { return `{"widgets":[` + text + `]}` }
		for _, tt := range []struct {
			body string
			want []string
		}{
			{`{}`, []string{": Should have required property 'widgets'"}},
			{`{"widgets":{}}`, []string{"/widgets: Should be array"}},
			{widget(`1`), []string{"/widgets/0: Should be object"}},
			{widget(`{}`), []string{"/widgets/0: Should have required property 'type'", "/widgets/0: Should have required property 'properties'"}},
			{widget(`{"type":"x","properties":{}}`), []string{"/widgets/0/type: Should be equal to one of the allowed values"}},
			{widget(`{"type":"text","width":25,"height":0.5,"x":-1,"properties":{}}`), []string{
				"/widgets/0/x: Should be >= 0", "/widgets/0/width: Should be <= 24", "/widgets/0/height: Should be integer", "/widgets/0/properties: Should have required property 'markdown'",
			}},
			{widget(`{"type":"metric","properties":{"metrics":["a",[],["A",1]],"view":"x","period":7}}`), []string{
				"/widgets/0/properties: Should have required property 'region'", "/widgets/0/properties/view: Should be equal to one of the allowed values",
				"/widgets/0/properties/period: Should be 1, 5, 10, 20, 30 or a multiple of 60",
				"/widgets/0/properties/metrics/0: Should be array", "/widgets/0/properties/metrics/0: " + shape,
				"/widgets/0/properties/metrics/1: Should NOT have fewer than 1 items", "/widgets/0/properties/metrics/2: " + shape,
			}},
			{widget(`{"type":"log","properties":{"query":"x"}},{"type":"alarm","properties":{"alarms":1}}`), []string{
				"/widgets/0/properties: Should have required property 'region'", "/widgets/1/properties/alarms: Should be array",
			}},
		} {
			_, err := c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: "d", DashboardBody: tt.body})
			e := awserr.As(err)
			if e == nil || e.Code != "DashboardInvalidInputError" || !strings.HasPrefix(e.Message, fmt.Sprintf("The dashboard body is invalid, there are %d validation errors:\n[\n  {\n    \"dataPath\": ", len(tt.want))) {
				t.Errorf("%s: %v", tt.body, err)
				continue
			}
			var got []string
			messages, _ := e.Fields["dashboardValidationMessages"].([]*api.DashboardValidationMessage)
			for _, m := range messages {
				got = append(got, *m.DataPath+": "+*m.Message)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: %s", tt.body, diff)
			}
		}
		for _, body := range []string{"", "[]", "null", `{"widgets":`} {
			_, err := c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: "d", DashboardBody: body})
			wantError(t, err, "DashboardInvalidInputError", "The field DashboardBody must be a valid JSON object")
		}
		_, err := c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: "d d", DashboardBody: goodBody})
		wantError(t, err, "DashboardInvalidInputError", "The value d d for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).")
		if names := dashboardNames(t, c, ""); names != "" {
			t.Errorf("refused calls stored %s", names)
		}
	})
}

func TestTagErrors(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c, _ api.Client) {
		for _, tt := range []struct{ arn, code, message string }{
			{"x", "InvalidParameterValueException", "Invalid ARN: x"},
			{"arn:aws:cloudwatch::111111111111:dashboard/a", "InvalidParameterValueException", "Invalid ARN: arn:aws:cloudwatch::111111111111:dashboard/a"},
			{"arn:aws:cloudwatch:us-east-1:000000000000:dashboard/a", "InvalidParameterValueException", "Invalid ARN: arn:aws:cloudwatch:us-east-1:000000000000:dashboard/a"},
			{"arn:aws:cloudwatch:us-east-1:000000000000:metric-stream/a", "NotImplemented", "Nephele does not implement tags of the CloudWatch resource metric-stream yet."},
			{"arn:aws:cloudwatch:us-east-1:000000000000:alarm:a", "ResourceNotFoundException", "The alarm a does not exist."},
		} {
			_, err := c.ListTagsForResource(t.Context(), &api.ListTagsForResourceInput{ResourceARN: tt.arn})
			wantError(t, err, tt.code, tt.message)
		}
		var tags []*api.Tag
		for i := range 51 {
			tags = append(tags, &api.Tag{Key: fmt.Sprint(i)})
		}
		_, err := c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: "d", DashboardBody: goodBody, Tags: tags})
		wantError(t, err, "InvalidParameterValueException", "A resource can have at most 50 tags.")
		_, err = c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: "d", DashboardBody: goodBody, Tags: []*api.Tag{{Key: "aws:x"}}})
		wantError(t, err, "InvalidParameterValueException", "The tag key aws:x is reserved: it begins with aws:.")
		_, err = c.PutDashboard(t.Context(), &api.PutDashboardInput{DashboardName: "d", DashboardBody: goodBody, Tags: []*api.Tag{{Key: "x"}, {Key: "x"}}})
		wantError(t, err, "InvalidParameterValueException", "The tag key x is given more than once.")
	})
}
