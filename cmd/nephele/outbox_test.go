package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/outbox"
	"nephele.dev/nephele/nepheletest"
)

// TestOutbox reads the mails of a server that demands signatures, and of one
// that does not.
func TestOutbox(t *testing.T) {
	t.Parallel()
	root := []string{"NEPHELE_ROOT_ACCESS_KEY_ID=" + nepheletest.RootAccessKeyID, "NEPHELE_ROOT_SECRET_ACCESS_KEY=" + nepheletest.RootSecretAccessKey}
	for name, tt := range map[string]struct {
		options []nepheletest.Option
		args    []string
		environ []string
	}{
		"open":   {nil, nil, nil},
		"signed": {[]nepheletest.Option{nepheletest.WithAuth()}, []string{"--auth=on"}, root},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nepheletest.Start(t, tt.options...)
			c := sns.NewFromConfig(s.Config)
			topic, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: new("t")})
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range []string{"a@example.com", "b@example.com"} {
				if _, err := c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: new("email"), Endpoint: &to}); err != nil {
					t.Fatal(err)
				}
			}
			outbox := func(args ...string) (int, string, string) {
				return execute(t, tt.environ, append(append([]string{"outbox"}, args...), append(tt.args, "--listen", strings.TrimPrefix(s.URL, "http://"))...)...)
			}
			status, out, errs := outbox()
			if lines := strings.Split(strings.TrimSpace(out), "\n"); status != 0 || len(lines) != 2 || !strings.Contains(lines[0], "a@example.com") {
				t.Errorf("%d %s %s", status, out, errs)
			}
			if status, out, _ := outbox("list", "-n1"); status != 0 || strings.Contains(out, "a@example.com") || !strings.Contains(out, "b@example.com") {
				t.Errorf("the last: %d %s", status, out)
			}
			if status, out, _ := outbox("show", "1"); status != 0 || !strings.Contains(out, "To: a@example.com\n") || !strings.Contains(out, s.URL+"/?Action=ConfirmSubscription") {
				t.Errorf("show: %d %s", status, out)
			}
			if status, out, _ := outbox("show", "2", "--json"); status != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, `"to": "b@example.com"`) {
				t.Errorf("show --json: %d %s", status, out)
			}
			if status, _, errs := outbox("show", "7"); status != 1 || !strings.Contains(errs, "no such mail") {
				t.Errorf("show 7: %d %s", status, errs)
			}
			if tt.environ != nil {
				tt.environ[1] += "x"
				if status, _, errs := outbox(); status != 1 || !strings.Contains(errs, "signature of the root user") {
					t.Errorf("with another secret: %d %s", status, errs)
				}
			}
		})
	}
}

// TestOutboxWithoutServer says what to do.
func TestOutboxWithoutServer(t *testing.T) {
	t.Parallel()
	if status, _, errs := execute(t, nil, "outbox", "--listen", "127.0.0.1:1"); status != 1 || !strings.Contains(errs, "nephele serve") {
		t.Errorf("%d %s", status, errs)
	}
}

// TestOutboxFollow: mails that are written later are printed once each, also
// one with a number below the last.
func TestOutboxFollow(t *testing.T) {
	t.Parallel()
	answers := make(chan []outbox.Mail)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case mails := <-answers:
			_ = json.NewEncoder(w).Encode(app.Outbox{Mails: mails})
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	ctx, cancel := context.WithCancel(t.Context())
	read, w := io.Pipe()
	var errs bytes.Buffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"outbox", "--follow", "--json", "--listen", strings.TrimPrefix(s.URL, "http://")}, nil, w, &errs)
		_ = w.Close()
	}()
	text := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(read)
		text <- string(b)
	}()
	answers <- []outbox.Mail{{ID: 3}}
	answers <- []outbox.Mail{{ID: 3}, {ID: 5}}
	answers <- []outbox.Mail{{ID: 3}, {ID: 4}, {ID: 5}, {ID: 6}}
	answers <- nil
	cancel()
	if status := <-done; status != 0 {
		t.Errorf("%d %s", status, errs.String())
	}
	got := ""
	for line := range strings.Lines(<-text) {
		got += line[:strings.Index(line, ",")] + " "
	}
	if want := `{"id":3 {"id":5 {"id":4 {"id":6 `; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
