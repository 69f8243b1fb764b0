// Package extras holds what the service models say beside operations and
// shapes: how to page through an operation, and which conditions one can wait
// for. Clients use it; servers have no need of it.
//
// The data files are generated from internal/api/models by internal/api/gen
// and embedded in the binary, about 95 kB for all services. A service's file is
// parsed when it is first asked for, so that they cost a start nothing.
package extras
