// Package storetest gives tests a fresh database of every kind the store
// speaks. The suite that each kind must pass is package store's own tests, which
// run on all of them.
package storetest
