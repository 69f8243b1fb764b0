// Package sandbox runs untrusted programs so that they can neither see nor
// harm the machine.
package sandbox
