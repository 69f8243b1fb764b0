package blob_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"nephele.dev/nephele/internal/blob"
	"nephele.dev/nephele/internal/blob/blobtest"
	"nephele.dev/nephele/nepheletest"
)

func open(t testing.TB, url string) *blob.Store {
	t.Helper()
	s, err := blob.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) *blob.Store { return open(t, "file://"+t.TempDir()) })
}

func TestMemory(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) *blob.Store { return open(t, "mem://") })
}

// TestS3 runs the suite against an S3-compatible server of other hands.
func TestS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	endpoint := motoServer(t)
	n := 0
	blobtest.Run(t, func(t *testing.T) *blob.Store {
		n++
		name := fmt.Sprintf("suite-%d", n)
		request(t, http.MethodPut, endpoint+"/"+name)
		return open(t, fmt.Sprintf("s3://%s?endpoint=%s&region=us-east-1&use_path_style=true", name, endpoint))
	})
}

// TestOwnS3 runs the suite against our own S3, which is always there.
func TestOwnS3(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	server := nepheletest.Start(t)
	buckets := s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
	n := 0
	blobtest.Run(t, func(t *testing.T) *blob.Store {
		n++
		name := fmt.Sprintf("suite-%d", n)
		if _, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		return open(t, fmt.Sprintf("s3://%s?endpoint=%s&region=us-east-1&use_path_style=true", name, server.URL))
	})
}

// motoServer starts one on a free loopback port and waits until it serves.
func motoServer(t *testing.T) string {
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("no moto_server (pip install 'moto[server]'): the S3 driver stays untested")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	cmd := exec.CommandContext(t.Context(), path, "-H", "127.0.0.1", "-p", port)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), "Running on") {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return "http://127.0.0.1:" + port
		}
	}
	t.Fatal("moto_server ended before it served")
	return ""
}

func request(t *testing.T, method, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, url, resp.Status)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "relative/dir", "file://host/dir", "file:relative", "ftp://x", "gs://x", "s3://b?nonsense=1", "%zz"} {
		if s, err := blob.Open(t.Context(), url); err == nil {
			_ = s.Close()
			t.Errorf("Open(%q) accepted", url)
		}
	}
}

// TestDirectorySweep checks that a start clears what a crash left behind, and
// leaves alone an upload that another process may still be writing.
func TestDirectorySweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tmp := filepath.Join(dir, "tmp")
	if err := os.MkdirAll(filepath.Join(tmp, "reset-1", "objects"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"put-old": 2 * time.Hour, "put-young": time.Minute} {
		path := filepath.Join(tmp, name)
		then := time.Now().Add(-age)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	s, err := blob.Open(t.Context(), "file://"+dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil { // waits for the sweep
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 1 || left[0].Name() != "put-young" {
		t.Errorf("left in tmp: %v (%v), want put-young alone", left, err)
	}
}

func BenchmarkPut(b *testing.B) {
	for _, sync := range []string{"on", "off"} {
		for _, size := range []int{4 << 10, 1 << 20} {
			b.Run(fmt.Sprintf("sync=%s/%dKiB", sync, size>>10), func(b *testing.B) {
				s := open(b, "file://"+b.TempDir()+"?sync="+sync)
				body := bytes.Repeat([]byte("x"), size)
				b.SetBytes(int64(size))
				for i := 0; b.Loop(); i++ {
					if _, err := s.Put(b.Context(), fmt.Sprintf("b/%d", i), bytes.NewReader(body)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
