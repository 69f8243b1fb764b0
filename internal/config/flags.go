package config

import (
	"strings"

	"github.com/spf13/pflag"
)

// Prefix begins the names of environment variables.
const Prefix = "NEPHELE_"

// FileFlag names the flag and, with Prefix, the variable that give a file.
const FileFlag = "config"

// AddFlags defines a flag for every setting that may stand on a command line.
// The flags write to c, whose values are their defaults.
func (c *Config) AddFlags(fs *pflag.FlagSet) {
	fs.String(FileFlag, "", "read settings from a YAML `FILE`")
	fs.StringVar(&c.Listen, "listen", c.Listen, "TCP `ADDR` of the endpoint, plain text and TLS")
	fs.StringVar(&c.Data, "data", c.Data, "data `DIR`")
	fs.StringVar(&c.Auth, "auth", c.Auth, "off: any access key works, on loopback only; on: signatures and policies are checked")
	fs.StringVar(&c.Database, "database", c.Database, "PostgreSQL `URL`; SQLite in the data directory when empty")
	fs.StringVar(&c.BlobURL, "blobs", c.BlobURL, "where blobs live: file:///DIR or s3://BUCKET?...; the data directory when empty")
	fs.StringVar(&c.Account, "account", c.Account, "account `ID` of every caller with --auth=off")
	fs.StringVar(&c.Region, "region", c.Region, "region of callers that name none")
	fs.DurationVar(&c.Settle, "settle", c.Settle, "answer mutating calls when their work has come to rest, after this long at most")
	fs.StringVar(&c.Sync, "sync", c.Sync, "normal: survives kill -9; full: survives power loss (SQLite)")
	fs.DurationVar(&c.Drain, "drain", c.Drain, "how long a stopping server waits for requests in flight")
	fs.StringVar(&c.LogLevel, "log-level", c.LogLevel, "debug, info, warn or error")
	fs.StringVar(&c.LogFormat, "log-format", c.LogFormat, "text or json")
	fs.StringSliceVar(&c.Hostnames, "hostname", c.Hostnames, "further `NAME` of this server; buckets and services may stand before it")
	fs.StringSliceVar(&c.AllowedOrigins, "allow-origin", c.AllowedOrigins, "web `ORIGIN` whose pages may call, besides those on loopback; * is any")
	fs.StringSliceVar(&c.TrustedProxies, "trusted-proxy", c.TrustedProxies, "peers (`CIDR`) whose X-Forwarded headers are believed")
	fs.StringVar(&c.MasterKeyFile, "master-key-file", c.MasterKeyFile, "`FILE` with the master keys that seal secrets; master-key in the data directory when empty")
	fs.BoolVar(&c.MasterKeyLost, "master-key-lost", c.MasterKeyLost, "start although the master key that sealed the database is gone: what it sealed stays closed")
	fs.BoolVar(&c.MetricsOpen, "metrics-open", c.MetricsOpen, "answer /_nephele/metrics to anybody with --auth=on, not only on loopback")
	c.addCanaryFlags(fs)
}

func (c *Config) addCanaryFlags(fs *pflag.FlagSet) {
	fs.IntVar(&c.CanaryWorkers, "canary-workers", c.CanaryWorkers, "canary runs with a browser at a time; 0: one for each CPU")
	fs.IntVar(&c.CanaryScriptWorkers, "canary-script-workers", c.CanaryScriptWorkers, "canary runs of scripts without a browser at a time; 0: four for each CPU")
	fs.IntVar(&c.CanaryNativeWorkers, "canary-native-workers", c.CanaryNativeWorkers, "canary runs of checks that need no script at a time; 0: 64")
	fs.StringVar(&c.CanaryBrowser, "canary-browser", c.CanaryBrowser, "`PATH` of the browser that canaries run")
	fs.StringVar(&c.CanaryFirefox, "canary-firefox", c.CanaryFirefox, "`PATH` of the Firefox that canaries run")
	fs.StringVar(&c.CanaryPython, "canary-python", c.CanaryPython, "`PATH` of the python3, with Selenium, that canaries run")
	fs.StringVar(&c.CanaryEgress, "canary-egress", c.CanaryEgress,
		"public: canaries reach public addresses only; private: loopback and private ones too; auto: private with --auth=off")
	fs.StringSliceVar(&c.CanaryAllow, "canary-allow", c.CanaryAllow, "`ADDR:PORT` that canaries may reach in any case")
	fs.BoolVar(&c.CanaryUnsafe, "canary-unsafe", c.CanaryUnsafe, "run canaries even where this machine cannot isolate them")
}

// hidden are the settings without a flag of their own, by flag name.
func (c *Config) hidden() *pflag.FlagSet {
	fs := pflag.NewFlagSet("hidden", pflag.ContinueOnError)
	fs.StringVar(&c.RootAccessKeyID, "root-access-key-id", c.RootAccessKeyID, "")
	fs.StringVar(&c.RootSecretAccessKey, "root-secret-access-key", c.RootSecretAccessKey, "")
	fs.StringVar(&c.MasterKey, "master-key", c.MasterKey, "")
	return fs
}

// variable is the environment variable of a flag: NEPHELE_DATA_DIR.
func variable(flag string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// key is the file key of a flag: data_dir.
func key(flag string) string { return strings.ReplaceAll(flag, "-", "_") }
