package multicheck

import (
	"time"

	"nephele.dev/nephele/internal/multicheck/jsonpath"
)

// Kind is a step's checkerType.
type Kind string

// The kinds of checks.
const (
	HTTP Kind = "HTTP"
	DNS  Kind = "DNS"
	SSL  Kind = "SSL"
	TCP  Kind = "TCP"
)

// Plan is a parsed configuration. It is safe for concurrent use.
type Plan struct {
	timeout   time.Duration // globalSettings.stepTimeout
	userAgent text          // globalSettings.userAgent
	variables map[string]text
	steps     []*step // in the order of their numbers
}

// Step names a step of a plan.
type Step struct {
	Num  int // its key, 1 to 10
	Name string
	Kind Kind
}

// Steps lists the steps in the order in which they are executed.
func (p *Plan) Steps() (out []Step) {
	for _, s := range p.steps {
		out = append(out, s.Step)
	}
	return out
}

// step is one check. Of http, dns, ssl and tcp, that of its Kind is set.
type step struct {
	Step
	path       string // in the file: "steps.3"
	timeout    number // milliseconds
	assertions []*assertion
	extractors []extractor

	http *httpCheck
	dns  *dnsCheck
	ssl  *sslCheck
	tcp  *tcpCheck
}

type httpCheck struct {
	url     text
	method  string
	wait    number // seconds
	headers []header
	body    *text // nil for none
	auth    auth
}

type header struct {
	name  string
	value text
}

// auth is how a request proves who sends it. Of its members, those of its
// type are set.
type auth struct {
	kind string

	username, password text // BASIC

	apiKey, headerName text // API_KEY

	tokenURL, clientID, clientSecret text // OAUTH_CLIENT_CREDENTIALS
	scope, audience, resource        *text
	inHeader, inBody                 bool   // where the client's credentials go
	cacheTTL                         number // seconds

	service, region, role text // SIGV4
}

// The types of authentication.
const (
	authNone   = "NONE"
	authBasic  = "BASIC"
	authAPIKey = "API_KEY"
	authOAuth  = "OAUTH_CLIENT_CREDENTIALS"
	authSigV4  = "SIGV4"
)

type dnsCheck struct {
	domain     text
	recordType string
	nameserver *text // nil for the system's
	port       number
	tcp        bool
}

type sslCheck struct {
	hostname                         text
	port                             number
	sni, verifyHost, allowSelfSigned flag
}

type tcpCheck struct {
	hostname             text
	port                 number
	connectWait, readout number // milliseconds
	send, expect         *text  // nil for none
	encoding             string
}

// assertion is a condition on what a check found. Its rule (rules.go) says
// which of the members are set.
type assertion struct {
	at       string // in the file: "steps.3.assertions[0]"
	kind     string // "STATUS_CODE"
	operator string
	value    text   // as a text, whatever its type
	number   number // of rules that compare numbers
	min, max number // of IN_RANGE
	flag     flag   // of rules that expect true or false
	name     text   // headerName
	field    string // of CERTIFICATE_SUBJECT and CERTIFICATE_ISSUER
	target   string // JSON or TEXT
	pathText text
	path     *jsonpath.Path // nil when pathText has references
	pattern  *expression    // of REGEX_MATCH; nil when value has references
	unit     string
	encoding string
}

// extractor sets a variable for the steps that follow.
type extractor struct {
	at       string
	name     string
	pathText *text          // nil for the body itself
	path     *jsonpath.Path // nil when pathText has references
	regex    *text          // nil for the whole value
	pattern  *expression    // nil when regex has references
	group    number
}
