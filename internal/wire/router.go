package wire

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"nephele.dev/nephele/internal/awserr"
	"nephele.dev/nephele/internal/shape"
)

// A Match is what a request asks for.
type Match struct {
	Service   *shape.Service   // nil when no service could be told
	Operation *shape.Operation // nil with an error
	Protocol  shape.Protocol   // also with an error, for EncodeError; "" when unknown
	Labels    map[string]string
	Form      url.Values // the parameters of a query request, for Request.Form
}

// A Router finds the operation that a request asks for. What it knows of a
// REST service is compiled when the first request for it arrives. It is safe
// for concurrent use.
type Router struct {
	limits   Limits
	services []*shape.Service
	signing  map[string][]*shape.Service // by service name of the credential scope
	targets  map[string]*shape.Service   // by prefix of X-Amz-Target
	versions map[string][]*shape.Service // query services by API version
	rest     map[*shape.Service]*lazyTree
}

// A lazyTree compiles the templates of a service once.
type lazyTree struct {
	once sync.Once
	tree *restTree
}

// signingAliases are further names under which clients sign.
var signingAliases = map[string]string{
	"s3express":        "s3",
	"s3-outposts":      "s3",
	"s3-object-lambda": "s3",
	"cloudwatch":       "monitoring",
	"eventbridge":      "events",
}

// NewRouter returns a router over the services with the default limits.
func NewRouter(services []*shape.Service) *Router {
	rt := &Router{
		limits:   Limits{}.withDefaults(),
		services: services,
		signing:  map[string][]*shape.Service{},
		targets:  map[string]*shape.Service{},
		versions: map[string][]*shape.Service{},
		rest:     map[*shape.Service]*lazyTree{},
	}
	for _, s := range services {
		name := s.SigningName
		if name == "" {
			name = s.EndpointPrefix
		}
		rt.signing[name] = append(rt.signing[name], s)
		if s.TargetPrefix != "" {
			rt.targets[s.TargetPrefix] = s
		}
		if s.Speaks(shape.Query) || s.Speaks(shape.EC2Query) {
			rt.versions[s.APIVersion] = append(rt.versions[s.APIVersion], s)
		}
		if s.Speaks(shape.RestJSON) || s.Speaks(shape.RestXML) {
			rt.rest[s] = &lazyTree{}
		}
	}
	return rt
}

// Match finds the operation of r. signingName is the service of the credential
// scope, or "" for a call without a signature. body returns the whole body and
// is called only for a form, whose fields name the operation; the caller
// bounds its size.
//
// The error is an *awserr.Error in the terms of the protocol; the Match then
// holds what is needed to answer with it.
func (rt *Router) Match(r *http.Request, signingName string, body func() ([]byte, error)) (Match, error) {
	if alias, ok := signingAliases[signingName]; ok {
		signingName = alias
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return rt.matchTarget(r, target, signingName)
	}
	if m, ok, err := rt.matchCBOR(r, signingName); ok {
		return m, err
	}
	if m, ok, err := rt.matchQuery(r, signingName, body); ok {
		return m, err
	}
	return rt.matchREST(r, signingName)
}

// matchTarget reads "AmazonSSM.SendCommand".
func (rt *Router) matchTarget(r *http.Request, target, signingName string) (Match, error) {
	prefix, name, _ := strings.Cut(target, ".")
	if i := strings.LastIndexByte(target, '.'); i >= 0 {
		prefix, name = target[:i], target[i+1:]
	}
	svc := rt.targets[prefix]
	if svc == nil {
		svc = rt.only(signingName, func(s *shape.Service) bool { return s.Speaks(shape.JSON10) || s.Speaks(shape.JSON11) })
	}
	m := Match{Service: svc, Protocol: jsonProtocol(r, svc)}
	if svc != nil && (prefix == svc.TargetPrefix || signingName != "") {
		m.Operation = svc.Operation(name)
	}
	if m.Operation == nil {
		return m, awserr.New("UnknownOperationException", http.StatusBadRequest, "")
	}
	return m, nil
}

// jsonProtocol is the version that the content type names, or the one that the
// service speaks.
func jsonProtocol(r *http.Request, svc *shape.Service) shape.Protocol {
	ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	switch strings.TrimSpace(ct) {
	case "application/x-amz-json-1.0":
		return shape.JSON10
	case "application/x-amz-json-1.1":
		return shape.JSON11
	}
	if svc != nil && svc.Speaks(shape.JSON10) {
		return shape.JSON10
	}
	return shape.JSON11
}

