package synthetics

import (
	"errors"
	"os"
)

// scratch opens a temporary file without a name, so that nothing is left of it
// when the process is killed. Where a file cannot be made without a name, it has
// one for a moment.
func scratch() (*os.File, error) {
	if f, err := openNameless(os.TempDir()); err == nil {
		return f, nil
	}
	f, err := os.CreateTemp("", "nephele-canary-*.zip")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
