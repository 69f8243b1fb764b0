// Package model reads and writes the service models kept in
// internal/api/models, and applies the overlays that correct them.
//
// A model is a botocore service description without its prose: metadata,
// operations, shapes, and the pagination and waiter tables a client needs. It
// is handled at two levels. Tree (Object, arrays, scalars) keeps the order of
// keys, which matters because the order of a structure's members is part of the
// model; importing, patching and writing work on it. Service is the typed view
// that the generator reads.
package model
