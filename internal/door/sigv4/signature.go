package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	stampForm  = "20060102T150405Z"
	dateHeader = "x-amz-date" // names the header in an Error
	dateForm   = "20060102"

	// MaxSkew is how far the clocks of signer and server may be apart.
	MaxSkew = 15 * time.Minute
	// MaxExpires is the longest life of a presigned URL.
	MaxExpires = 7 * 24 * time.Hour
)

// maxSigned bounds SignedHeaders: more than any client sends, little enough to
// look each of them up.
const maxSigned = 128

// maxScopePart bounds the names of regions and services, for keys are
// remembered by them before the signature is known to be good.
const maxScopePart = 64

// Scope is where a signing key is good: one day, region and service.
type Scope struct{ Date, Region, Service string }

// String returns the scope as it stands in the string to sign.
func (s Scope) String() string {
	return s.Date + "/" + s.Region + "/" + s.Service + "/" + terminator
}

// Signature is what a request says about its signature.
type Signature struct {
	AccessKeyID  string
	Scope        Scope
	SessionToken string // "" for long-lived keys; signed, or Verify refuses
	Time         time.Time
	Presigned    bool          // in the query, not in the Authorization header
	Expires      time.Duration // of a presigned URL
	Payload      string        // x-amz-content-sha256 as sent; "" when absent

	stamp  string   // the time as signed
	signed []string // names of the signed headers, sorted, lower case
	mac    string   // 64 lower-case hexadecimal digits
	path   string   // as on the wire: a router may rewrite the URL before Verify
	query  string
}

// IsS3 reports whether a service name in a scope follows S3's rules: paths
// are escaped once, x-amz-content-sha256 is due, bodies may be unsigned.
func IsS3(service string) bool {
	switch service {
	case "s3", "s3express", "s3-outposts", "s3-object-lambda":
		return true
	}
	return false
}

// Parse reads a request's signature; the error is an *Error. It looks at
// the request line and headers alone and must come before anything rewrites
// them.
func Parse(r *http.Request) (*Signature, error) {
	auth := r.Header["Authorization"]
	var q presign
	if err := q.read(r.URL.RawQuery); err != nil {
		return nil, err
	}
	var s *Signature
	var err error
	switch {
	case len(auth) == 0 && !q.any:
		return nil, refuse(Missing, "Request is missing Authentication Token")
	case len(auth) > 1 || len(auth) == 1 && q.any:
		return nil, ErrAmbiguous
	case q.any:
		s, err = q.signature()
	default:
		s, err = parseHeader(r, auth[0])
	}
	if err != nil {
		return nil, err
	}
	s.path, s.query = wirePath(r.URL), r.URL.RawQuery
	if s.path == "" {
		s.path = "/"
	}
	return s, s.finish(r)
}

// wirePath is a path as it was sent, even where it holds bytes that a URL must
// escape, as EscapedPath would: clients have signed what they send.
func wirePath(u *url.URL) string {
	if u.RawPath != "" {
		if plain, err := url.PathUnescape(u.RawPath); err == nil && plain == u.Path {
			return u.RawPath
		}
	}
	return u.EscapedPath()
}

// finish reads what both forms share and checks that the parts agree.
func (s *Signature) finish(r *http.Request) error {
	payload, err := single(r.Header, "X-Amz-Content-Sha256")
	if err != nil {
		return err
	}
	orElse(&s.Payload, payload)
	token, err := single(r.Header, "X-Amz-Security-Token")
	if err != nil {
		return err
	}
	orElse(&s.SessionToken, token)
	if date := s.stamp[:8]; s.Scope.Date != date {
		return s.misscoped("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.",
			s.Scope.Date, date, s.stamp)
	}
	return nil
}

func (s *Signature) misscoped(format string, args ...any) error {
	return refuse(WrongScope, format, args...)
}

func orElse(s *string, other string) {
	if *s == "" {
		*s = other
	}
}

// parseHeader reads the Authorization header.
func parseHeader(r *http.Request, header string) (*Signature, error) {
	fields, err := splitHeader(header)
	if err != nil {
		return nil, err
	}
	s := &Signature{}
	var missing []string
	for _, name := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[name] == "" {
			missing = append(missing, "Authorization header requires '"+name+"' parameter.")
		}
	}
	stamp, t, err := requestTime(r.Header)
	if err != nil {
		return nil, err
	}
	if stamp == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if len(missing) > 0 {
		e := refuse(Incomplete, "%s", strings.Join(missing, " "))
		if stamp == "" && len(missing) == 1 {
			e.Name = dateHeader
		}
		return nil, e
	}
	s.stamp, s.Time = stamp, t
	return s, s.parts(fields["Credential"], fields["SignedHeaders"], fields["Signature"], Incomplete)
}

