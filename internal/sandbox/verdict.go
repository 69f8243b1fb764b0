package sandbox

// verdict is why a run was killed; empty when it ended by itself.
type verdict string

const (
	killedByCaller  verdict = "cancelled"
	killedByTimeout verdict = "timeout"
	killedByMemory  verdict = "memory"
)
