package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// passed are the file descriptors that bwrap inherits. It reads them and
// closes them before the program starts.
type passed struct {
	files []*os.File
}

// add passes f and returns the number it has in bwrap.
func (p *passed) add(f *os.File) string {
	p.files = append(p.files, f)
	return strconv.Itoa(2 + len(p.files))
}

// data passes a file that exists in memory alone. Arguments and environment
// travel this way too: a command line can be read by every user of the host.
func (p *passed) data(name string, content []byte) (fd string, err error) {
	n, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return "", fmt.Errorf("sandbox: memfd: %w", err)
	}
	f := os.NewFile(uintptr(n), name)
	if _, err := f.WriteAt(content, 0); err != nil {
		_ = f.Close()
		return "", fmt.Errorf("sandbox: memfd: %w", err)
	}
	return p.add(f), nil
}

// pipe passes one end of a pipe and returns the other.
func (p *passed) pipe(passReader bool) (ours *os.File, fd string, err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	ours, theirs := r, w
	if passReader {
		ours, theirs = w, r
	}
	// bwrap takes "would block" for an answer, and would not wait.
	if err := unix.SetNonblock(int(theirs.Fd()), false); err != nil {
		return nil, "", errors.Join(err, r.Close(), w.Close())
	}
	return ours, p.add(theirs), nil
}

// close closes our copies.
func (p *passed) close() error {
	var errs []error
	for _, f := range p.files {
		errs = append(errs, f.Close())
	}
	p.files = nil
	return errors.Join(errs...)
}
