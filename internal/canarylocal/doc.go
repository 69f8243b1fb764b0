// Package canarylocal runs a canary from a directory, on the machine of whoever
// writes it: the same launcher, library and sandbox as the service's runs, no
// server, no account.
//
// # A project
//
// A project is a directory with a script, laid out as the code archive of a
// canary is: at its root, below nodejs/node_modules, or below python. canary.yaml
// beside it says what CreateCanary would be told; what it leaves out is guessed
// from the files. What runs leave behind is kept in .nephele/runs, one directory
// a run: the artifacts under their own names, and run.json, which is a Run.
//
// # Looking at a difference
//
// A run may be given an earlier one as its baseline, as a canary is by
// UpdateCanary; and two runs can be compared after the fact, steps and pictures
// alike (Compare).
package canarylocal
