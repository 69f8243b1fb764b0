package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)
	keyForm     = regexp.MustCompile(`^\w{16,128}$`)
)

// Validate reports everything that is wrong with c, one line for each setting.
func (c *Config) Validate() error {
	return errors.Join(
		c.checkListen(),
		oneOf("auth", c.Auth, AuthOff, AuthOn),
		oneOf("sync", c.Sync, "normal", "full"),
		oneOf("log-level", c.LogLevel, "debug", "info", "warn", "error"),
		oneOf("log-format", c.LogFormat, "text", "json"),
		oneOf("canary-egress", c.CanaryEgress, "auto", "public", "private"),
		form("account", c.Account, accountForm, "12 digits"),
		form("region", c.Region, regionForm, "a region such as us-east-1"),
		c.checkDatabase(),
		c.checkRoot(),
		c.checkNumbers(),
		cidrs("trusted-proxy", c.TrustedProxies),
		c.checkAllow(),
	)
}

// checkListen also holds --auth=off to loopback: it answers anybody.
func (c *Config) checkListen() error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %q is not HOST:PORT", c.Listen)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--listen: %q is not a port", port)
	}
	if c.Auth == AuthOff && !loopback(host) {
		return fmt.Errorf("--listen %s: --auth=off answers everybody, so it is for loopback addresses only; listen on 127.0.0.1, or use --auth=on", c.Listen)
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// checkDatabase never repeats the URL: it may hold a password.
func (c *Config) checkDatabase() error {
	if c.Database == "" {
		return nil
	}
	u, err := url.Parse(c.Database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("--database: want a URL of the form postgres://USER@HOST/NAME")
	}
	return nil
}

func (c *Config) checkRoot() error {
	if (c.RootAccessKeyID == "") != (c.RootSecretAccessKey == "") {
		return errors.New("NEPHELE_ROOT_ACCESS_KEY_ID and NEPHELE_ROOT_SECRET_ACCESS_KEY come together or not at all")
	}
	if c.RootAccessKeyID != "" && !keyForm.MatchString(c.RootAccessKeyID) {
		return errors.New("NEPHELE_ROOT_ACCESS_KEY_ID: want 16 to 128 letters and digits")
	}
	return nil
}

func (c *Config) checkNumbers() error {
	var errs []error
	if c.Data == "" {
		errs = append(errs, errors.New("--data: want a directory"))
	}
	if c.Settle < 0 || c.Drain < 0 {
		errs = append(errs, errors.New("--settle and --drain: want a duration of zero or more"))
	}
	for flag, n := range map[string]int{
		"canary-workers": c.CanaryWorkers, "canary-script-workers": c.CanaryScriptWorkers, "canary-native-workers": c.CanaryNativeWorkers,
	} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("--%s: want zero or more", flag))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) checkAllow() error {
	for _, v := range c.CanaryAllow {
		if _, err := netip.ParseAddrPort(v); err != nil {
			return fmt.Errorf("--canary-allow: %q is not an address with a port such as 10.0.0.7:8080", v)
		}
	}
	return nil
}

func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("--%s: %q is none of %s", name, value, strings.Join(allowed, ", "))
}

func form(name, value string, re *regexp.Regexp, want string) error {
	if re.MatchString(value) {
		return nil
	}
	return fmt.Errorf("--%s: %q is not %s", name, value, want)
}

func cidrs(name string, values []string) error {
	for _, v := range values {
		if _, err := netip.ParsePrefix(v); err != nil {
			return fmt.Errorf("--%s: %q is not a CIDR such as 10.0.0.0/8", name, v)
		}
	}
	return nil
}
