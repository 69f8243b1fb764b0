// Command calls measures how many control-plane calls a server answers in a
// second: a read (Logs DescribeLogGroups) or a durable write (Logs
// CreateLogStream), over a number of kept connections, each request signed with
// SigV4. It speaks plain HTTP/1.1 itself, so that as much as possible of the
// machine is left to the server, and works against any server that emulates AWS.
//
//	go run ./bench/calls -url http://127.0.0.1:4566 -op write -c 16 -d 10s
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

type load struct {
	url      *url.URL
	op       string
	key      aws.Credentials
	duration time.Duration
	run      int64 // makes names unique across runs
}

func main() {
	target := flag.String("url", "http://127.0.0.1:4566", "endpoint")
	op := flag.String("op", "read", "read or write")
	conns := flag.Int("c", 16, "connections")
	duration := flag.Duration("d", 10*time.Second, "how long")
	id := flag.String("id", "test", "access key id")
	secret := flag.String("secret", "test", "secret access key")
	flag.Parse()
	u, err := url.Parse(*target)
	if err != nil {
		fatal(err)
	}
	l := &load{url: u, op: *op, key: aws.Credentials{AccessKeyID: *id, SecretAccessKey: *secret}, duration: *duration, run: time.Now().UnixNano()}
	if err := l.prepare(); err != nil {
		fatal(err)
	}
	l.measure(*conns)
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "calls:", err)
	os.Exit(1)
}

// prepare makes the log group that both operations use.
func (l *load) prepare() error {
	c, err := l.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.call("Logs_20140328.CreateLogGroup", fmt.Sprintf(`{"logGroupName":"bench-%d"}`, l.run))
	return err
}

func (l *load) measure(conns int) {
	var mu sync.Mutex
	var all []time.Duration
	failures := 0
	var wg sync.WaitGroup
	start := time.Now()
	for n := range conns {
		wg.Go(func() {
			took, failed := l.worker(n, start.Add(l.duration))
			mu.Lock()
			defer mu.Unlock()
			all, failures = append(all, took...), failures+failed
		})
	}
	wg.Wait()
	elapsed := time.Since(start)
	slices.Sort(all)
	if len(all) == 0 {
		fatal(fmt.Errorf("no call succeeded, %d failed", failures))
	}
	fmt.Printf("%s: %.0f calls/s, p50 %v, p99 %v, %d failed (%d connections, %v)\n", l.op, float64(len(all))/elapsed.Seconds(),
		all[len(all)/2].Round(time.Microsecond), all[len(all)*99/100].Round(time.Microsecond), failures, conns, l.duration)
}

func (l *load) worker(n int, until time.Time) (took []time.Duration, failed int) {
	c, err := l.dial()
	if err != nil {
		return nil, 1
	}
	defer c.Close()
	for i := 0; time.Now().Before(until); i++ {
		target, body := "Logs_20140328.DescribeLogGroups", fmt.Sprintf(`{"logGroupNamePrefix":"bench-%d","limit":1}`, l.run)
		if l.op == "write" {
			target = "Logs_20140328.CreateLogStream"
			body = fmt.Sprintf(`{"logGroupName":"bench-%d","logStreamName":"s-%d-%d"}`, l.run, n, i)
		}
		start := time.Now()
		status, err := c.call(target, body)
		if err != nil || status != http.StatusOK {
			failed++
			if err != nil {
				return took, failed
			}
			continue
		}
		took = append(took, time.Since(start))
	}
	return took, failed
}

// patience is how long one call may take before it counts as failed.
const patience = 10 * time.Second

// conn is one connection, kept as long as the server keeps it.
type conn struct {
	net.Conn
	load *load
	in   *bufio.Reader
	sign *v4.Signer
}

func (l *load) dial() (*conn, error) {
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp", l.url.Host)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, load: l, in: bufio.NewReader(c), sign: v4.NewSigner()}, nil
}

// call signs and sends one request and reads the whole answer.
func (c *conn) call(target, body string) (status int, err error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.load.url.String()+"/", bytes.NewBufferString(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("X-Amz-Target", target)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	hash := sha256.Sum256([]byte(body))
	if err := c.sign.SignHTTP(context.Background(), c.load.key, req, hex.EncodeToString(hash[:]), "logs", "us-east-1", time.Now()); err != nil {
		return 0, err
	}
	if c.in == nil {
		if err := c.redial(); err != nil {
			return 0, err
		}
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	if err := req.Write(c); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.in, req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if resp.Close {
		c.in = nil
	}
	return resp.StatusCode, err
}

// redial replaces a connection that the server has ended.
func (c *conn) redial() error {
	_ = c.Close()
	next, err := c.load.dial()
	if err == nil {
		c.Conn, c.in = next.Conn, next.in
	}
	return err
}
