// Package managed holds the managed policies of AWS that the documentation of
// the services here names: their contents as data, and the lookups over it.
//
// Documents, paths, dates and the number of the default version are those of the
// AWS Managed Policy Reference Guide, whole, with all services that AWS lists in
// them, also those that are not here. AWS keeps former versions of these
// policies readable; here is the default one alone.
//
// A policy has the id that AWS gave it where that is known; the id of any other
// is derived from its ARN, so that it is the same on every server. Descriptions
// are brief where AWS's own is not.
package managed
