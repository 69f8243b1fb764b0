package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/client"
)

// printServices lists the services, with what they are called in prose.
func printServices(w io.Writer) error {
	for _, name := range client.Services() {
		s := &client.Session{}
		c, err := s.Client(name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%-16s %-18s %s\n", name, c.Protocol(), c.ServiceID()); err != nil {
			return err
		}
	}
	return nil
}

// printService lists the operations of a service, those that can be paged
// through marked, and its waiters.
func printService(w io.Writer, c *client.Client) error {
	for _, name := range c.Operations() {
		if c.CanPaginate(name) {
			name = fmt.Sprintf("%-48s paginates", name)
		}
		if _, err := fmt.Fprintln(w, name); err != nil {
			return err
		}
	}
	for _, name := range c.Waiters() {
		if _, err := fmt.Fprintf(w, "%-48s --wait\n", name); err != nil {
			return err
		}
	}
	return nil
}

// completeCall completes the names of services and operations in a shell.
func completeCall(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	switch len(args) {
	case 0:
		return client.Services(), cobra.ShellCompDirectiveNoFileComp
	case 1:
		if c, err := (&client.Session{}).Client(args[0]); err == nil {
			return c.Operations(), cobra.ShellCompDirectiveNoFileComp
		}
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// stream copies the output's stream to --outfile or, as all that is printed, to
// standard output. The events of an event stream are lines of JSON.
func (c *caller) stream(out map[string]any, member string) (done bool, err error) {
	v := out[member]
	delete(out, member)
	w, finish, err := c.destination()
	if err != nil {
		return true, err
	}
	switch v := v.(type) {
	case iter.Seq2[map[string]any, error]:
		err = copyEvents(w, v)
	case io.ReadCloser:
		_, err = io.Copy(w, v)
		err = errors.Join(err, v.Close())
	}
	return c.outfile == "", errors.Join(err, finish())
}

// destination is where streams go.
func (c *caller) destination() (io.Writer, func() error, error) {
	if c.outfile == "" {
		return c.stdout, func() error { return nil }, nil
	}
	f, err := os.Create(c.outfile)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

func copyEvents(w io.Writer, events iter.Seq2[map[string]any, error]) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for event, err := range events {
		if err != nil {
			return err
		}
		if err := e.Encode(client.Plain(event)); err != nil {
			return err
		}
	}
	return nil
}

// printText writes a value in the AWS CLI's form for tools that work on lines:
// the scalars of a map on one line, separated by tabs, and below them a line for
// each map inside, which begins with its name in capitals.
func printText(w io.Writer, v any) error {
	var b strings.Builder
	text(&b, v, "", nil)
	_, err := io.WriteString(w, b.String())
	return err
}

// text writes v. keys are the columns where v is one of a list of maps.
func text(b *strings.Builder, v any, name string, keys []string) {
	switch v := v.(type) {
	case map[string]any:
		textMap(b, v, name, keys)
	case []any:
		textList(b, v, name)
	default:
		b.WriteString(word(v) + "\n")
	}
}

func textMap(b *strings.Builder, m map[string]any, name string, keys []string) {
	if keys == nil {
		keys = scalarKeys(m)
	}
	var line []string
	for _, k := range keys {
		line = append(line, word(m[k]))
	}
	if len(line) > 0 {
		if name != "" {
			line = slices.Insert(line, 0, strings.ToUpper(name))
		}
		b.WriteString(strings.Join(line, "\t") + "\n")
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !isScalar(m[k]) {
			text(b, m[k], k, nil)
		}
	}
}

func textList(b *strings.Builder, list []any, name string) {
	if len(list) == 0 {
		return
	}
	if !slices.ContainsFunc(list, func(v any) bool { return !isScalar(v) }) {
		words := make([]string, len(list))
		for i, v := range list {
			words[i] = word(v)
			if name != "" {
				words[i] = strings.ToUpper(name) + "\t" + words[i]
			}
		}
		sep := "\t"
		if name != "" {
			sep = "\n"
		}
		b.WriteString(strings.Join(words, sep) + "\n")
		return
	}
	var all []string
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			all = append(all, scalarKeys(m)...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			textMap(b, m, name, append([]string{}, all...))
			continue
		}
		text(b, v, name, nil)
	}
}

func isScalar(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}

func scalarKeys(m map[string]any) []string {
	keys := []string{}
	for k, v := range m {
		if isScalar(v) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// word is a scalar; the AWS CLI prints Python's words.
func word(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
