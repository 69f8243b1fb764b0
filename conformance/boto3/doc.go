// Package boto3 lets the AWS SDK for Python work with canaries as its users do:
// with nothing but AWS's documentation at hand. The script is in testdata.
package boto3
