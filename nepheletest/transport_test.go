package nepheletest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nephele.dev/nephele/nepheletest"
)

// closer is a body that, once closed, cannot be read.
type closer struct {
	*strings.Reader
	closed bool
}

func (c *closer) Read(p []byte) (int, error) {
	if c.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	return c.Reader.Read(p)
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

// The SDK's haste to close a body does not reach the connection.
func TestClientSendsBodiesFromACopy(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	echo := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}))
	t.Cleanup(echo.Close)
	body := &closer{Reader: strings.NewReader("hello")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, echo.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Body, req.ContentLength = body, 5
	resp, err := nepheletest.Start(t).Config.HTTPClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text := <-got; text != "hello" || !body.closed {
		t.Errorf("sent %q, closed %v", text, body.closed)
	}
}
