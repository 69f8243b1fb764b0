package kms

import (
	"bytes"
	"errors"
	"testing"
)

const testARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

func testBlob(t testing.TB, text string, context map[string]string) []byte {
	t.Helper()
	raw := bytes.Repeat([]byte("k"), 32)
	b, err := sealBlob(testARN, materialID(recordKey, raw), raw, []byte(text), context)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var recordKey = keyOfWork("123456789012/eu-west-1/1234abcd-12ab-34cd-56ef-1234567890ab")

// FuzzParseBlob checks that no bytes upset the parser, and that what it accepts
// lies wholly within what was sent.
func FuzzParseBlob(f *testing.F) {
	f.Add([]byte{})
	f.Add(testBlob(f, "text", nil))
	f.Add(testBlob(f, "", map[string]string{"a": "b"}))
	f.Add(append([]byte{1, 255, 255}, make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseBlob(b)
		if err != nil {
			if !errors.Is(err, errBlob) {
				t.Errorf("%v", err)
			}
			return
		}
		if !bytes.Equal(append(bytes.Clone(got.header), got.sealed...), b) {
			t.Error("header and ciphertext are not the whole")
		}
		if len(got.material) != 64 || len(got.salt) != saltSize || len(got.nonce) != nonceSize || len(got.sealed) < tagSize {
			t.Errorf("%+v", got)
		}
		if _, err := got.open(bytes.Repeat([]byte("x"), 32), nil); !errors.Is(err, errBlob) {
			t.Errorf("opened by a key that never sealed: %v", err)
		}
	})
}

// TestContextsDiffer checks that encryption contexts that look alike are not
// the same to the cipher.
func TestContextsDiffer(t *testing.T) {
	t.Parallel()
	contexts := []map[string]string{
		nil, {"": ""}, {"a": ""}, {"": "a"}, {"a": "b"}, {"ab": ""}, {"a": "", "b": ""}, {"a": "b", "": ""}, {"A": "b"}, {"a": "\x00b"},
	}
	seen := map[string]int{}
	for i, c := range contexts {
		text := string(bound(nil, c))
		if j, twice := seen[text]; twice {
			t.Errorf("%v and %v are the same", contexts[j], c)
		}
		seen[text] = i
	}
}
