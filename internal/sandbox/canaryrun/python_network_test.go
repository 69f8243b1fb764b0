package canaryrun_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nephele.dev/nephele/internal/sandbox"
	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// Every way a script can open a connection leads through the proxy, and fails
// the way it fails without one.
func TestPythonScriptsReachTheNetwork(t *testing.T) {
	t.Parallel()
	answer := func(scheme string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, scheme, " ", r.URL.Path) }
	}
	plain := httptest.NewServer(answer("plain"))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(answer("secure"))
	t.Cleanup(secure.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := closed.Addr().String()
	_ = closed.Close()
	o := runPython(t, `
import asyncio, errno, http.client, http.server, socket, ssl, threading, urllib.error, urllib.request
PLAIN, SECURE, REFUSED = "`+strings.TrimPrefix(plain.URL, "http://")+`", "`+strings.TrimPrefix(secure.URL, "https://")+`", "`+refused+`"
unsafe = ssl.create_default_context()
unsafe.check_hostname, unsafe.verify_mode = False, ssl.CERT_NONE

def place(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)

def equal(what, got, want):
    assert got == want, f"{what}: {got!r}, not {want!r}"

def get(connection, path):
    connection.request("GET", path)
    return connection.getresponse().read().decode()

def raised(kind, number, call):
    try:
        call()
    except kind as err:
        reason = err.reason if isinstance(err, urllib.error.URLError) else err
        assert reason.errno == number, f"{reason!r}, not {number}"
    else:
        raise AssertionError(f"no {kind}")

def raw(s):
    s.sendall(b"GET /raw HTTP/1.0\r\n\r\n")
    out = b""
    while more := s.recv(4096):
        out += more
    s.close()
    return out.split(b"\r\n\r\n")[1].decode()

async def streams(address, **more):
    reader, writer = await asyncio.open_connection(*place(address), **more)
    writer.write(b"GET /streams HTTP/1.0\r\n\r\n")
    out = await reader.read()
    writer.close()
    return out.split(b"\r\n\r\n")[1].decode()

async def many():
    texts = await asyncio.gather(*(streams(PLAIN) for _ in range(20)), streams(SECURE, ssl=unsafe))
    equal("asyncio", set(texts[:-1]), {"plain /streams"})
    equal("asyncio tls", texts[-1], "secure /streams")
    try:
        await streams(REFUSED)
    except ConnectionRefusedError:
        return
    raise AssertionError("asyncio: no error")

def handler(event, context):
    equal("http.client", get(http.client.HTTPConnection(PLAIN, timeout=10), "/a"), "plain /a")
    kept = http.client.HTTPConnection(PLAIN)
    equal("kept", get(kept, "/b") + get(kept, "/c"), "plain /bplain /c")
    equal("https", get(http.client.HTTPSConnection(SECURE, context=unsafe), "/d"), "secure /d")
    equal("urllib", urllib.request.urlopen(f"http://{PLAIN}/e").read().decode(), "plain /e")
    equal("urllib by name", urllib.request.urlopen(f"http://localhost:{place(PLAIN)[1]}/f").read().decode(), "plain /f")
    equal("urllib secure", urllib.request.urlopen(f"https://{SECURE}/g", context=unsafe).read().decode(), "secure /g")
    equal("socket", raw(socket.create_connection(place(PLAIN))), "plain /raw")
    s = socket.socket()
    s.connect(place(PLAIN))
    equal("bare socket", raw(s), "plain /raw")
    equal("connect_ex", socket.socket().connect_ex(place(REFUSED)), errno.ECONNREFUSED)
    s = unsafe.wrap_socket(socket.socket())
    s.connect(place(SECURE))
    equal("tls socket", raw(s), "secure /raw")
    asyncio.run(many())
    # The library requests is on top of this one.
    import urllib3
    equal("urllib3", urllib3.PoolManager().request("GET", f"http://{PLAIN}/h").data.decode(), "plain /h")
    # A server in the box is nearer than one outside.
    own = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=own.serve_forever, daemon=True).start()
    equal("own server", http.client.HTTPConnection("127.0.0.1", own.server_port).connect(), None)
    raised(ConnectionRefusedError, errno.ECONNREFUSED, lambda: http.client.HTTPConnection(REFUSED).connect())
    raised(urllib.error.URLError, errno.ECONNREFUSED, lambda: urllib.request.urlopen(f"http://{REFUSED}/"))
    raised(socket.gaierror, socket.EAI_NONAME, lambda: socket.create_connection(("no-such-host.invalid", 80)))
    raised(urllib.error.URLError, socket.EAI_NONAME, lambda: urllib.request.urlopen("https://no-such-host.invalid/"))
    raised(PermissionError, errno.EACCES, lambda: http.client.HTTPConnection("169.254.169.254").connect())
`, nil)
	passedRun(t, o)
	if o.Usage.Refused != 1 || !strings.Contains(logText(o), "WARN: the sandbox refuses 169.254.169.254:80") {
		t.Errorf("refused %d\n%s", o.Usage.Refused, logText(o))
	}
}

// A megabyte goes through in both directions, and both ends may end first.
func TestPythonConnectionsCarryBulk(t *testing.T) {
	t.Parallel()
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
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	passedRun(t, runPython(t, `
import socket, threading
def handler(event, context):
    s = socket.create_connection(("127.0.0.1", `+port(l)+`))
    data = bytes(range(256)) * 16384
    def send():
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
    threading.Thread(target=send).start()
    got = bytearray()
    while more := s.recv(65536):
        got += more
    assert got == data, len(got)
`, nil))
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// With the strict policy neither a page nor the script reaches this machine,
// under any name.
func TestPythonCannotReachPrivateAddresses(t *testing.T) {
	t.Parallel()
	url, _ := site(t)
	at := url[strings.LastIndexByte(url, ':')+1:]
	o := runPython(t, `
import http.client
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
hosts = ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"]
def handler(event, context):
    for host in hosts:
        try:
            answer = http.client.HTTPConnection(host.strip("[]"), `+at+`).connect()
        except OSError:
            continue
        raise Exception(f"{host} answered")
    browser = webdriver.Chrome()
    for host in [*hosts, "2130706433", "0x7f.1"]:
        for scheme in ("http", "https"):
            try:
                browser.get(f"{scheme}://{host}:`+at+`/")
            except WebDriverException:
                continue
            assert "Welcome" not in browser.page_source, f"{scheme} {host} answered"
`, func(j *canaryrun.Job) { j.Egress = sandbox.EgressPolicy{} })
	passedRun(t, o)
	if o.Usage.Refused < 16 {
		t.Errorf("refused %d\n%s", o.Usage.Refused, logText(o))
	}
}
