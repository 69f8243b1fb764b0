package s3

import (
	"crypto/md5" //nolint:gosec // test data
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestBucketNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"abc": true, "my.bucket-1": true, "1abc": true, strings.Repeat("a", 63): true, "a-.b": true,
		"ab": false, strings.Repeat("a", 64): false, "Abc": false, "a_b": false, "-abc": false, "abc-": false,
		".abc": false, "a..b": false, "192.168.5.4": false, "192.168.5": true, "xn--abc": false,
		"sthree-abc": false, "abc-s3alias": false, "abc--ol-s3": false, "abc.mrap": false, "abc--x-s3": false, "": false,
	} {
		if got := validBucketName(name); got != want {
			t.Errorf("validBucketName(%q) = %v", name, got)
		}
	}
}

func TestParseRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text           string
		size           int64
		offset, length int64
		ok, fails      bool
	}{
		{"bytes=0-0", 10, 0, 1, true, false},
		{"bytes=3-", 10, 3, 7, true, false},
		{"bytes=3-100", 10, 3, 7, true, false},
		{"bytes=-4", 10, 6, 4, true, false},
		{"bytes=-40", 10, 0, 10, true, false},
		{"bytes=10-", 10, 0, 0, false, true},
		{"bytes=99999999999999999999-", 10, 0, 0, false, true},
		{"bytes=0-99999999999999999999", 10, 0, 10, true, false},
		{"bytes=-0", 10, 0, 0, false, true},
		{"bytes=0-", 0, 0, 0, false, true},
		{"bytes=5-3", 10, 0, 0, false, false},
		{"bytes=0-1,3-4", 10, 0, 0, false, false},
		{"bytes=a-b", 10, 0, 0, false, false},
		{"bytes=-", 10, 0, 0, false, false},
		{"lines=1-2", 10, 0, 0, false, false},
	} {
		p, ok, err := parseRange(c.text, c.size)
		if ok != c.ok || (err != nil) != c.fails || p.offset != c.offset || p.length != c.length {
			t.Errorf("parseRange(%q, %d) = %v, %v, %v", c.text, c.size, p, ok, err)
		}
	}
}

// RFC 9110 section 13.2.2, and S3's own table of combined conditions.
func TestReadConditions(t *testing.T) {
	t.Parallel()
	o := object{ETag: "abc", Modified: time.Date(2026, 3, 1, 12, 0, 0, 500e6, time.UTC)}
	before, same, later := o.Modified.Add(-time.Hour), o.Modified.Truncate(time.Second), time.Now().Add(time.Hour)
	for _, c := range []struct {
		name string
		cond readCondition
		want string
	}{
		{"none", readCondition{}, "200"},
		{"match", readCondition{ifMatch: new(`"abc"`)}, "200"},
		{"match bare", readCondition{ifMatch: new(`abc`)}, "200"},
		{"match any", readCondition{ifMatch: new(`*`)}, "200"},
		{"match list", readCondition{ifMatch: new(`"x", "abc"`)}, "200"},
		{"no match", readCondition{ifMatch: new(`"x"`)}, "412"},
		{"match overrules the date", readCondition{ifMatch: new(`"abc"`), notModified: &before}, "200"},
		{"modified since then", readCondition{notModified: &before}, "412"},
		{"not modified since", readCondition{notModified: &same}, "200"},
		{"none match", readCondition{ifNoneMatch: new(`"x"`)}, "200"},
		{"none match fails", readCondition{ifNoneMatch: new(`"abc"`)}, "304"},
		{"none match fails, date holds", readCondition{ifNoneMatch: new(`"abc"`), modified: &before}, "304"},
		{"if modified", readCondition{modified: &before}, "200"},
		{"if modified, to the second", readCondition{modified: &same}, "304"},
		{"a date to come is no condition", readCondition{modified: &later}, "200"},
	} {
		unmodified, err := c.cond.check(o)
		got := "200"
		if unmodified {
			got = "304"
		}
		if err != nil {
			got = "412"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAfterIsTheLeastUpperBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.String().Draw(t, "prefix")
		end, ok := after(prefix)
		if !ok {
			if strings.Trim(prefix, string(utf8.MaxRune)) != "" {
				t.Fatalf("no string after %q", prefix)
			}
			return
		}
		if !utf8.ValidString(end) || end <= prefix || strings.HasPrefix(end, prefix) {
			t.Fatalf("after(%q) = %q", prefix, end)
		}
		if s := prefix + rapid.String().Draw(t, "rest"); s >= end {
			t.Fatalf("%q is not below after(%q) = %q", s, prefix, end)
		}
		if s := rapid.String().Draw(t, "other"); s > prefix && s < end && !strings.HasPrefix(s, prefix) {
			t.Fatalf("%q lies below after(%q) = %q", s, prefix, end)
		}
	})
	if end, _ := after("a\uD7FF"); end != "a\uE000" {
		t.Errorf("behind the surrogates: %q", end)
	}
}

// The CRC of a whole is that of its parts combined, for every algorithm.
func TestCombine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOf(rapid.Byte()).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "b")
		for name, alg := range algorithms {
			if alg.crc == nil {
				continue
			}
			crc := func(p []byte) uint64 { return alg.crc.decode(sumOf(alg.new(), p)) }
			if got, want := alg.crc.combine(crc(a), crc(b), int64(len(b))), crc(slices.Concat(a, b)); got != want {
				t.Fatalf("%s: %x, want %x", name, got, want)
			}
		}
	})
}

func sumOf(h hash.Hash, p []byte) []byte {
	h.Write(p)
	return h.Sum(nil)
}

// Check values from the catalogue of parametrised CRC algorithms ("123456789").
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"CRC32": "y/Q5Jg==", "CRC32C": "4waSgw==", "CRC64NVME": "rosUhgp5mIg=",
	} {
		if got := encodeSum(sumOf(algorithms[name].new(), []byte("123456789"))); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	// XXHash publishes the sums of nothing.
	for name, want := range map[string]string{
		"XXHASH64": "ef46db3751d8e999", "XXHASH3": "2d06800538d394c2", "XXHASH128": "99aa06d3014798d86001c324468d497f",
	} {
		if got := hex.EncodeToString(sumOf(algorithms[name].new(), nil)); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	for name, a := range algorithms {
		if n := len(sumOf(a.new(), nil)); n != a.size || a.new().Size() != n {
			t.Errorf("%s has %d bytes, not %d", name, n, a.size)
		}
	}
	if algorithms["MD5"].size != md5.Size {
		t.Error("MD5 size")
	}
}

func TestContentEncoding(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "gzip": "gzip", "aws-chunked": "", "aws-chunked,gzip": "gzip", "gzip, aws-chunked": "gzip", "gzip, br": "gzip, br",
	} {
		if got := contentEncoding(in); got != want {
			t.Errorf("contentEncoding(%q) = %q, want %q", in, got, want)
		}
	}
}
