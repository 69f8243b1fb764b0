// Package api is the root of the generated service packages: one for each AWS
// service, made from the models in models by the generator in gen.
//
// The models are imported by hand from an installed botocore and committed;
// generating needs nothing but them:
//
//	go run ./internal/api/gen import -data .../site-packages/botocore/data
//	go generate ./internal/api
//
// What AWS does but does not model is added by models/overlays.
package api

//go:generate go run ./gen generate -api .
