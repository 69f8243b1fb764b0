package crash

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"nephele.dev/nephele/internal/store/storetest"
)

// marker begins every text that is given to the server to keep. Its length is a
// multiple of three, so that it can be recognized in base64.
var marker = "confidential-" + strings.ToLower(rand.Text()[:14])

// confidence makes a text that nobody else has, for the server to keep.
func confidence() string { return marker + rand.Text() }

// confidences are the secrets that the server made: none of them, nor the
// marker, may be in its files and logs as it is.
type confidences struct {
	mu   sync.Mutex
	keys []string
}

// confidencesKept bounds what is searched for: the first and the last ones.
const confidencesKept = 60

func (c *confidences) key(secret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) == confidencesKept {
		c.keys = append(c.keys[:confidencesKept/2], c.keys[confidencesKept/2+1:]...)
	}
	c.keys = append(c.keys, secret)
}

// verify searches the data directory, the logs and the tables of a dead server.
func (c *confidences) verify(t *testing.T, s *server, database string) {
	forms := map[string][]byte{}
	for _, secret := range append(c.keys, marker, root.SecretAccessKey) {
		forms["plain "+secret] = []byte(secret)
		if raw, err := base64.StdEncoding.DecodeString(secret); err == nil {
			forms["raw "+secret] = raw
		}
	}
	forms["marker in base64"] = []byte(base64.StdEncoding.EncodeToString([]byte(marker)))
	forms["marker in hex"] = []byte(hex.EncodeToString([]byte(marker)))
	known := false // what is no secret, to see that the search finds anything
	search := func(where string, text []byte) {
		known = known || bytes.Contains(text, []byte(keyUser))
		for name, form := range forms {
			if bytes.Contains(text, form) {
				t.Errorf("%s has a secret in it: %s", where, name)
			}
		}
	}
	size := 0
	if database != "" {
		storetest.Dump(t, database, func(table string, text []byte) {
			search("table "+table, text)
			size += len(text)
		})
	}
	size += searchFiles(t, s.data, search)
	if !known {
		t.Errorf("nothing of %s in %d bytes", keyUser, size)
	}
	search("the log", s.logs.Bytes())
	t.Logf("secrets: %d forms not found in %d bytes, nor in %d of logs", len(forms), size, s.logs.Len())
}

func searchFiles(t *testing.T, dir string, search func(where string, text []byte)) (size int) {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		search(path, text)
		size += len(text)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return size
}
