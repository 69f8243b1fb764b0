package s3

import (
	"reflect"
	"slices"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/plane"
	"nephele.dev/nephele/internal/store"
)

// Server-side encryption methods.
const (
	methodAES  = "AES256"
	methodKMS  = "aws:kms"
	methodDSSE = "aws:kms:dsse"
)

// encryption is how an object is encrypted, kept in its document. Either
// Method or CustomerMD5 is set; neither, in objects that are older than the
// bucket's default of AES256.
type encryption struct {
	Method      string `json:"method,omitempty"`
	KeyID       string `json:"key,omitempty"`     // of KMS
	Context     string `json:"context,omitempty"` // base64 of JSON, as it was sent
	BucketKey   bool   `json:"bucketKey,omitempty"`
	CustomerMD5 string `json:"customer,omitempty"` // of the caller's key, base64
}

// resolve settles how an object that is put into a bucket is encrypted: as the
// request says, else as the bucket's default does.
func (n *newObject) resolve(tx *store.Tx, b bucket) (encryption, error) {
	def := b.defaultEncryption()
	if n.customer != nil {
		if slices.Contains(def.Blocked, "SSE-C") {
			return encryption{}, errAccessDenied()
		}
		return encryption{CustomerMD5: n.customer.md5}, nil
	}
	e := encryption{Method: string(def.Algorithm), KeyID: def.KeyID, BucketKey: def.BucketKey}
	if m := n.ServerSideEncryption; m != nil {
		e.Method, e.KeyID = string(*m), ""
	}
	if n.SSEKMSKeyId != nil {
		e.KeyID = *n.SSEKMSKeyId
	}
	e.BucketKey = value(n.BucketKeyEnabled, e.BucketKey) && e.Method == methodKMS
	if e.Method == methodAES {
		return encryption{Method: methodAES}, nil
	}
	e.KeyID, e.Context = keyARN(plane.FromContext(tx.Context()).Caller.Account, b.Region, e.KeyID), value(n.SSEKMSEncryptionContext, "")
	return e, nil
}

// keyARN is the full name of a KMS key, as answers have it; without a key it
// is the one that AWS manages for S3 in each account.
func keyARN(account, region, id string) string {
	prefix := "arn:aws:kms:" + region + ":" + account + ":"
	switch {
	case id == "":
		return prefix + "alias/aws/s3"
	case len(id) > 4 && id[:4] == "arn:":
		return id
	case len(id) > 6 && id[:6] == "alias/":
		return prefix + id
	}
	return prefix + "key/" + id
}

// checkEncryption refuses requests for encryption that contradict themselves.
func (n *newObject) checkEncryption() *awserr.Error {
	method := ""
	if m := n.ServerSideEncryption; m != nil {
		method = string(*m)
		if method != methodAES && method != methodKMS && method != methodDSSE {
			return errInvalidArgument("x-amz-server-side-encryption", method, "The encryption method specified is not supported")
		}
	}
	keyed := method == methodKMS || method == methodDSSE
	switch {
	case n.customer != nil && (method != "" || n.SSEKMSKeyId != nil):
		return errInvalidArgument(customerHeader, methodAES,
			"Server Side Encryption with Customer provided key is incompatible with the encryption method specified")
	case n.SSEKMSKeyId != nil && !keyed:
		return errInvalidArgument("x-amz-server-side-encryption-aws-kms-key-id", *n.SSEKMSKeyId,
			"Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	case n.SSEKMSEncryptionContext != nil && !keyed:
		return errInvalidArgument("x-amz-server-side-encryption-context", *n.SSEKMSEncryptionContext,
			"Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms")
	}
	return nil
}

// setEncryption sets the members of an output that tell of encryption. They
// have the same names everywhere; an output without one of them does not tell.
func setEncryption(out any, e encryption) {
	v := reflect.ValueOf(out).Elem()
	if e.CustomerMD5 != "" {
		setString(v.FieldByName("SSECustomerAlgorithm"), methodAES)
		setString(v.FieldByName("SSECustomerKeyMD5"), e.CustomerMD5)
		return
	}
	if e.Method == "" {
		return
	}
	setString(v.FieldByName("ServerSideEncryption"), e.Method)
	if e.KeyID != "" {
		setString(v.FieldByName("SSEKMSKeyId"), e.KeyID)
	}
	if e.Context != "" {
		setString(v.FieldByName("SSEKMSEncryptionContext"), e.Context)
	}
	if f := v.FieldByName("BucketKeyEnabled"); e.BucketKey && f.IsValid() {
		f.Set(reflect.ValueOf(new(true)))
	}
}

// isEncryption reports whether a request says anything of encryption, by which
// a copy of an object onto itself changes something.
func (n *newObject) isEncryption() bool {
	return n.ServerSideEncryption != nil || n.customer != nil
}
