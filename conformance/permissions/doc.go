// Package permissions holds the server to its word about who may do what. It
// calls every operation that works, over the network with checked signatures, as
// a user who may do nothing, as one who may do exactly what the operation
// declares to need, and as one who lacks a part of that.
//
// What the operations declare is in docs/permissions.md, which the test compares
// (-update writes it).
package permissions
