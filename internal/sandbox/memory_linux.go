package sandbox

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// niceness puts runs behind the server itself.
const niceness = 5

// treeMemory is the proportional set size of a process and its descendants, in
// bytes: the memory they would give back. Processes of a box stay below bwrap,
// because orphans go to the box's first process.
func treeMemory(root int) int64 {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		// The name is in parentheses and may hold anything; the parent is the
		// second field after it (proc(5)).
		end := bytes.LastIndexByte(text, ')')
		if end < 0 {
			continue
		}
		fields := bytes.Fields(text[end+1:])
		if len(fields) < 2 {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, _ := strconv.Atoi(string(fields[1]))
		children[parent] = append(children[parent], pid)
	}
	var sum int64
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		sum += counterKB(queue[0])
		queue = append(queue, children[queue[0]]...)
	}
	return sum
}

// userThreads counts the threads of a user.
func userThreads(uid int) (n int) {
	files, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		threads, own := 0, false
		for line := range bytes.Lines(text) {
			fields := bytes.Fields(line)
			switch {
			case len(fields) < 2:
			case string(fields[0]) == "Uid:":
				own = string(fields[1]) == strconv.Itoa(uid)
			case string(fields[0]) == "Threads:":
				threads, _ = strconv.Atoi(string(fields[1]))
			}
		}
		if own {
			n += threads
		}
	}
	return n
}

// counterKB reads the Pss line of a process, in bytes.
func counterKB(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) >= 2 && string(fields[0]) == "Pss:" {
			kb, _ := strconv.ParseInt(string(fields[1]), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// diskUsed is what is in use of the file system that dir is on, in bytes.
func diskUsed(dir *os.Root) int64 {
	if dir == nil {
		return 0
	}
	f, err := dir.Open(".")
	if err != nil {
		return 0
	}
	defer f.Close()
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &s); err != nil {
		return 0
	}
	return int64(s.Blocks-s.Bfree) * s.Bsize
}

// rands is a name nobody has.
func rands() string { return strconv.FormatUint(rand.Uint64(), 36) }
