package logs_test

import (
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"nephele.dev/nephele/nepheletest"
)

// TestSDK drives the service from outside with the AWS SDK.
func TestSDK(t *testing.T) {
	t.Parallel()
	server := nepheletest.Start(t)
	c := sdk.NewFromConfig(server.Config)
	group, stream := "/aws/lambda/cwsyn-c", "2026/01/01/[1]x"
	create := &sdk.CreateLogGroupInput{LogGroupName: &group, Tags: map[string]string{"a": "b"}}
	if _, err := c.CreateLogGroup(t.Context(), create); err != nil {
		t.Fatal(err)
	}
	_, err := c.CreateLogGroup(t.Context(), create)
	if exists, ok := errors.AsType[*types.ResourceAlreadyExistsException](err); !ok || exists.ErrorMessage() != "The specified log group already exists" {
		t.Errorf("second group: %v", err)
	}
	if _, err := c.CreateLogStream(t.Context(), &sdk.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream}); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UnixMilli()
	var events []types.InputLogEvent
	for i := range 250 {
		events = append(events, types.InputLogEvent{Timestamp: new(now + int64(i)), Message: new("line ünïcode\t\"quoted\"")})
	}
	put, err := c.PutLogEvents(t.Context(), &sdk.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: events})
	if err != nil || put.NextSequenceToken == nil || put.RejectedLogEventsInfo != nil {
		t.Fatalf("%+v, %v", put, err)
	}
	// The SDK's paginator ends where the token no longer moves.
	n, pages := 0, 0
	for p := sdk.NewGetLogEventsPaginator(c, &sdk.GetLogEventsInput{
		LogGroupName: &group, LogStreamName: &stream, StartFromHead: new(true), Limit: new(int32(100)),
	}, func(o *sdk.GetLogEventsPaginatorOptions) { o.StopOnDuplicateToken = true }); p.HasMorePages(); pages++ {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if *e.Message != "line ünïcode\t\"quoted\"" || *e.Timestamp != now+int64(n) {
				t.Fatalf("event %d = %+v", n, e)
			}
			n++
		}
	}
	if n != 250 || pages != 4 {
		t.Errorf("%d events on %d pages", n, pages)
	}
	n = 0
	for p := sdk.NewFilterLogEventsPaginator(c, &sdk.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: new(`"quoted"`), Limit: new(int32(100)),
	}); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Events)
	}
	if n != 250 {
		t.Errorf("%d events pass the filter", n)
	}
	_, err = c.GetLogEvents(t.Context(), &sdk.GetLogEventsInput{LogGroupName: &group, LogStreamName: new("none")})
	if missing, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || missing.ErrorMessage() != "The specified log stream does not exist." {
		t.Errorf("missing stream: %v", err)
	}
}
