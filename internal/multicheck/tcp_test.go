package multicheck_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/multicheck"
)

// listener serves each connection with f.
func listener(t testing.TB, f func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// redis answers PING and keeps the connection, as most servers do.
func redis(c net.Conn) {
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch strings.TrimSpace(line) {
		case "PING":
			_, _ = io.WriteString(c, "+PONG\r\n")
		case "BIN":
			_, _ = c.Write([]byte{0x01, 0x20, 0xff})
		case "BYE":
			_, _ = io.WriteString(c, `{"bye": "now"}`)
			return
		}
	}
}

func TestTCP(t *testing.T) {
	t.Parallel()
	port := listener(t, redis)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closedPort := strconv.Itoa(closed.Addr().(*net.TCPAddr).Port)
	_ = closed.Close()
	deps, _ := world(t, hosts{"db.test": "127.0.0.1"})
	data := func(op, v string) string {
		return `"assertions": [{"type": "RESPONSE_DATA", "operator": "` + op + `", "value": ` + quote(v) + `}]`
	}
	hexed := func(op, v string) string {
		return `"assertions": [{"type": "RESPONSE_DATA", "encoding": "HEX", "operator": "` + op + `", "value": ` + quote(v) + `}]`
	}
	number := func(kind, op, v string) string {
		return `"assertions": [{"type": "` + kind + `", "operator": "` + op + `", "value": ` + v + `}]`
	}
	connected := func(v string) string { return `"assertions": [{"type": "CONNECTION_SUCCESSFUL", "value": ` + v + `}]` }
	const ping, bin, bye = `"sendData": "PING\r\n"`, `"encoding": "HEX", "sendData": "42 49 4e:0d0a"`, `"sendData": "BYE\n"`
	const open, shut = `"hostname": "127.0.0.1", "port": %s`, `"hostname": "127.0.0.1", "port": %[2]s`
	for _, tt := range []struct{ members, want string }{
		{open, ""},
		{`"hostname": "db.test", "port": %s`, ""},
		{open + `, ` + connected("true"), ""},
		{open + `, ` + connected("false"), "CONNECTION_SUCCESSFUL: expected false, got true"},
		{open + `, ` + ping + `, "expectedResponse": "PONG"`, ""},
		{open + `, ` + ping + `, "readTimeout": 1000, "expectedResponse": "+OK"`, `expectedResponse: expected "+OK", got "+PONG\r\n"`},
		{open + `, "readTimeout": 1000, "expectedResponse": "x"`, `expected "x", got no data`},
		{open + `, ` + bye + `, "expectedResponse": "bye"`, ""},
		{open + `, ` + ping + `, ` + data("EQUALS", "+PONG\r\n"), ""},
		{open + `, ` + ping + `, ` + data("CONTAINS", "PONG"), ""},
		{open + `, ` + ping + `, ` + data("STARTS_WITH", "+"), ""},
		{open + `, ` + ping + `, ` + data("ENDS_WITH", "\r\n"), ""},
		{open + `, ` + ping + `, ` + data("REGEX_MATCH", `^\+P.NG`), ""},
		{open + `, ` + ping + `, "readTimeout": 1000, ` + data("EQUALS", "PONG"), `RESPONSE_DATA: expected EQUALS "PONG", got "+PONG\r\n"`},
		{open + `, ` + bye + `, ` + data("NOT_CONTAINS", "bye"), "expected NOT_CONTAINS"},
		{open + `, ` + bye + `, ` + data("NOT_CONTAINS", "x"), ""},
		{open + `, ` + bin + `, "expectedResponse": "0120FF"`, ""},
		{open + `, ` + bin + `, "readTimeout": 1000, "expectedResponse": "12"`, "expectedResponse: expected 12, got 0120ff"},
		{open + `, ` + bin + `, ` + hexed("EQUALS", "01 20 ff"), ""},
		{open + `, ` + bin + `, "readTimeout": 1000, ` + hexed("CONTAINS", "12"), "got 0120ff"},
		{open + `, ` + bin + `, ` + hexed("REGEX_MATCH", "^01"), ""},
		{open + `, ` + bye + `, ` + number("RESPONSE_SIZE", "EQUALS", "14"), ""},
		{open + `, ` + bye + `, ` + number("RESPONSE_SIZE", "LESS_THAN", "14"), "RESPONSE_SIZE: expected LESS_THAN 14 bytes, got 14"},
		{open + `, ` + ping + `, ` + number("RESPONSE_SIZE", "GREATER_THAN", "3"), ""},
		{open + `, ` + number("RESPONSE_TIME", "LESS_THAN", "60000"), ""},
		{open + `, ` + number("RESPONSE_TIME", "LESS_THAN", "0"), "RESPONSE_TIME"},
		{shut, "connect ECONNREFUSED 127.0.0.1:"},
		{shut + `, ` + connected("true"), "connect ECONNREFUSED"},
		{shut + `, ` + connected("false"), ""},
		{shut + `, "assertions": [{"type": "CONNECTION_SUCCESSFUL", "value": false}, {"type": "RESPONSE_DATA", "operator": "EQUALS", "value": "x"}]`, "RESPONSE_DATA: connect ECONNREFUSED"},
		{`"hostname": "nope.test", "port": 1`, "getaddrinfo ENOTFOUND nope.test"},
		{`"hostname": "nope.test", "port": 1, ` + connected("false"), ""},
		{`"hostname": "169.254.169.254", "port": 80`, "the sandbox refuses 169.254.169.254:80"},
		{`"hostname": "169.254.169.254", "port": 80, ` + connected("false"), "the sandbox refuses 169.254.169.254:80"},
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			members := tt.members
			if strings.Contains(members, "%") {
				members = fmt.Sprintf(strings.Replace(members, "%s", "%[1]s", 1)+"%.0[1]s%.0[2]s", port, closedPort)
			}
			reasonIs(t, members, one(t, deps, `"checkerType": "TCP", `+members), tt.want)
		})
	}
	r := execute(t, deps, `{"steps": {"1": {"stepName": "s", "checkerType": "TCP", "hostname": "127.0.0.1", "port": `+port+`, `+bye+`, "extractors": [{"name": "w", "type": "BODY", "path": "$.bye"}]}}}`)
	if d, _ := r.Steps[0].Details.(multicheck.TCPDetails); !r.Passed() || d.Received != 14 || d.Address != "127.0.0.1:"+port || r.Steps[0].Target != "127.0.0.1:"+port {
		t.Errorf("%+v", r.Steps)
	}
}

func TestHostileTCP(t *testing.T) {
	t.Parallel()
	deps, _ := world(t, nil)
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	for name, tt := range map[string]struct {
		serve         func(c net.Conn)
		members, want string
	}{
		"endless": {func(c net.Conn) {
			for b := make([]byte, 64<<10); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}, `"expectedResponse": "x"`, "the response is larger than 262144 bytes"},
		"drip": {func(c net.Conn) {
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
			}
		}, `"timeout": 1000, "expectedResponse": "y"`, ""},
		"never reads": {
			func(net.Conn) { <-done },
			`"timeout": 1000, "sendData": "` + strings.Repeat("x", 200_000) + `", "readTimeout": 1000, "expectedResponse": "y"`, "",
		},
		"hangs up": {func(net.Conn) {}, `"expectedResponse": "y"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := one(t, deps, `"checkerType": "TCP", "hostname": "127.0.0.1", "port": `+listener(t, tt.serve)+`, `+tt.members)
			if s.Passed || !strings.Contains(s.Reason, tt.want) || s.End.Sub(s.Start).Seconds() > 5 {
				t.Errorf("%+v", s)
			}
		})
	}
}