// matchCBOR reads "/service/X/operation/Y".
func (rt *Router) matchCBOR(r *http.Request, signingName string) (Match, bool, error) {
	if r.Header.Get("Smithy-Protocol") != "rpc-v2-cbor" {
		return Match{}, false, nil
	}
	m := Match{Protocol: shape.CBOR}
	unknown := awserr.New("UnknownOperationException", http.StatusNotFound, "")
	parts := strings.Split(r.URL.Path, "/")
	n := len(parts)
	if n < 5 || parts[n-4] != "service" || parts[n-2] != "operation" {
		return m, true, unknown
	}
	m.Service = rt.targets[parts[n-3]]
	if m.Service == nil {
		m.Service = rt.only(signingName, func(s *shape.Service) bool { return s.Speaks(shape.CBOR) })
	}
	if m.Service != nil && m.Service.Speaks(shape.CBOR) {
		m.Operation = m.Service.Operation(parts[n-1])
	}
	if m.Operation == nil {
		return m, true, unknown
	}
	if r.Method != http.MethodPost {
		m.Operation = nil
		return m, true, awserr.New("UnknownOperationException", http.StatusMethodNotAllowed, "")
	}
	return m, true, nil
}

// only returns the service with the signing name that passes the filter.
func (rt *Router) only(signingName string, speaks func(*shape.Service) bool) *shape.Service {
	for _, s := range rt.signing[signingName] {
		if speaks(s) {
			return s
		}
	}
	return nil
}

// speaksQuery reports whether s takes Action parameters.
func speaksQuery(s *shape.Service) bool { return s.Speaks(shape.Query) || s.Speaks(shape.EC2Query) }

// matchQuery reads "Action=SendMessage&Version=2012-11-05" from the URL or
// from a form in the body.
func (rt *Router) matchQuery(r *http.Request, signingName string, body func() ([]byte, error)) (Match, bool, error) {
	if known := rt.signing[signingName]; len(known) > 0 && rt.only(signingName, speaksQuery) == nil {
		return Match{}, false, nil
	}
	form, err := rt.form(r, body)
	if err != nil {
		m := Match{Service: rt.only(signingName, speaksQuery)}
		m.Protocol = queryProtocol(m.Service)
		return m, true, refusal(m.Protocol, nil, err)
	}
	action := form.Get("Action")
	if action == "" {
		return rt.withoutAction(signingName)
	}
	version := form.Get("Version")
	m := Match{Form: form, Service: rt.queryService(signingName, version, action)}
	m.Protocol = queryProtocol(m.Service)
	if m.Service != nil {
		m.Operation = m.Service.Operation(action)
	}
	if m.Operation == nil {
		return m, true, invalidAction(m.Protocol, action, version)
	}
	return m, true, nil
}

// withoutAction answers for a service that speaks nothing but query; others
// may still match by path.
func (rt *Router) withoutAction(signingName string) (Match, bool, error) {
	svc := rt.only(signingName, speaksQuery)
	if svc == nil || svc.Protocols[0] != shape.Query && svc.Protocols[0] != shape.EC2Query {
		return Match{}, false, nil
	}
	return Match{Service: svc, Protocol: queryProtocol(svc)}, true,
		awserr.New("MissingAction", http.StatusBadRequest, "The request must contain the parameter Action")
}

// form is the request's parameters if it may be a query request, else nil.
func (rt *Router) form(r *http.Request, body func() ([]byte, error)) (url.Values, error) {
	ct, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	isForm := r.Method == http.MethodPost && ct == "application/x-www-form-urlencoded" && body != nil
	if !isForm && !strings.Contains(r.URL.RawQuery, "Action=") {
		return nil, nil
	}
	if r.Method != http.MethodPost && r.Method != http.MethodGet {
		return nil, nil
	}
	req := &Request{HTTP: r}
	if isForm {
		b, err := body()
		if err != nil {
			return nil, err
		}
		req.Body = b
	}
	c := queryCodec{limits: rt.limits}
	return c.form(req)
}

