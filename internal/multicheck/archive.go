package multicheck

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
)

// The files of an archive, at its root.
const (
	ConfigFile   = "blueprint-config.json"
	SettingsFile = "synthetics.json" // may be absent
)

// Check reads an archive as a run would, and says what is wrong with it. AWS
// does not do so before the first run, which then fails.
func Check(r io.ReaderAt, size int64) error {
	_, _, err := Open(r, size)
	return err
}

// Open reads an archive. The error is an *Error.
func Open(r io.ReaderAt, size int64) (*Plan, Settings, error) {
	settings := DefaultSettings()
	if size > maxArchive {
		return nil, settings, &Error{"the archive", []Problem{{"", fmt.Sprintf("is larger than %d MB", maxArchive>>20)}}}
	}
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, settings, &Error{"the archive", []Problem{{"", "cannot be read: " + err.Error()}}}
	}
	config, err := file(z, ConfigFile)
	if err != nil {
		return nil, settings, err
	}
	if config == nil {
		return nil, settings, &Error{"the archive", []Problem{{"", "has no " + ConfigFile + " at its root"}}}
	}
	plan, err := Parse(config)
	if err != nil {
		return nil, settings, err
	}
	if b, err := file(z, SettingsFile); err != nil {
		return nil, settings, err
	} else if b != nil {
		settings, err = ParseSettings(b)
		return plan, settings, err
	}
	return plan, settings, nil
}

// file reads a file of the archive; nil when there is none. Its size is what
// comes out, not what the header claims.
func file(z *zip.Reader, name string) ([]byte, error) {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return nil, &Error{name, []Problem{{"", "cannot be read: " + err.Error()}}}
		}
		defer in.Close()
		b, err := io.ReadAll(io.LimitReader(in, MaxConfig+1))
		if err != nil {
			return nil, &Error{name, []Problem{{"", "cannot be read: " + err.Error()}}}
		}
		return b, nil
	}
	return nil, nil
}
