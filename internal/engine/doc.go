// Package engine runs durable flows: rows that fall due are stepped, and each
// step says when to look at its row again.
package engine
