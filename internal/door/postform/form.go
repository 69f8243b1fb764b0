package postform

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"

	"nephele.dev/nephele/internal/awserr"
)

const (
	maxFields  = 20_000  // bytes of all fields before the file, names and values
	maxPreface = 1 << 18 // bytes on the wire before the file, with what frames the fields
	fileField  = "file"
	fileName   = "${filename}"
)

// Form is an upload: its fields by their names in lower case, and the file.
type Form struct {
	Fields map[string]string
	File   io.Reader // ends where the file does; io.ErrUnexpectedEOF when the form breaks off
	Name   string    // of the file, as the browser sent it
}

// IsForm reports whether a request has the form of an upload.
func IsForm(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "multipart/form-data"
}

func malformed() *awserr.Error {
	return awserr.New("MalformedPOSTRequest", http.StatusBadRequest, "The body of your POST request is not well-formed multipart/form-data.")
}

func invalidArgument(name, value, message string) *awserr.Error {
	return awserr.New("InvalidArgument", http.StatusBadRequest, "%s", message).With("ArgumentName", name).With("ArgumentValue", value)
}

// Read reads the fields of a form with the given Content-Type up to its file.
// Errors that are not the sender's mistake are those of body.
func Read(body io.Reader, contentType string) (*Form, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, malformed()
	}
	gate := &preface{r: body, left: maxPreface}
	f := &Form{Fields: map[string]string{}}
	reader := multipart.NewReader(gate, params["boundary"])
	left := maxFields
	for {
		part, err := reader.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && len(f.Fields) == 0:
			return nil, malformed()
		case errors.Is(err, io.EOF):
			return nil, invalidArgument(fileField, "0", "POST requires exactly one file upload per request.")
		case err != nil:
			return nil, gate.reason(err)
		}
		name := strings.ToLower(part.FormName())
		if name == "" {
			return nil, malformed()
		}
		if name == fileField {
			gate.open = true
			f.File, f.Name = part, rawFileName(part)
			return f, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, int64(left)+1))
		if err != nil {
			return nil, gate.reason(err)
		}
		if left -= len(name) + len(value); left < 0 {
			return nil, errTooLong()
		}
		if have, twice := f.Fields[name]; twice {
			return nil, invalidArgument(part.FormName(), have, "POST requires exactly one value for each field.")
		}
		f.Fields[name] = string(value)
	}
}

func errTooLong() *awserr.Error {
	return awserr.New("MaxPostPreDataLengthExceeded", http.StatusBadRequest,
		"Your POST request fields preceding the upload file were too large.").With("MaxPostPreDataLengthBytes", maxFields)
}

// rawFileName is the last element of the name that the browser gave. Some send
// whole paths.
func rawFileName(p *multipart.Part) string {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return p.FileName()
	}
	name := params["filename"]
	if i := strings.LastIndexByte(name, '\\'); i >= 0 {
		name = name[i+1:]
	}
	if name == "" {
		return ""
	}
	return path.Base(name)
}

// Resolve puts the file's name where fields have ${filename}. A field that
// would become longer than a form may be is refused.
func (f *Form) Resolve() error {
	size := 0
	for name, value := range f.Fields {
		n := strings.Count(value, fileName)
		if size += len(value) + n*(len(f.Name)-len(fileName)); size > maxFields+maxPreface {
			return errTooLong() // before the memory is spent: whoever sends the form is not known yet
		}
		if n > 0 {
			f.Fields[name] = strings.ReplaceAll(value, fileName, f.Name)
		}
	}
	return nil
}

// preface bounds what may come before the file.
type preface struct {
	r     io.Reader
	left  int
	open  bool // the file has begun
	cause error
}

var errPreface = errors.New("the fields of the form are too long")

// Read implements io.Reader.
func (p *preface) Read(b []byte) (int, error) {
	if p.open {
		return p.r.Read(b)
	}
	if p.left <= 0 {
		return 0, errPreface
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	if err != nil && !errors.Is(err, io.EOF) {
		p.cause = err
	}
	return n, err
}

// reason tells the sender's mistake from a broken connection.
func (p *preface) reason(err error) error {
	switch {
	case p.cause != nil:
		return p.cause
	case errors.Is(err, errPreface):
		return errTooLong()
	}
	return malformed()
}
