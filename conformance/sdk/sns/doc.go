// Package sns compares our sns with the AWS SDK for Go v2.
package sns
