package config

import "time"

// The two modes of authentication.
const (
	AuthOff = "off" // any access key works; loopback only
	AuthOn  = "on"  // every request needs a valid signature
)

// Config is everything a server is told from outside.
type Config struct {
	Listen   string        // TCP address of the one endpoint
	Data     string        // directory of the database, blobs, certificates and root credentials
	Auth     string        // AuthOff or AuthOn
	Database string        // postgres:// URL; "" is SQLite in Data
	BlobURL  string        // where blobs live, as gocloud.dev/blob writes URLs; "" is Data/blobs
	Account  string        // account of every caller with AuthOff, and of the root user; 12 digits
	Region   string        // region of callers that name none
	Settle   time.Duration // how long a mutating call waits for its work to come to rest; 0 does not
	Sync     string        // "normal" or "full": how SQLite writes reach the disk
	Drain    time.Duration // how long a stopping server waits for requests and steps

	Hostnames      []string // further names of this server; buckets and services may stand before them
	AllowedOrigins []string // web origins that may call besides loopback ones; "*" is any
	TrustedProxies []string // peers (CIDR) whose X-Forwarded-* headers are believed

	LogLevel  string // debug, info, warn or error
	LogFormat string // text or json

	RootAccessKeyID     string // root user's access key; "" is generated into Data with AuthOn
	RootSecretAccessKey string

	MasterKeyFile string // master keys that seal secrets; "" is Data/master-key
	MasterKey     string // the same keys themselves, in base64; wins over the file
	MetricsOpen   bool   // answer metrics to anybody, with --auth=on too
	MasterKeyLost bool   // start although the database is sealed under a master key that is not given

	CanaryWorkers       int      // canary runs with a browser at a time; 0 is one for each CPU
	CanaryScriptWorkers int      // canary runs of scripts without a browser at a time; 0 is four for each CPU
	CanaryNativeWorkers int      // canary runs that the server makes itself at a time; 0 is 64
	CanaryBrowser       string   // path of the browser; "" is found on the machine
	CanaryFirefox       string   // path of Firefox; "" is found on the machine
	CanaryPython        string   // path of a python3 with Selenium; "" is found on the machine
	CanaryEgress        string   // "public", "private" or "auto": may canaries reach private addresses
	CanaryAllow         []string // addresses with ports that canaries may reach in any case
	CanaryUnsafe        bool     // run canaries although this machine cannot isolate them
}

// Default returns the configuration of a server that was told nothing.
func Default() Config {
	return Config{
		Listen:       "127.0.0.1:4566",
		Data:         "nephele-data",
		Auth:         AuthOff,
		Account:      "000000000000",
		Region:       "us-east-1",
		Sync:         "normal",
		Drain:        10 * time.Second,
		LogLevel:     "info",
		LogFormat:    "text",
		CanaryEgress: "auto",
	}
}

// PrivateEgress reports whether canaries may reach private and loopback
// addresses: by default only on a server without authentication.
func (c *Config) PrivateEgress() bool {
	if c.CanaryEgress == "auto" {
		return c.Auth == AuthOff
	}
	return c.CanaryEgress == "private"
}
