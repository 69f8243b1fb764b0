// Package app builds a whole server, starts it and stops it. The command and
// every black-box test use it.
//
// Rooms are built in the order in which they lean on each other, and stopped
// in the reverse of it:
//
//	data directory -> store -> blob -> engine -> plane -> services -> door
//
// New opens everything and answers nothing; Start begins to work and to
// listen; Stop lets requests and steps in flight finish, for Config.Drain at
// most. All services are listed in services.go, and only there.
//
// Reset returns a server to the state of an empty data directory, in
// milliseconds and without a request ever seeing half of it: the plane's gate
// shuts and the calls inside finish; running steps are cancelled; rows, blobs
// and what services hold in memory are dropped; the gate opens again. Root
// credentials and certificates stay: clients hold them.
package app
