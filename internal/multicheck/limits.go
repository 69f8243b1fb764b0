package multicheck

import "time"

// Limits that the guide and its schema state.
const (
	MaxSteps     = 10
	MaxVariables = 10
	MaxBody      = 1 << 20 // bytes of an HTTP response, as sent and decoded
	maxStepName  = 64
	maxHostname  = 253

	minTimeout     = 1000   // milliseconds
	maxTimeout     = 300000 // milliseconds
	defaultTimeout = 5 * time.Second

	defaultConnectionTimeout = 3 * time.Second // of TCP checks
	defaultReadTimeout       = 2 * time.Second // of TCP checks
)

// Limits of our own.
const (
	MaxConfig       = 1 << 20   // bytes of a file in the archive
	maxArchive      = 50 << 20  // bytes
	maxAssertions   = 50        // of a step
	maxExtractors   = 20        // of a step
	maxHeaders      = 50        // of a request
	maxText         = 256 << 10 // bytes of a text with its references resolved
	maxPattern      = 1000      // bytes of a regular expression
	maxInstructions = 5000      // of a regular expression, roughly
	maxWritten      = 4 << 20   // bytes of the values at a path, as texts
	maxExtracted    = 64 << 10  // bytes of a variable that a step sets
	maxHeaderBytes  = 64 << 10  // of a response
	maxKeptBody     = 64 << 10  // bytes of a body in a report
	maxValues       = 100_000   // in a body that is read as JSON
	maxTCPResponse  = 256 << 10 // bytes
	maxAddresses    = 4         // of a name that are tried
	maxStrayPackets = 100       // datagrams that answer another question
	maxReason       = 1000      // bytes of a failure's reason
	maxShown        = 120       // bytes of a value in a reason
	maxToken        = 64 << 10  // bytes of a token endpoint's answer
	maxTokens       = 1024      // that a Tokens keeps
)
