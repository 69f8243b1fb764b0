package sandbox

import (
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// etcPaths are the parts of /etc that programs need and nobody minds: fonts,
// certificates, time, and the loader's cache.
var etcPaths = []string{
	"/etc/fonts", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/alternatives",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/mime.types",
	"/etc/pki/tls", "/etc/pki/ca-trust", "/etc/crypto-policies",
}

// etcFiles are written for the box: it has one user, one host and no DNS.
var etcFiles = map[string]string{
	"/etc/passwd":        "box:x:1000:1000:box:" + BoxHome + ":/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
	"/etc/group":         "box:x:1000:\nnogroup:x:65534:\n",
	"/etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
	"/etc/machine-id":    "00000000000000000000000000000000\n",
}

// boxArgs builds bwrap's arguments in the order in which it performs them.
type boxArgs struct {
	args  []string
	files *passed
}

func (b *boxArgs) add(args ...string) { b.args = append(b.args, args...) }

// arguments are those of one run. marker is made last: when it can be seen,
// the box is complete.
func arguments(spec Spec, socket, marker string, filter []byte, files *passed) ([]string, error) {
	b := &boxArgs{files: files}
	b.add("--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
		"--uid", "1000", "--gid", "1000", "--hostname", "box",
		"--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv")
	b.system()
	if err := b.etc(); err != nil {
		return nil, err
	}
	b.writable(spec)
	if spec.CodeDir != "" {
		b.add("--ro-bind", spec.CodeDir, BoxCode)
	}
	for _, m := range spec.Mounts {
		b.add("--ro-bind", m.Host, m.Box)
	}
	if socket != "" {
		b.add("--dir", "/run/nephele", "--bind", socket, BoxProxy)
	}
	if filter != nil {
		fd, err := files.data("seccomp", filter)
		if err != nil {
			return nil, err
		}
		b.add("--seccomp", fd)
	}
	// What bwrap made itself is a tmpfs without a size: nobody may fill it.
	b.add("--dir", marker, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", BoxOut)
	for _, name := range slices.Sorted(maps.Keys(spec.Env)) {
		b.add("--setenv", name, spec.Env[name])
	}
	return b.args, nil
}

// system mounts the programs and libraries, and fresh /proc and /dev.
func (b *boxArgs) system() {
	b.add("--ro-bind", "/usr", "/usr")
	for _, dir := range []string{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"} {
		if target, err := os.Readlink(dir); err == nil {
			b.add("--symlink", strings.TrimPrefix(target, "/"), dir)
		} else if _, err := os.Stat(dir); err == nil {
			b.add("--ro-bind", dir, dir)
		}
	}
	// Without the cache every browser would read every font of the machine.
	b.add("--ro-bind-try", "/var/cache/fontconfig", "/var/cache/fontconfig", "--proc", "/proc", "--dev", "/dev")
}

// etc mounts the allowed parts of /etc and the files of our own.
func (b *boxArgs) etc() error {
	for _, path := range etcPaths {
		if _, err := os.Stat(path); err == nil {
			b.add("--ro-bind-try", path, path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(etcFiles)) {
		fd, err := b.files.data(path, []byte(etcFiles[path]))
		if err != nil {
			return err
		}
		b.add("--perms", "0444", "--ro-bind-data", fd, path)
	}
	return nil
}

// writable mounts the three places that can be written, each with its size.
func (b *boxArgs) writable(spec Spec) {
	size := func(mb int) string { return strconv.FormatInt(int64(mb)<<20, 10) }
	b.add("--perms", "1777", "--size", size(shmMB), "--tmpfs", "/dev/shm")
	b.add("--perms", "0755", "--size", size(homeMB), "--tmpfs", BoxHome)
	b.add("--perms", "1777", "--size", size(spec.DiskMB), "--tmpfs", BoxOut)
}
