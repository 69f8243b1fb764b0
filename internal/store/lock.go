package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// dirLock is an advisory lock on a data directory. The kernel lets go of it
// when the process ends, however it ends, so there is nothing to clean up.
type dirLock struct{ file *os.File }

// lockDir takes the lock of dir, or says who has it.
func lockDir(dir string) (*dirLock, error) {
	name := filepath.Join(dir, "nephele.lock")
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return claimLock(file)
	}
	defer file.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	holder, _ := io.ReadAll(io.LimitReader(file, 32))
	return nil, fmt.Errorf("data directory %s is in use by another nephele (process %s): stop it, or choose another directory",
		dir, strings.TrimSpace(string(holder)))
}

// claimLock leaves our process id for the error message of the next comer.
func claimLock(file *os.File) (*dirLock, error) {
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(fmt.Errorf("write lock file: %w", err), file.Close())
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return nil, errors.Join(fmt.Errorf("write lock file: %w", err), file.Close())
	}
	return &dirLock{file}, nil
}

// release lets go of the lock. Closing alone would not: a process that this one
// is starting holds a copy of the file until it has become another program.
func (l *dirLock) release() error {
	if l == nil {
		return nil
	}
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}

// nodeName reads the directory's name, or gives it one.
func nodeName(dir string) (string, error) {
	path := filepath.Join(dir, "node")
	name, err := os.ReadFile(path)
	if err == nil && len(name) > 0 {
		return strings.TrimSpace(string(name)), nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read node name: %w", err)
	}
	fresh := rand.Text()[:12]
	if err := os.WriteFile(path, []byte(fresh+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("write node name: %w", err)
	}
	return fresh, nil
}
