package canaryrun_test

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
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
func TestScriptsReachTheNetwork(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "plain ", r.URL.Path) }))
	t.Cleanup(plain.Close)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "secure ", r.URL.Path) }))
	t.Cleanup(secure.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := closed.Addr().String()
	_ = closed.Close()
	o := run(t, `
const http = require('http'), https = require('https'), net = require('net'), tls = require('tls');
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const PLAIN = '`+plain.URL+`', SECURE = '`+secure.URL+`', REFUSED = '`+refused+`';
const text = (lib, url, options = {}) => new Promise((resolve, reject) => {
  lib.get(url, options, (res) => { let b = ''; res.on('data', (c) => b += c).on('end', () => resolve(b)); }).on('error', reject);
});
const code = (p) => p.then((v) => 'no error: ' + v, (e) => e.cause?.code ?? e.code ?? e.message);
const raw = (lib, port, options, event) => new Promise((resolve, reject) => {
  const s = lib.connect({ host: '127.0.0.1', port, ...options }, () => { s.write('GET /raw HTTP/1.0\r\n\r\n'); });
  let b = ''; s.on('data', (c) => b += c).on('end', () => resolve(b.split('\r\n\r\n')[1])).on('error', reject);
});
const equal = (what, got, want) => { if (got !== want) throw new Error(what + ': ' + got + ', not ' + want); };
exports.handler = async () => {
  equal('http', await text(http, PLAIN + '/a'), 'plain /a');
  equal('http again', await text(http, PLAIN + '/a2'), 'plain /a2');
  equal('http own agent', await text(http, PLAIN + '/b', { agent: new http.Agent({ keepAlive: true }) }), 'plain /b');
  equal('http no agent', await text(http, PLAIN + '/c', { agent: false }), 'plain /c');
  equal('https', await text(https, SECURE + '/d'), 'secure /d');
  equal('https own agent', await text(https, SECURE + '/e', { agent: new https.Agent() }), 'secure /e');
  equal('fetch', await (await fetch(PLAIN + '/f')).text(), 'plain /f');
  equal('fetch secure', await (await fetch(SECURE + '/g')).text(), 'secure /g');
  equal('net', await raw(net, new URL(PLAIN).port), 'plain /raw');
  equal('tls', await raw(tls, new URL(SECURE).port, { rejectUnauthorized: false }), 'secure /raw');
  const s = new net.Socket();
  equal('socket', await new Promise((done, fail) => { let b = ''; s.on('data', (c) => b += c).on('end', () => done(b.split('\r\n\r\n')[1])).on('error', fail); s.connect(new URL(PLAIN).port, '127.0.0.1'); s.write('GET /late HTTP/1.0\r\n\r\n'); }), 'plain /late');
  equal('refused http', await code(text(http, 'http://' + REFUSED)), 'ECONNREFUSED');
  equal('refused https', await code(text(https, 'https://' + REFUSED)), 'ECONNREFUSED');
  equal('refused fetch', await code(fetch('http://' + REFUSED)), 'ECONNREFUSED');
  equal('refused net', await code(raw(net, REFUSED.split(':')[1])), 'ECONNREFUSED');
  equal('no such name', await code(text(http, 'http://no-such-host.invalid/')), 'ENOTFOUND');
  equal('metadata', await code(text(http, 'http://169.254.169.254/latest/meta-data/')), 'EACCES');
};`, nil)
	if o.Status != canaryrun.Passed {
		t.Fatalf("%q\n%s", o.StateReason, logText(o))
	}
	if o.Usage.Refused != 1 || !strings.Contains(logText(o), "WARN: the sandbox refuses 169.254.169.254:80") {
		t.Errorf("refused %d\n%s", o.Usage.Refused, logText(o))
	}
}

