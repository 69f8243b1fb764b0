package sandbox

import "time"

// Defaults of a Spec and the fixed sizes of a box.
const (
	defaultMemoryMB  = 1000
	defaultDiskMB    = 1024
	defaultPids      = 1024 // processes and threads; a browser has some 150
	defaultTimeout   = 14 * time.Minute
	defaultMaxOutput = 8 << 20

	homeMB    = 256 // browser profile and caches
	shmMB     = 512 // /dev/shm: a browser's frame buffers
	openFiles = 4096

	maxFiles   = 5000 // copied out of a box
	watchEvery = 100 * time.Millisecond
	killWait   = 10 * time.Second // for the kernel to end a killed box
	setupWait  = 20 * time.Second // for bubblewrap to build one
)
