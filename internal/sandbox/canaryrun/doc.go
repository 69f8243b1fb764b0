// Package canaryrun turns a canary's code archive into a run and its outcome.
//
// A run goes through these hands:
//
//	Runner.Run   unpacks the archive into a workspace, refusing what an honest
//	             archive does not hold (unzip.go)
//	sandbox      builds a box around it: the script may read its code and the
//	             runtime, write to /tmp, and reach the network through a proxy
//	launcher     (runtimes/nodejs and runtimes/python, inside the box) calls
//	             the script's function and leaves a verdict beside the artifacts
//	Runner.Run   reads the verdict, lists the artifacts, numbers the log lines
//
// The launcher shares its process with the script, so nothing it leaves is
// trusted: the verdict is parsed with limits, artifacts are regular files
// below one directory, and a verdict of PASSED means what the script says of
// itself, as it does on AWS. What the script cannot say is how long it ran and
// what it used: those come from the sandbox.
//
// A job with a Blueprint has no script: Native executes its JSON with package
// multicheck in this process, without a box or a workspace, and makes an Outcome
// of the same form with its artifacts in memory (native.go).
//
// A run always ends in an Outcome: a script that throws, never returns, eats
// its memory or kills its process has FAILED, with the reason. An error from
// Run means that no run took place.
package canaryrun
