package synthetics

import (
	"os"

	"golang.org/x/sys/unix"
)

// openNameless makes a file in dir that never has a name. Not all file systems
// can.
func openNameless(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600)
}
