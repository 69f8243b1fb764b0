package nodejs_test

import (
	"os"
	"testing"

	"nephele.dev/nephele/runtimes/nodejs"
)

func TestArchiveIsMadeFromTheseSources(t *testing.T) {
	t.Parallel()
	want, err := nodejs.SourceHash(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	err = nodejs.Files(func(name string, content []byte) error { seen[name] = string(content); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := seen[nodejs.Manifest]; got != want {
		t.Errorf("dist/runtime.tar.gz was made from other sources (%.12s, these are %.12s); run go generate ./runtimes/nodejs", got, want)
	}
	notices, err := os.ReadFile("THIRD_PARTY")
	if err != nil {
		t.Fatal(err)
	}
	if seen["NOTICE"] != string(notices) {
		t.Error("THIRD_PARTY is not the NOTICE of the archive; run go generate ./runtimes/nodejs")
	}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := nodejs.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		nodejs.Main, "NOTICE", "node_modules/Synthetics/index.cjs", "node_modules/@aws/synthetics-puppeteer/index.mjs",
		"node_modules/SyntheticsLink/package.json", "node_modules/@aws/synthetics-log-helper/index.cjs",
	} {
		if _, err := os.Stat(dir + "/" + name); err != nil {
			t.Error(err)
		}
	}
}
