// Package secretsmanager compares our secretsmanager with the AWS SDK for Go v2.
package secretsmanager
