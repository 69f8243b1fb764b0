// Package storetest gives tests a fresh database of every kind the store
// speaks, and holds the suite that each kind must pass.
package storetest
