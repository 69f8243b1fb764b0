// Package canaryrun turns a canary's code archive into a run and its outcome.
package canaryrun
