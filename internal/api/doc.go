// Package api is the root of the generated service packages: one for each AWS
// service, made from the models in models by the generator in gen.
//
// The models are imported by hand from an installed botocore and committed;
// generating needs nothing but them:
//
//	go run ./internal/api/gen import -data .../site-packages/botocore/data
//	go generate ./internal/api
//
// What AWS does but does not model is added by models/overlays/NAME.json: a JSON
// patch (RFC 6902) whose steps may say why. Besides the model's own traits it may
// set re2 on a shape (its pattern for Go, "" to leave it unchecked),
// unwrappedOutput on an operation, and queryName on a member. After a change run
// go generate and commit its output too; a test compares the two.
package api

//go:generate go run ./gen generate -api .
