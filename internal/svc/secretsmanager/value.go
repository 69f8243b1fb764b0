package secretsmanager

import (
	"bytes"
	"net/http"

	api "nephele.dev/nephele/internal/api/secretsmanager"
	"nephele.dev/nephele/internal/awserr"
)

// value is what a secret is about: a text or bytes. It has no String method on
// purpose, and none of its content goes into errors or logs.
type value struct {
	text   *string
	binary []byte
}

// maxValue is the size of a value in bytes (SecretString, SecretBinary).
const maxValue = 65536

// newValue reads SecretString and SecretBinary; nil when there is neither.
func newValue(text *string, binary []byte) (*value, error) {
	switch {
	case text != nil && binary != nil:
		return nil, api.NewInvalidParameterException(
			"You can't specify both a binary secret value and a string secret value in the same secret.")
	case text != nil && len(*text) > maxValue:
		return nil, awserr.New("ValidationException", http.StatusBadRequest, "1 validation error detected: Value at 'secretString' "+
			"failed to satisfy constraint: Member must have length less than or equal to %d", maxValue)
	case text == nil && binary == nil:
		return nil, nil
	}
	return &value{text, binary}, nil
}

func (v *value) kind() string {
	if v.text != nil {
		return kindString
	}
	return kindBinary
}

func (v *value) bytes() []byte {
	if v.text != nil {
		return []byte(*v.text)
	}
	return v.binary
}

func (v *value) equal(w *value) bool {
	return v.kind() == w.kind() && bytes.Equal(v.bytes(), w.bytes())
}

// needToken insists on a ClientRequestToken, which becomes a version's id. SDKs
// make one by themselves.
func needToken(token *string) error {
	if token == nil || *token == "" {
		return api.NewInvalidRequestException("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
	}
	return nil
}
