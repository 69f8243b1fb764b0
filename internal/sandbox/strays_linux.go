package sandbox

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A server that is killed takes its boxes along: bwrap dies with it, and what
// is inside with bwrap. One moment is not covered. Until the inner of bwrap's
// two processes has heard from the outer one it waits for it without end, even
// if that is dead. Such a process has run nothing yet and holds nothing, but it
// would stay. So bwrap's command line names the server's work directory, and
// whoever sweeps that directory ends what names it.

// brand is the option that marks a box's command line: a variable that cannot
// be set is not set.
func brand(dir string) []string { return []string{"--unsetenv", "box:" + dir} }

// endStrays kills the boxes of a dead server by its work directory.
func endStrays(dir string) {
	for _, pid := range branded(dir) {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// branded lists the processes whose command line has the brand of dir.
func branded(dir string) []int {
	mark := "\x00" + strings.Join(brand(dir), "\x00") + "\x00"
	procs, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is valid
	var pids []int
	for _, p := range procs {
		line, err := os.ReadFile(p)
		if err != nil || !strings.Contains(string(line), mark) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(p))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