// splitHeader takes "AWS4-HMAC-SHA256 k=v, k=v" apart.
func splitHeader(header string) (map[string]string, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != algorithm {
		return nil, &Error{
			Reason: Unsupported, Name: "authorization", Got: clip(scheme),
			Message: "The authorization mechanism you have provided is not supported. Please use " + algorithm + ".",
		}
	}
	fields := make(map[string]string, 3)
	for part := range strings.SplitSeq(rest, ",") {
		part = strings.TrimSpace(part)
		name, value, ok := strings.Cut(part, "=")
		_, twice := fields[name]
		if !ok || twice {
			return nil, refuse(Incomplete, "%q not a valid key=value pair (missing equal-sign) in Authorization header.", clip(part))
		}
		fields[name] = value
	}
	return fields, nil
}

// requestTime reads X-Amz-Date or else Date, which may be in either format.
// The stamp is "" when neither is there.
func requestTime(h http.Header) (stamp string, t time.Time, err error) {
	stamp, err = single(h, "X-Amz-Date")
	if err != nil {
		return "", t, err
	}
	if stamp == "" {
		if stamp, err = single(h, "Date"); err != nil || stamp == "" {
			return "", t, err
		}
		if t, err := http.ParseTime(stamp); err == nil {
			return t.UTC().Format(stampForm), t, nil
		}
	}
	t, err = time.Parse(stampForm, stamp)
	if err != nil {
		e := refuse(Incomplete, "Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", clip(stamp))
		e.Name = dateHeader
		return "", t, e
	}
	return stamp, t, nil
}

// single returns a header that may stand at most once.
func single(h http.Header, name string) (string, error) {
	switch values := h[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", refuse(Ambiguous, "The header '%s' must not be repeated.", name)
}

// parts reads the three parts that header and query share; reason is that of
// what cannot be read.
func (s *Signature) parts(credential, signed, mac string, reason Reason) error {
	if err := s.credential(credential, reason); err != nil {
		return err
	}
	s.signed = strings.Split(signed, ";")
	if len(s.signed) > maxSigned || !sortedNames(s.signed) {
		return refuse(reason, "SignedHeaders must be a sorted list of lower-case header names.")
	}
	if !IsHash(mac) {
		return refuse(reason, "The signature must be %d lower-case hexadecimal digits.", hashDigits)
	}
	s.mac = mac
	return nil
}

// credential reads "keyid/date/region/service/aws4_request".
func (s *Signature) credential(c string, reason Reason) error {
	p := strings.Split(c, "/")
	if len(p) != 5 || p[0] == "" {
		return refuse(reason, "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", clip(c))
	}
	if p[4] != terminator {
		return s.misscoped("Credential should be scoped with a valid terminator: '%s', not '%s'.", terminator, clip(p[4]))
	}
	if p[2] == "" || len(p[2]) > maxScopePart {
		return s.misscoped("Credential should be scoped to a valid region.")
	}
	if p[3] == "" || len(p[3]) > maxScopePart {
		return s.misscoped("Credential should be scoped to correct service.")
	}
	s.AccessKeyID, s.Scope = p[0], Scope{Date: p[1], Region: p[2], Service: p[3]}
	return nil
}

// sortedNames reports whether names are lower case, sorted and distinct.
func sortedNames(names []string) bool {
	for i, n := range names {
		if n == "" || i > 0 && names[i-1] >= n {
			return false
		}
		for _, c := range []byte(n) {
			if c >= 'A' && c <= 'Z' || c <= ' ' || c >= 0x7f {
				return false
			}
		}
	}
	return true
}

const hashDigits = 64

// IsHash reports whether s is a SHA-256 in lower-case hexadecimal.
func IsHash(s string) bool {
	if len(s) != hashDigits {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// clip shortens what a caller sent for a message.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}

// CheckTime judges the signature's age at now.
func (s *Signature) CheckTime(now time.Time) error {
	now = now.UTC()
	if s.Presigned {
		return s.checkLife(now)
	}
	e := &Error{Reason: Skewed, Got: s.stamp, Want: now.Format(stampForm)}
	switch {
	case s.Time.Before(now.Add(-MaxSkew)):
		e.Message = "Signature expired: " + s.stamp + " is now earlier than " +
			now.Add(-MaxSkew).Format(stampForm) + " (" + e.Want + " - 15 min.)"
	case s.Time.After(now.Add(MaxSkew)):
		e.Message = "Signature not yet current: " + s.stamp + " is still later than " +
			now.Add(MaxSkew).Format(stampForm) + " (" + e.Want + " + 15 min.)"
	default:
		return nil
	}
	return e
}

func (s *Signature) checkLife(now time.Time) error {
	end := s.Time.Add(s.Expires)
	switch {
	case s.Time.After(now.Add(MaxSkew)):
		return &Error{Reason: NotYetValid, Message: "Request is not valid yet", Got: s.stamp, Want: now.Format(stampForm)}
	case now.After(end):
		return &Error{Reason: Expired, Message: "Request has expired", Got: end.Format(time.RFC3339), Want: now.Format(time.RFC3339)}
	}
	return nil
}