func TestHTTPSteps(t *testing.T) {
	t.Parallel()
	url, _ := site(t)
	o := run(t, `
const synthetics = require('Synthetics');
exports.handler = async () => {
  synthetics.getConfiguration().setConfig({ includeRequestHeaders: true, restrictedHeaders: ['authorization'], includeResponseBody: true });
  const u = new URL('`+url+`');
  const at = (path, more) => ({ protocol: 'http:', hostname: u.hostname, port: u.port, path, ...more });
  const check = (want) => async (res) => { if (res.statusCode !== want) throw new Error('status ' + res.statusCode); };
  await synthetics.executeHttpStep('echo', at('/echo', { method: 'POST', headers: { Authorization: 'secret' }, body: 'hello' }), check(200));
  await synthetics.executeHttpStep('gone', at('/gone'), check(200));
  await synthetics.executeHttpStep('again', '`+url+`/ok.svg');
};`, nil)
	if o.Status != canaryrun.Failed || o.StateReason != "gone: status 404" {
		t.Fatalf("%s %q\n%s", o.Status, o.StateReason, logText(o))
	}
	if r := o.Report.CustomerScript; len(r.Steps) != 3 || r.Steps[2].Status != "PASSED" || r.Requests.C2xx != 2 || r.Requests.C4xx != 1 {
		t.Errorf("%+v", r)
	}
	var report struct {
		Requests []struct {
			Request  struct{ Headers map[string]string }
			Response struct {
				StatusCode int
				Body       string
			}
		}
	}
	if err := json.Unmarshal(read(t, o, "HttpRequestsReport.json"), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Requests) != 3 || report.Requests[0].Response.Body != "hello" || report.Requests[0].Request.Headers["Authorization"] != "REDACTED" {
		t.Errorf("%+v", report)
	}
	if o.Usage.PeakMemory > 150<<20 {
		t.Errorf("a run without a page used %d MB: was a browser started?", o.Usage.PeakMemory>>20)
	}
}

func TestExecutionErrorsAndLinkReports(t *testing.T) {
	t.Parallel()
	o := run(t, `
const synthetics = require('Synthetics'), Link = require('SyntheticsLink'), Report = require('BrokenLinkCheckerReport');
exports.handler = async () => {
  const report = new Report();
  report.addLink(new Link('http://a').withStatusCode('200').withText('a'));
  report.addLink(new Link('http://b').withStatusCode('404'));
  if (report.getTotalBrokenLinks() !== 1 || report.getTotalLinksChecked() !== 2) throw new Error('miscounted');
  await synthetics.addReport(report);
  synthetics.addExecutionError('The archive is missing', new Error('see http://u:p@h/'));
};`, nil)
	if o.Status != canaryrun.Failed || o.StateReasonCode != canaryrun.ExecutionFailure || o.TestResult != "PASSED" ||
		o.StateReason != "The archive is missing see http://u:REDACTED@h/" {
		t.Errorf("%s %s %s %q", o.Status, o.StateReasonCode, o.TestResult, o.StateReason)
	}
	if !strings.Contains(string(read(t, o, "BrokenLinkCheckerReport.json")), `"totalBrokenLinks": 1`) {
		t.Error("the link report is not as expected")
	}
}

// WebSockets need the tunnel to pass bytes both ways.
func TestPagesOpenWebSockets(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			fmt.Fprint(w, "<title>w</title>")
			return
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		// RFC 6455 section 4.2.2; one unmasked text frame "hi".
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n\x81\x02hi",
			accept(r.Header.Get("Sec-WebSocket-Key")))
		_ = rw.Flush()
		_, _ = io.Copy(io.Discard, conn)
	}))
	t.Cleanup(s.Close)
	o := run(t, `
exports.handler = async () => {
  const page = await require('Synthetics').getPage();
  await page.goto('`+s.URL+`');
  const got = await page.evaluate(() => new Promise((done, fail) => {
    const w = new WebSocket('ws://' + location.host + '/'); w.onmessage = (e) => done(e.data); w.onerror = () => fail(new Error('no socket')); }));
  if (got !== 'hi') throw new Error(got);
};`, nil)
	if o.Status != canaryrun.Passed {
		t.Errorf("%q\n%s", o.StateReason, logText(o))
	}
}

// With the strict policy a page cannot reach this machine, under any name.
func TestPagesCannotReachPrivateAddresses(t *testing.T) {
	t.Parallel()
	url, _ := site(t)
	port := url[strings.LastIndexByte(url, ':')+1:]
	o := run(t, `
exports.handler = async () => {
  const page = await require('Synthetics').getPage();
  for (const host of ['127.0.0.1', 'localhost', '0.0.0.0', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254']) {
    const res = await page.goto('http://' + host + ':`+port+`/').catch((e) => null);
    if (res && res.status() !== 403) throw new Error(host + ' answered ' + res.status());
    const s = await page.goto('https://' + host + ':`+port+`/').catch((e) => null);
    if (s) throw new Error(host + ' answered ' + s.status());
  }
};`, func(j *canaryrun.Job) { j.Egress = sandbox.EgressPolicy{} })
	if o.Status != canaryrun.Passed || o.Usage.Refused < 16 {
		t.Errorf("refused %d, %q\n%s", o.Usage.Refused, o.StateReason, logText(o))
	}
}

func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
