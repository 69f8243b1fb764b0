package s3

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" //nolint:gosec // names a key, protects nothing
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"

	"nephele.dev/nephele/internal/awserr"
)

// Encryption under keys of the caller's (SSE-C). The key comes with every
// request, is used and forgotten: an object keeps the key's MD5, by which the
// caller knows it, and its bytes lie in the blob store encrypted by AES-256 in
// counter mode. The initial counter follows from the blob's name, which is
// random and used once; so a range is decrypted from its own beginning on.

const (
	customerHeader    = "x-amz-server-side-encryption-customer-algorithm"
	customerKeyHeader = "x-amz-server-side-encryption-customer-key"
	customerMD5Header = "x-amz-server-side-encryption-customer-key-MD5"
	customerKeySize   = 32
)

// customerKey is a caller's key.
type customerKey struct {
	key []byte
	md5 string // base64
}

// newCustomerKey reads the three headers; without any there is no key.
func newCustomerKey(algorithm, key, sum *string) (*customerKey, *awserr.Error) {
	switch {
	case algorithm == nil && key == nil && sum == nil:
		return nil, nil
	case algorithm == nil:
		return nil, errInvalidArgument(customerHeader, "", "Requests specifying Server Side Encryption with Customer "+
			"provided keys must provide a valid encryption algorithm.")
	case *algorithm != methodAES:
		return nil, badRequest("InvalidEncryptionAlgorithmError", "The encryption request that you specified is not valid. "+
			"Supported value: AES256.").With("ArgumentName", customerHeader).With("ArgumentValue", *algorithm)
	case key == nil:
		return nil, errInvalidArgument(customerKeyHeader, "", "Requests specifying Server Side Encryption with Customer "+
			"provided keys must provide an appropriate secret key.")
	case sum == nil:
		return nil, errInvalidArgument(customerMD5Header, "", "Requests specifying Server Side Encryption with Customer "+
			"provided keys must provide the client calculated MD5 of the secret key.")
	}
	raw, err := base64.StdEncoding.DecodeString(*key)
	if err != nil || len(raw) != customerKeySize {
		return nil, errInvalidArgument(customerKeyHeader, "", "The secret key was invalid for the specified algorithm.")
	}
	own := md5.Sum(raw) //nolint:gosec // see the import
	if base64.StdEncoding.EncodeToString(own[:]) != *sum {
		return nil, errInvalidArgument(customerMD5Header, *sum,
			"The calculated MD5 hash of the key did not match the hash that was provided.")
	}
	return &customerKey{key: raw, md5: *sum}, nil
}

// opens refuses a key where none is needed, and a missing or other one where
// one is.
func (k *customerKey) opens(e encryption) *awserr.Error {
	switch {
	case e.CustomerMD5 == "" && k == nil:
		return nil
	case e.CustomerMD5 == "":
		return errInvalidRequest("The encryption parameters are not applicable to this object.")
	case k == nil:
		return errInvalidRequest("The object was stored using a form of Server Side Encryption. " +
			"The correct parameters must be provided to retrieve the object.")
	case k.md5 != e.CustomerMD5:
		return errAccessDenied()
	}
	return nil
}

// continues refuses a request of a multipart upload that does not bring the
// key which the upload began with.
func (k *customerKey) continues(e encryption) *awserr.Error {
	switch {
	case e.CustomerMD5 == "" && k == nil:
		return nil
	case k == nil:
		return errInvalidRequest("The multipart upload initiate requested encryption. " +
			"Subsequent part requests must include the appropriate encryption parameters.")
	case e.CustomerMD5 == "":
		return errInvalidRequest("The multipart upload initiate did not request encryption. Please resend the request " +
			"without sending encryption parameters.")
	case k.md5 != e.CustomerMD5:
		return errInvalidRequest("The provided encryption parameters did not match the ones used originally.")
	}
	return nil
}

// mayContinue is continues for requests that move no bytes: the key may be left
// out.
func (k *customerKey) mayContinue(e encryption) *awserr.Error {
	if k == nil {
		return nil
	}
	return k.continues(e)
}

// cipher returns a reader of r's bytes, encrypted or decrypted, which is the
// same; offset is where in the blob they begin. A nil key leaves them alone.
func (k *customerKey) cipher(r io.Reader, blob string, offset int64) io.Reader {
	if k == nil {
		return r
	}
	return &cipher.StreamReader{S: k.stream(blob, offset), R: r}
}

func (k *customerKey) stream(blob string, offset int64) cipher.Stream {
	block, err := aes.NewCipher(k.key)
	if err != nil {
		panic(err) // the key has the right size
	}
	sum := sha256.Sum256([]byte("counter of " + blob))
	iv := addCounter(sum[:aes.BlockSize], uint64(offset/aes.BlockSize)) //nolint:gosec // not negative
	stream := cipher.NewCTR(block, iv)
	var skipped [aes.BlockSize]byte
	rest := skipped[:offset%aes.BlockSize]
	stream.XORKeyStream(rest, rest)
	return stream
}

// addCounter adds n to a counter of 128 bits.
func addCounter(iv []byte, n uint64) []byte {
	out := make([]byte, aes.BlockSize)
	low := binary.BigEndian.Uint64(iv[8:])
	high := binary.BigEndian.Uint64(iv[:8])
	if low+n < low {
		high++
	}
	binary.BigEndian.PutUint64(out[:8], high)
	binary.BigEndian.PutUint64(out[8:], low+n)
	return out
}

// decrypting closes what it reads from.
type decrypting struct {
	io.Reader
	io.Closer
}

// decrypt is cipher for an open blob.
func (k *customerKey) decrypt(r io.ReadCloser, blob string, offset int64) io.ReadCloser {
	if k == nil {
		return r
	}
	return decrypting{k.cipher(r, blob, offset), r}
}
