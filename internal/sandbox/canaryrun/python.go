package canaryrun

// pythonScripts is the runtime of the family of Python.
func (r *Runner) pythonScripts() scriptRuntime {
	return scriptRuntime{label: "python", missing: "scripts in Python are not executed yet"}
}
