// Package sts is the AWS Security Token Service: who is calling, and later
// temporary credentials.
//
// GetCallerIdentity needs no permission, in AWS as here: the answer tells a
// caller nothing but what belongs to the key it signed with.
package sts
