// Package certs is Nephele's own certificate authority: what lets unmodified
// AWS clients speak TLS to it.
//
// AWS clients insist on host names: ssm.us-east-1.amazonaws.com,
// bucket.s3.eu-west-1.amazonaws.com, localhost. No one certificate has them
// all, for a wildcard stands for exactly one label (RFC 6125 section 6.4.3),
// so a leaf is issued at the moment a client first asks for a name (SNI, RFC
// 6066 section 3) and kept in memory. Leaves live 90 days and are replaced
// when a third of that is left; only the authority itself is on disk:
//
//	ca.pem      the certificate, to be trusted by clients (AWS_CA_BUNDLE,
//	            NODE_EXTRA_CA_CERTS, --cacert)
//	ca-key.pem  its P-256 key, mode 0600
//
// The authority vouches only for names under which Nephele can be meant
// (Authority.Covers): whoever trusts ca.pem must not thereby trust us for the
// rest of the Internet.
package certs
