// Package sandbox runs untrusted programs so that they can neither see nor
// harm the machine: canary scripts and the browsers they drive.
//
// New looks at the machine and returns the best Sandbox it offers; Level says
// what was found, with the fix for what is missing. On Linux with bubblewrap
// and user namespaces programs run in a box. Elsewhere New refuses, unless its
// caller allows to run without isolation.
//
// # The box
//
// Each run is one box, made by bwrap and gone with the run:
//
//   - It has user, pid, mount, network, IPC, UTS and cgroup namespaces of its
//     own, no capability, no_new_privs, and a system call filter that takes
//     away what escapes are made of (seccomp_linux.go). A browser's own sandbox
//     works inside, because namespaces may be nested; mounting may not.
//   - It sees /usr, a few harmless parts of /etc, its code at /opt, and the
//     mounts of its Spec, all read-only. /tmp, /dev/shm and its home are tmpfs
//     with a size; nothing else can be written, not even the tmpfs that bwrap
//     puts at the root.
//   - A server that runs as root gives every run a user of its own, so that
//     even a box with a hole holds nobody in particular. (bwrap started as root
//     would map the box's user to root.)
//   - Memory and processes are limited by cgroups of version 1 or 2 where the
//     server may make them. Otherwise memory is sampled ten times a second and
//     processes are limited by rlimit.
//   - The network is a unix socket that leads to package egress.
//
// # The life of a run
//
//	start   bwrap builds the box and stops before the program (--block-fd)
//	enter   its two processes are moved into the cgroup; the output directory
//	        is opened through /proc/PID/root; then the program may start
//	watch   until it ends, the time is up, memory is out, or ctx ends
//	gone    the box's first process is killed, and waited for: the kernel ends
//	        it only when every other process of its pid namespace has ended
//	collect regular files are copied out of the tmpfs
//
// Two things deserve a word. The limits are on before the first instruction of
// the program, so there is no moment in which it could fork its way out. And
// what a run leaves is read from a tmpfs that only our handle keeps alive, when
// no process is left to change it: a killed run gives up its files like any
// other, a full disk is a full tmpfs, and a link that points at the host is
// just an entry that is not copied.
//
// A server that dies takes its runs along: bwrap is killed by the kernel when
// its parent dies, and the box with bwrap. Directories and cgroups that were
// left are removed by the next server; a file lock tells them from those of a
// living neighbour.
//
// # Limits of the promise
//
// The kernel is shared. A box holds against a hostile script and against a
// browser with a hole; against a kernel with a hole there is the system call
// filter and nothing more. The programs and libraries below /usr can be read.
// Memory limits count the tmpfs, so a script that fills its disk has less to
// work with. Without cgroups a run can exceed its memory for a tenth of a
// second.
package sandbox
