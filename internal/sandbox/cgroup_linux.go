package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// controllers are the cgroup controllers a box uses. Without the first two
// there are no limits; without the last CPU time comes from rusage.
var controllers = []string{"memory", "pids", "cpuacct"}

// cgroupHome is where the machine lets us make cgroups: one directory in the
// unified hierarchy (version 2), or one per controller (version 1).
type cgroupHome struct {
	v2 string
	v1 map[string]string
}

// cgroup is the cgroup of one run.
type cgroup struct {
	v2 string
	v1 map[string]string
}

// findCgroups looks for a place, trying each by making and removing a cgroup.
func findCgroups() (*cgroupHome, error) {
	mounts, err := cgroupMounts("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	paths, err := ownCgroups("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	if home := findV1(mounts, paths); home != nil {
		return home, nil
	}
	if home := findV2(mounts[""], paths[""]); home != nil {
		return home, nil
	}
	return nil, errors.New("no cgroup hierarchy with memory and pids that this user may extend")
}

// cgroupMounts maps controllers to mount points; "" is the unified hierarchy.
func cgroupMounts(file string) (map[string]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	out := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 {
			continue
		}
		switch fields[2] {
		case "cgroup2":
			out[""] = fields[1]
		case "cgroup":
			for option := range strings.SplitSeq(fields[3], ",") {
				out[option] = fields[1]
			}
		}
	}
	return out, lines.Err()
}

// ownCgroups maps controllers to the path of this process's cgroup.
func ownCgroups(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			out[controller] = parts[2]
		}
	}
	return out, nil
}

// findV1 wants memory and pids each in a hierarchy of version 1.
func findV1(mounts, paths map[string]string) *cgroupHome {
	home := &cgroupHome{v1: map[string]string{}}
	for _, c := range controllers {
		if mounts[c] == "" {
			continue
		}
		for _, dir := range []string{filepath.Join(mounts[c], paths[c]), mounts[c]} {
			if home.v1[c] == "" && mayExtend(dir, "cgroup.procs") {
				home.v1[c] = dir
			}
		}
	}
	if home.v1["memory"] == "" || home.v1["pids"] == "" {
		return nil
	}
	return home
}

// findV2 walks from our own cgroup towards the root to the first one whose
// children have the controllers. Our own has none when it holds processes
// ("no internal processes", Documentation/admin-guide/cgroup-v2.rst), so most
// often this is a parent delegated to us or, for root, the root.
func findV2(mount, path string) *cgroupHome {
	if mount == "" {
		return nil
	}
	for {
		dir := filepath.Join(mount, path)
		_ = os.WriteFile(filepath.Join(dir, "cgroup.subtree_control"), []byte("+memory +pids"), 0)
		if mayExtend(dir, "memory.max") {
			return &cgroupHome{v2: dir}
		}
		if path == "/" || path == "" || path == "." {
			return nil
		}
		path = filepath.Dir(path)
	}
}

// mayExtend tries to make a cgroup in dir and looks for file in it.
func mayExtend(dir, file string) bool {
	try, err := os.MkdirTemp(dir, "nephele-probe-")
	if err != nil {
		return false
	}
	defer os.Remove(try)
	f, err := os.OpenFile(filepath.Join(try, file), os.O_WRONLY, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

// make makes the cgroup of a run.
func (h *cgroupHome) make(id string, memoryMB, pids int) (_ *cgroup, err error) {
	g := &cgroup{v1: map[string]string{}}
	defer func() {
		if err != nil {
			g.remove()
		}
	}()
	memory := strconv.Itoa(memoryMB << 20)
	if h.v2 != "" {
		if g.v2, err = os.MkdirTemp(h.v2, "nephele-"+id+"-"); err != nil {
			return nil, err
		}
		_ = set(g.v2, "memory.swap.max", "0")
		_ = set(g.v2, "memory.oom.group", "1")
		return g, errors.Join(set(g.v2, "memory.max", memory), set(g.v2, "pids.max", strconv.Itoa(pids)))
	}
	for c, parent := range h.v1 {
		if g.v1[c], err = os.MkdirTemp(parent, "nephele-"+id+"-"); err != nil {
			return nil, err
		}
	}
	if err := set(g.v1["memory"], "memory.limit_in_bytes", memory); err != nil {
		return nil, err
	}
	_ = set(g.v1["memory"], "memory.memsw.limit_in_bytes", memory) // absent without swap accounting
	return g, set(g.v1["pids"], "pids.max", strconv.Itoa(pids))
}

// sweepAge keeps sweep away from cgroups that a neighbour has just made.
const sweepAge = 2 * time.Minute

// sweep removes the cgroups of servers that were killed. One that is in use
// cannot be removed, and one that is about to be is young.
func (h *cgroupHome) sweep() {
	for _, parent := range append([]string{h.v2}, values(h.v1)...) {
		if parent == "" {
			continue
		}
		left, _ := filepath.Glob(filepath.Join(parent, "nephele-run-*"))
		for _, dir := range left {
			if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > sweepAge {
				_ = syscall.Rmdir(dir)
			}
		}
	}
}

func values(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

func set(dir, file, value string) error {
	f, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// dirs are the directories of the cgroup.
func (g *cgroup) dirs() []string {
	out := values(g.v1)
	if g.v2 != "" {
		out = append(out, g.v2)
	}
	return out
}

// add moves processes in.
func (g *cgroup) add(pids ...int) error {
	for _, dir := range g.dirs() {
		for _, pid := range pids {
			if err := set(dir, "cgroup.procs", strconv.Itoa(pid)); err != nil {
				return fmt.Errorf("cgroup: %w", err)
			}
		}
	}
	return nil
}

// outOfMemory reports whether the kernel killed anything for memory.
func (g *cgroup) outOfMemory() bool {
	if g.v2 != "" {
		return counter(g.v2, "memory.events", "oom_kill") > 0
	}
	return counter(g.v1["memory"], "memory.oom_control", "oom_kill") > 0
}

// peak is the most memory ever in use, in bytes; 0 when unknown.
func (g *cgroup) peak() int64 {
	if g.v2 != "" {
		return counter(g.v2, "memory.peak", "") // since Linux 5.19
	}
	return counter(g.v1["memory"], "memory.max_usage_in_bytes", "")
}

// cpu is the time used by all processes that ever were in the cgroup.
func (g *cgroup) cpu() time.Duration {
	if g.v2 != "" {
		return time.Duration(counter(g.v2, "cpu.stat", "usage_usec")) * time.Microsecond
	}
	if g.v1["cpuacct"] == "" {
		return 0
	}
	return time.Duration(counter(g.v1["cpuacct"], "cpuacct.usage", ""))
}

// counter reads a number from a cgroup file: the only one, or the one after key.
func counter(dir, file, key string) int64 {
	text, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if key == "" && len(fields) == 1 || len(fields) == 2 && fields[0] == key {
			n, _ := strconv.ParseInt(fields[len(fields)-1], 10, 64)
			return n
		}
	}
	return 0
}

// processes lists who is still inside.
func (g *cgroup) processes() []int {
	var out []int
	for _, dir := range g.dirs() {
		text, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				out = append(out, pid)
			}
		}
	}
	return out
}

// remove kills whoever is left and removes the cgroup. The box's pid namespace
// is gone by then, so there is nobody; this is the second lock on the door.
func (g *cgroup) remove() {
	deadline := time.Now().Add(killWait)
	for _, dir := range g.dirs() {
		for {
			err := syscall.Rmdir(dir)
			if err == nil || errors.Is(err, os.ErrNotExist) || time.Now().After(deadline) {
				break
			}
			for _, pid := range g.processes() {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}
