package canaryrun_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"time"

	"nephele.dev/nephele/internal/sandbox/canaryrun"
)

// hostile makes an archive with one odd entry.
func hostile(t testing.TB, h *zip.FileHeader, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	f, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// nested makes a small archive whose names imply many directories.
func nested(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i := range 50 {
		if _, err := w.Create(strconv.Itoa(i) + strings.Repeat("/d", 450) + "/f"); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileArchives(t *testing.T) {
	t.Parallel()
	link := &zip.FileHeader{Name: "nodejs/link"}
	link.SetMode(fs.ModeSymlink | 0o777)
	device := &zip.FileHeader{Name: "nodejs/device"}
	device.SetMode(fs.ModeDevice | 0o666)
	bomb := hostile(t, &zip.FileHeader{Name: "big", Method: zip.Deflate}, strings.Repeat("\x00", 251<<20))
	tests := map[string][]byte{
		"not a zip":       []byte("PK nothing"),
		"empty":           {},
		"parent":          hostile(t, &zip.FileHeader{Name: "../evil.js"}, "x"),
		"deep parent":     hostile(t, &zip.FileHeader{Name: "a/../../evil.js"}, "x"),
		"absolute":        hostile(t, &zip.FileHeader{Name: "/etc/evil"}, "x"),
		"backslash":       hostile(t, &zip.FileHeader{Name: `a\..\evil.js`}, "x"),
		"zero byte":       hostile(t, &zip.FileHeader{Name: "a\x00b"}, "x"),
		"symbolic link":   hostile(t, link, "/etc/passwd"),
		"device":          hostile(t, device, ""),
		"bomb":            bomb,
		"all directories": nested(t),
		"encrypted":       hostile(t, &zip.FileHeader{Name: "a", Flags: 1}, "x"),
	}
	for name, archive := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := canaryrun.CheckCode(bytes.NewReader(archive), int64(len(archive))); !errors.Is(err, canaryrun.ErrBadCode) {
				t.Errorf("CheckCode: %v", err)
			}
			o, err := runner.Run(t.Context(), canaryrun.Job{
				RunID: "hostile", Handler: "index.handler", Zip: bytes.NewReader(archive), Size: int64(len(archive)), Timeout: time.Second,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer o.Close()
			if o.Status != canaryrun.Failed || o.StateReason == "" {
				t.Errorf("%s %q", o.Status, o.StateReason)
			}
		})
	}
}

// A header that claims less than what comes out must not get it unpacked.
func TestArchiveThatLiesAboutItsSize(t *testing.T) {
	t.Parallel()
	archive := hostile(t, &zip.FileHeader{Name: "index.js", Method: zip.Store}, strings.Repeat("x", 1000))
	// The uncompressed size in the central directory, 24 bytes into its entry.
	at := bytes.Index(archive, []byte("PK\x01\x02")) + 24
	archive[at], archive[at+1] = 1, 0
	o, err := runner.Run(t.Context(), canaryrun.Job{
		RunID: "lies", Handler: "index.handler", Zip: bytes.NewReader(archive), Size: int64(len(archive)), Timeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Status != canaryrun.Failed || !strings.Contains(o.StateReason, "code archive") {
		t.Errorf("%s %q", o.Status, o.StateReason)
	}
}

func FuzzCheckCode(f *testing.F) {
	f.Add(hostile(f, &zip.FileHeader{Name: "nodejs/node_modules/index.js"}, "exports.handler = 1"))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		err := canaryrun.CheckCode(bytes.NewReader(archive), int64(len(archive)))
		if err != nil && !errors.Is(err, canaryrun.ErrBadCode) {
			t.Errorf("error %v", err)
		}
	})
}
