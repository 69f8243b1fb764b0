package emit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"

	"nephele.dev/nephele/internal/api/gen/model"
)

// ExtrasDir is where the paginators and waiters go, below internal/api.
const ExtrasDir = "extras/data"

// Extras adds the paginators and waiters of a service to files, as one JSON
// document for package extras to embed. A service without any has no file.
func Extras(files map[string][]byte, name string, m *model.Service) error {
	if len(m.Pagination) == 0 && len(m.Waiters) == 0 {
		return nil
	}
	doc, err := json.Marshal(struct {
		Pagination map[string]json.RawMessage `json:"pagination,omitempty"`
		Waiters    map[string]json.RawMessage `json:"waiters,omitempty"`
	}{m.Pagination, m.Waiters})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, doc); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	b.WriteByte('\n')
	files[path.Join(ExtrasDir, name+".json")] = b.Bytes()
	return nil
}
