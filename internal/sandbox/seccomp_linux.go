package sandbox

import (
	"encoding/binary"
	"runtime"

	"golang.org/x/sys/unix"
)

// denied are the system calls that no program in a box needs and that have
// carried many of the kernel's privilege escalations: debugging of others,
// programs in the kernel, keyrings, the mount interfaces (user namespaces stay
// possible, because a browser's own sandbox is made of them, but a namespace
// made inside can mount nothing), modules, clocks and raw handles.
var denied = []uint32{
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP,
	unix.SYS_PIDFD_GETFD, unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT,
	unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	unix.SYS_SETNS, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_FANOTIFY_INIT,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF,
	unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_SYSLOG, unix.SYS_VHANGUP, unix.SYS_LOOKUP_DCOOKIE,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_CLOCK_ADJTIME, unix.SYS_ADJTIMEX,
	unix.SYS_MOVE_PAGES, unix.SYS_MIGRATE_PAGES,
}

// absent are answered as if the kernel did not have them, because libraries
// try them and fall back on that answer alone.
var absent = []uint32{unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER}

// families are the socket families refused: the ones that a network namespace
// does not hold (vsock reaches the hypervisor) or that have no use in a box.
var families = []uint32{unix.AF_VSOCK, unix.AF_ALG, unix.AF_PACKET, unix.AF_XDP, unix.AF_TIPC, unix.AF_BLUETOOTH}

// Offsets in struct seccomp_data, see seccomp(2).
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArg0   = 16
	x32Bit       = 0x40000000 // the x32 calls of x86-64, a second door to the same room
)

// instruction is a struct sock_filter.
type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

// seccompFilter returns the filter as bwrap --seccomp reads it, or nil on an
// architecture whose numbers we do not know.
func seccompFilter() []byte {
	var arch uint32
	switch runtime.GOARCH {
	case "amd64":
		arch = unix.AUDIT_ARCH_X86_64
	case "arm64":
		arch = unix.AUDIT_ARCH_AARCH64
	default:
		return nil
	}
	var out []byte
	for _, i := range filterProgram(arch) {
		out = binary.NativeEndian.AppendUint16(out, i.code)
		out = append(out, i.jt, i.jf)
		out = binary.NativeEndian.AppendUint32(out, i.k)
	}
	return out
}

// filterProgram is a list of "if equal, return" pairs: no jump spans more than
// one instruction, so the lists above may grow freely.
func filterProgram(arch uint32) []instruction {
	const (
		load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		jeq  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		jge  = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		ret  = unix.BPF_RET | unix.BPF_K
	)
	errno := func(e unix.Errno) uint32 { return unix.SECCOMP_RET_ERRNO | uint32(e) }
	program := []instruction{
		{load, 0, 0, offsetArch},
		{jeq, 1, 0, arch},
		{ret, 0, 0, unix.SECCOMP_RET_KILL_PROCESS},
		{load, 0, 0, offsetNumber},
	}
	if arch == unix.AUDIT_ARCH_X86_64 {
		program = append(program, instruction{jge, 0, 1, x32Bit}, instruction{ret, 0, 0, errno(unix.ENOSYS)})
	}
	for _, n := range denied {
		program = append(program, instruction{jeq, 0, 1, n}, instruction{ret, 0, 0, errno(unix.EPERM)})
	}
	for _, n := range absent {
		program = append(program, instruction{jeq, 0, 1, n}, instruction{ret, 0, 0, errno(unix.ENOSYS)})
	}
	program = append(program,
		instruction{jeq, 1, 0, unix.SYS_SOCKET},
		instruction{ret, 0, 0, unix.SECCOMP_RET_ALLOW},
		instruction{load, 0, 0, offsetArg0})
	for _, f := range families {
		program = append(program, instruction{jeq, 0, 1, f}, instruction{ret, 0, 0, errno(unix.EAFNOSUPPORT)})
	}
	return append(program, instruction{ret, 0, 0, unix.SECCOMP_RET_ALLOW})
}
