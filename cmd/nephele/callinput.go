package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
)

// session is made of the flags, the environment and, where these say nothing of
// credentials, of the local server.
func (c *caller) session(ctx context.Context) (*client.Session, error) {
	opts := []client.Option{client.WithEnvironment(c.getenv), client.WithLogger(c.logger())}
	if c.profile != "" {
		opts = append(opts, client.WithProfile(c.profile))
	}
	if c.region != "" {
		opts = append(opts, client.WithRegion(c.region))
	}
	if c.endpoint != "" {
		opts = append(opts, client.WithEndpoint(c.endpoint))
	}
	if c.unsigned {
		opts = append(opts, client.WithAnonymous())
	}
	if !c.configured() {
		local, err := c.local()
		if err != nil {
			return nil, &exitError{statusConfig, err}
		}
		opts = append(opts, local...)
	}
	s, err := client.NewSession(ctx, opts...)
	if err != nil {
		return nil, &exitError{statusConfig, err}
	}
	return s, nil
}

func (c *caller) getenv(name string) string {
	for _, kv := range c.environ {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v
		}
	}
	return ""
}

// configured reports whether the AWS configuration has credentials to offer.
func (c *caller) configured() bool {
	if c.profile != "" {
		return true
	}
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		if c.getenv(name) != "" {
			return true
		}
	}
	for name, usual := range map[string]string{"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"} {
		file := c.getenv(name)
		if home := c.getenv("HOME"); file == "" && home != "" {
			file = filepath.Join(home, ".aws", usual)
		}
		if info, err := os.Stat(file); err == nil && info.Size() > 0 {
			return true
		}
	}
	return false
}

// local are the options for a server on this machine: its root credentials, and
// its address unless another endpoint is given.
func (c *caller) local() ([]client.Option, error) {
	fs := pflag.NewFlagSet("local", pflag.ContinueOnError)
	c.cfg.AddFlags(fs)
	for _, name := range []string{"listen", "data"} {
		if f := c.flags.Lookup(name); f.Changed {
			if err := fs.Set(name, f.Value.String()); err != nil {
				return nil, err
			}
		}
	}
	if err := c.cfg.Load(fs, c.environ); err != nil {
		return nil, err
	}
	id, secret, err := rootOf(c.cfg)
	if err != nil {
		return nil, err
	}
	opts := []client.Option{client.WithStaticCredentials(id, secret, "")}
	if c.region == "" && c.getenv("AWS_REGION") == "" && c.getenv("AWS_DEFAULT_REGION") == "" {
		opts = append(opts, client.WithRegion(c.cfg.Region))
	}
	if c.endpoint != "" || c.getenv("AWS_ENDPOINT_URL") != "" {
		return opts, nil
	}
	url, err := endpoint(c.cfg.Listen, false)
	if err != nil {
		return nil, err
	}
	through := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}} // no proxy
	return append(opts, client.WithEndpoint(url), client.WithHTTPClient(through)), nil
}

// rootOf are the root credentials of a server, those of its data directory also
// when nothing says that it checks signatures.
func rootOf(cfg config.Config) (id, secret string, err error) {
	if cfg.RootAccessKeyID == "" && cfg.Auth == config.AuthOff {
		id, secret, err := app.RootCredentials(cfg.Data)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return id, secret, err
		}
	}
	return credentials(cfg)
}

// arguments is the input of --input and --param. The files that it opens are
// closed by the function that it returns.
func (c *caller) arguments(cl *client.Client, operation string) (in map[string]any, closeFiles func(), err error) {
	var files []io.Closer
	closeFiles = func() {
		for _, f := range files {
			_ = f.Close()
		}
	}
	raw, err := c.document()
	if err != nil {
		return nil, closeFiles, err
	}
	list := make([]client.Param, 0, len(c.params))
	for _, text := range c.params {
		path, value, found := strings.Cut(text, "=")
		if !found {
			return nil, closeFiles, &exitError{statusUsage, fmt.Errorf("--param: %q is not NAME=VALUE", text)}
		}
		v, err := c.value(value)
		if err != nil {
			return nil, closeFiles, err
		}
		if f, ok := v.(io.Closer); ok {
			files = append(files, f)
		}
		list = append(list, client.Param{Path: path, Value: v})
	}
	in, err = cl.Params(operation, raw, list...)
	return in, closeFiles, err
}

// document is the JSON of --input.
func (c *caller) document() (json.RawMessage, error) {
	path, isFile := strings.CutPrefix(c.input, "file://")
	if c.input == "-" {
		path, isFile = "-", true
	}
	if !isFile {
		return json.RawMessage(c.input), nil
	}
	f, err := c.openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// value is that of a parameter, or of the file that it names: a text, or the
// open file itself.
func (c *caller) value(text string) (any, error) {
	if path, ok := strings.CutPrefix(text, "fileb://"); ok {
		return c.openFile(path)
	}
	path, ok := strings.CutPrefix(text, "file://")
	if !ok {
		return text, nil
	}
	f, err := c.openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	return string(data), err
}
