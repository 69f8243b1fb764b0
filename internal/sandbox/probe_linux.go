package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// probeTime limits the trial run.
const probeTime = 20 * time.Second

// newBox looks at the machine and makes the box it allows. The level says what
// was found; below GradePartial the box is not usable.
func newBox(ctx context.Context, o Options, s *spaces) (*box, Level) {
	b := &box{o: o, spaces: s, filter: seccompFilter()}
	l := Level{Grade: GradeNone, SyscallFilter: b.filter != nil}
	path := o.Bubblewrap
	if path == "" {
		path = "bwrap"
	}
	path, err := exec.LookPath(path)
	if err != nil {
		l.Findings = append(l.Findings, Finding{
			Check: "bubblewrap", Detail: "bwrap is not installed", Fix: "apt-get install bubblewrap",
		})
		return b, l
	}
	b.bwrap = path
	l.Findings = append(l.Findings, Finding{Check: "bubblewrap", OK: true, Detail: path})
	if f := reachable(s.dir); !f.OK {
		l.Findings = append(l.Findings, f)
		return b, l
	}
	b.home, l.Findings = probeCgroups(l.Findings)
	l.CgroupLimits = b.home != nil
	l.Findings = append(l.Findings, filterFinding(b.filter))
	nested, f := b.trial(ctx)
	l.Findings = append(l.Findings, f...)
	if !f[0].OK {
		return b, l
	}
	l.BrowserSandbox = nested
	l.Grade = GradePartial
	if nested && l.CgroupLimits && l.SyscallFilter {
		l.Grade = GradeFull
	}
	b.level = l
	return b, l
}

// reachable checks that a run's user can get to its workspace.
func reachable(dir string) Finding {
	f := Finding{Check: "work directory", OK: true, Detail: dir}
	if os.Getuid() != 0 {
		return f
	}
	for path := dir; ; {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			f.OK, f.Detail = false, path+" may not be passed through by other users"
			f.Fix = "set TMPDIR to a directory that every user may pass through, such as /tmp"
			return f
		}
		parent := path[:max(1, strings.LastIndexByte(path, '/'))]
		if parent == path {
			return f
		}
		path = parent
	}
}

// probeCgroups looks for cgroups that can be extended.
func probeCgroups(findings []Finding) (*cgroupHome, []Finding) {
	home, err := findCgroups()
	if err != nil {
		return nil, append(findings, Finding{
			Check: "cgroups", Detail: err.Error() + "; memory is sampled instead",
			Fix: "run as root, or delegate a cgroup (systemd: Delegate=yes)",
		})
	}
	home.sweep()
	return home, append(findings, Finding{Check: "cgroups", OK: true, Detail: "memory and process limits by cgroup"})
}

func filterFinding(filter []byte) Finding {
	if filter == nil {
		return Finding{Check: "system call filter", Detail: "not known for this architecture", Fix: "use amd64 or arm64"}
	}
	return Finding{Check: "system call filter", OK: true, Detail: "installed"}
}

// trial runs a box that tries to make user, pid and network namespaces, which
// is what a browser's own sandbox does.
func (b *box) trial(ctx context.Context) (nested bool, findings []Finding) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	w, err := b.spaces.make("probe")
	if err != nil {
		return false, []Finding{{Check: "user namespaces", Detail: err.Error(), Fix: "make room in the work directory"}}
	}
	defer w.Close()
	var stdout, stderr bytes.Buffer
	result, err := b.Run(ctx, Spec{
		ID: "probe", OutDir: w.Out, MemoryMB: 128, DiskMB: 1, Timeout: probeTime, Stdout: &stdout, Stderr: &stderr,
		Env:  map[string]string{"PATH": "/usr/bin:/bin"},
		Argv: []string{"/bin/sh", "-c", "echo up; unshare -Urnpf true && echo nested"},
	})
	if err == nil && !strings.HasPrefix(stdout.String(), "up\n") {
		err = fmt.Errorf("the trial run failed (exit code %d): %s", result.ExitCode, strings.TrimSpace(stderr.String()))
	}
	if err != nil {
		return false, []Finding{{Check: "user namespaces", Detail: err.Error(), Fix: namespaceFix()}}
	}
	findings = []Finding{{Check: "user namespaces", OK: true, Detail: "a trial box ran"}}
	if nested = strings.Contains(stdout.String(), "nested"); !nested {
		return false, append(findings, Finding{
			Check:  "browser sandbox",
			Detail: "namespaces cannot be nested; browsers run with --no-sandbox inside the box: " + strings.TrimSpace(stderr.String()),
			Fix:    "allow nested user namespaces (sysctl user.max_user_namespaces)",
		})
	}
	return true, append(findings, Finding{Check: "browser sandbox", OK: true, Detail: "browsers keep their own sandbox"})
}

// namespaceFix names the switch that most likely stands in the way.
func namespaceFix() string {
	for path, fix := range map[string]string{
		"/proc/sys/kernel/unprivileged_userns_clone":             "sysctl kernel.unprivileged_userns_clone=1",
		"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap",
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		restricts := strings.Contains(path, "restrict") == (strings.TrimSpace(string(text)) == "1")
		if restricts {
			return fix
		}
	}
	return "allow unprivileged user namespaces (sysctl user.max_user_namespaces, or the container's security profile)"
}
