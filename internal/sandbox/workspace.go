package sandbox

// Workspace is a directory of a run, which its box can mount from.
type Workspace struct {
	Dir  string // the workspace itself
	Code string // an empty directory for Spec.CodeDir
	Out  string // an empty directory for Spec.OutDir

	remove func() error
}

// Close removes the workspace and all it holds.
func (w *Workspace) Close() error {
	if w == nil || w.remove == nil {
		return nil
	}
	return w.remove()
}
