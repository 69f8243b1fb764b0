package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"
)

// Load completes c, whose flags fs holds and has parsed, from the environment
// (as os.Environ returns it) and the file that either names, and validates it.
func (c *Config) Load(fs *pflag.FlagSet, environ []string) error {
	env := variables(environ)
	secret := c.hidden()
	file, err := readFile(fileName(fs, env))
	if err != nil {
		return err
	}
	for _, set := range []*pflag.FlagSet{fs, secret} {
		if err := fill(set, env, file); err != nil {
			return err
		}
	}
	if len(file) > 0 {
		return fmt.Errorf("config: unknown settings in the file: %s", strings.Join(slices.Sorted(maps.Keys(file)), ", "))
	}
	return c.Validate()
}

// fileName is the file that the flag or the environment names, or "".
func fileName(fs *pflag.FlagSet, env map[string]string) string {
	if f := fs.Lookup(FileFlag); f != nil && f.Changed {
		return f.Value.String()
	}
	return env[variable(FileFlag)]
}

// fill sets the flags of fs that the command line did not, first from env,
// then from file, whose keys it strikes off.
func fill(fs *pflag.FlagSet, env, file map[string]string) error {
	var errs []error
	fs.VisitAll(func(f *pflag.Flag) {
		inFile, hasFile := file[key(f.Name)]
		delete(file, key(f.Name))
		if f.Changed || f.Name == FileFlag {
			return
		}
		if v, ok := env[variable(f.Name)]; ok {
			errs = append(errs, set(f, v, variable(f.Name)))
		} else if hasFile {
			errs = append(errs, set(f, inFile, "the file's "+key(f.Name)))
		}
	})
	return errors.Join(errs...)
}

// set gives a flag a value that came from elsewhere. Secrets are not repeated.
func set(f *pflag.Flag, value, from string) error {
	if err := f.Value.Set(value); err != nil {
		return fmt.Errorf("config: %s: %w", from, err)
	}
	return nil
}

// variables picks our variables out of an environment. Empty ones count as
// not set.
func variables(environ []string) map[string]string {
	env := make(map[string]string)
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(name, Prefix) && value != "" {
			env[name] = value
		}
	}
	return env
}

// readFile returns the settings of a YAML file as flag values.
func readFile(name string) (map[string]string, error) {
	if name == "" {
		return nil, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return parse(data, name)
}

func parse(data []byte, name string) (map[string]string, error) {
	var tree map[string]yaml.Node
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, fmt.Errorf("config: %s: %w", name, err)
	}
	settings := make(map[string]string, len(tree))
	for k, v := range tree {
		s, err := scalar(&v)
		if err != nil {
			return nil, fmt.Errorf("config: %s: %s: %w", name, k, err)
		}
		settings[k] = s
	}
	return settings, nil
}

// scalar is a YAML value as a flag takes it: its text as written, so that an
// account keeps its leading zeros. Lists are joined by commas.
func scalar(n *yaml.Node) (string, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "", nil
		}
		return n.Value, nil
	case yaml.SequenceNode:
		parts := make([]string, len(n.Content))
		for i, e := range n.Content {
			s, err := scalar(e)
			if err != nil {
				return "", err
			}
			parts[i] = s
		}
		return strings.Join(parts, ","), nil
	default:
		return "", fmt.Errorf("line %d: want a plain value or a list", n.Line)
	}
}
