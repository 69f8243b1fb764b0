// Package cognitoidentity compares our cognitoidentity with the AWS SDK for Go v2.
package cognitoidentity