// queryProtocol is the dialect of svc; nil is taken for awsQuery.
func queryProtocol(svc *shape.Service) shape.Protocol {
	if svc != nil && svc.Speaks(shape.EC2Query) {
		return shape.EC2Query
	}
	return shape.Query
}

// queryService chooses by signing name, then by version where services share
// a name or the call is not signed, then by who knows the action.
func (rt *Router) queryService(signingName, version, action string) *shape.Service {
	candidates := rt.signing[signingName]
	if len(candidates) == 0 {
		candidates = rt.versions[version]
	}
	if len(candidates) == 0 && signingName == "" {
		candidates = rt.services
	}
	var best *shape.Service
	score := -1
	for _, s := range candidates {
		if !speaksQuery(s) {
			continue
		}
		n := 0
		if s.APIVersion == version {
			n += 2
		}
		if s.Operation(action) != nil {
			n++
		}
		if n > score {
			best, score = s, n
		}
	}
	return best
}

// invalidAction is the answer to an action that the service does not have.
func invalidAction(p shape.Protocol, action, version string) error {
	if p == shape.EC2Query {
		return awserr.New("InvalidAction", http.StatusBadRequest, "The action %s is not valid for this web service.", clip(action))
	}
	return awserr.New("InvalidAction", http.StatusBadRequest, "Could not find operation %s for version %s", clip(action), clip(version))
}

// matchREST matches the path templates of the service, or without a signing
// name of every service that could be meant.
func (rt *Router) matchREST(r *http.Request, signingName string) (Match, error) {
	if signingName != "" {
		svc := rt.only(signingName, func(s *shape.Service) bool { return rt.rest[s] != nil })
		if svc == nil {
			return rt.unmatched(signingName)
		}
		if m, ok := rt.matchIn(svc, r); ok {
			return m, nil
		}
		return Match{Service: svc, Protocol: restProtocol(svc)}, unknownREST(svc)
	}
	return rt.matchUnsigned(r)
}

// unmatched answers a signed request that named no operation.
func (rt *Router) unmatched(signingName string) (Match, error) {
	m := Match{}
	if known := rt.signing[signingName]; len(known) > 0 {
		m.Service = known[0]
		m.Protocol = m.Service.Protocols[0]
	}
	return m, awserr.New("UnknownOperationException", http.StatusNotFound, "")
}

// matchUnsigned tries operations that AWS answers without a signature, then
// S3, whose templates match nearly every path, then the rest, so that their
// callers learn that a signature is missing.
func (rt *Router) matchUnsigned(r *http.Request) (Match, error) {
	var s3 *shape.Service
	var fallback *Match
	for _, svc := range rt.services {
		if rt.rest[svc] == nil {
			continue
		}
		if isS3(svc) {
			s3 = svc
			continue
		}
		m, ok := rt.matchIn(svc, r)
		if ok && m.Operation.Anonymous {
			return m, nil
		}
		if ok && fallback == nil {
			fallback = &m
		}
	}
	if s3 != nil {
		if m, ok := rt.matchIn(s3, r); ok {
			return m, nil
		}
	}
	if fallback != nil {
		return *fallback, nil
	}
	m := Match{Service: s3}
	if s3 != nil {
		m.Protocol = restProtocol(s3)
		return m, unknownREST(s3)
	}
	return m, awserr.New("UnknownOperationException", http.StatusNotFound, "")
}

// matchIn matches the templates of one service.
func (rt *Router) matchIn(svc *shape.Service, r *http.Request) (Match, bool) {
	lazy := rt.rest[svc]
	lazy.once.Do(func() { lazy.tree = newRestTree(svc) })
	op, labels := lazy.tree.match(r)
	if op == nil {
		return Match{}, false
	}
	return Match{Service: svc, Operation: op, Protocol: restProtocol(svc), Labels: labels}, true
}

// restProtocol is the REST protocol that svc speaks; no service has both.
func restProtocol(svc *shape.Service) shape.Protocol {
	if svc.Speaks(shape.RestXML) {
		return shape.RestXML
	}
	return shape.RestJSON
}

// unknownREST is the answer to a path or method that the service does not
// have.
func unknownREST(svc *shape.Service) error {
	if isS3(svc) {
		return awserr.New("MethodNotAllowed", http.StatusMethodNotAllowed,
			"The specified method is not allowed against this resource.")
	}
	return awserr.New("UnknownOperationException", http.StatusNotFound, "")
}
