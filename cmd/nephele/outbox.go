package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nephele.dev/nephele/internal/app"
	"nephele.dev/nephele/internal/config"
	"nephele.dev/nephele/internal/outbox"
)

func outboxCommand(environ []string) *cobra.Command {
	reader := &outboxReader{cfg: config.Default(), environ: environ}
	var limit int
	var follow bool
	list := func(cmd *cobra.Command, _ []string) error {
		return reader.list(cmd.Context(), cmd.OutOrStdout(), limit, follow)
	}
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "read the mails that the server has written instead of sending",
		Long: "Lists the mails of a running server with the same settings, such as confirmations and notifications\n" +
			"of SNS. Nothing is ever sent; the links in the mails work.\n\n" +
			"    nephele outbox             # the last mails\n" +
			"    nephele outbox show 7      # one of them\n" +
			"    nephele outbox --follow    # and those to come, until interrupted",
		Args:    cobra.NoArgs,
		PreRunE: reader.load,
		RunE:    list,
	}
	show := &cobra.Command{
		Use: "show ID", Short: "print one mail", Args: cobra.ExactArgs(1), PreRunE: reader.load,
		RunE: func(cmd *cobra.Command, args []string) error {
			return reader.show(cmd.Context(), cmd.OutOrStdout(), args[0])
		},
	}
	ls := &cobra.Command{Use: "list", Short: "list the last mails", Args: cobra.NoArgs, PreRunE: reader.load, RunE: list}
	for _, c := range []*cobra.Command{cmd, show, ls} {
		reader.cfg.AddFlags(c.Flags())
		c.Flags().BoolVar(&reader.asJSON, "json", false, "print JSON")
	}
	for _, c := range []*cobra.Command{cmd, ls} {
		c.Flags().IntVarP(&limit, "limit", "n", 20, "how many mails to list, at most 1000")
		c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with mails as they are written")
	}
	cmd.AddCommand(ls, show)
	return cmd
}

// outboxReader asks a running server.
type outboxReader struct {
	cfg     config.Config
	environ []string
	asJSON  bool
}

func (o *outboxReader) load(cmd *cobra.Command, _ []string) error {
	return o.cfg.Load(cmd.Flags(), o.environ)
}

// followPause is how long a follower waits before it asks again.
const followPause = time.Second

// lookBack is how many numbers a follower looks back: mails that are written at
// the same time may appear out of order.
const lookBack = 100

func (o *outboxReader) list(ctx context.Context, w io.Writer, limit int, follow bool) error {
	var page app.Outbox
	if err := o.get(ctx, "?limit="+strconv.Itoa(limit), &page); err != nil {
		return err
	}
	if err := o.print(w, page.Mails); err != nil || !follow {
		return err
	}
	seen, last := map[int64]bool{}, int64(0)
	note := func(mails []outbox.Mail) {
		for _, m := range mails {
			seen[m.ID], last = true, max(last, m.ID)
		}
	}
	note(page.Mails)
	if len(page.Mails) > 0 {
		for id := last - lookBack; id < page.Mails[0].ID; id++ {
			seen[id] = true // not asked for
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followPause):
		}
		var more app.Outbox
		err := o.get(ctx, "?limit=1000&after="+strconv.FormatInt(max(0, last-lookBack), 10), &more)
		if err != nil && ctx.Err() == nil {
			return err // else interrupted, which is how following ends
		}
		var fresh []outbox.Mail
		for _, m := range more.Mails {
			if !seen[m.ID] {
				fresh = append(fresh, m)
			}
		}
		note(fresh)
		if err := o.print(w, fresh); err != nil {
			return err
		}
	}
}

// print writes a line for each mail.
func (o *outboxReader) print(w io.Writer, mails []outbox.Mail) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, m := range mails {
		var err error
		if o.asJSON {
			err = e.Encode(m)
		} else {
			_, err = fmt.Fprintf(w, "%5d  %s  %-30s  %s\n", m.ID, m.Created.Local().Format(time.DateTime), m.To, m.Subject)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (o *outboxReader) show(ctx context.Context, w io.Writer, id string) error {
	if _, err := strconv.ParseInt(id, 10, 64); err != nil {
		return fmt.Errorf("%q is not the number of a mail", id)
	}
	var m outbox.Mail
	if err := o.get(ctx, "/"+id, &m); err != nil {
		return err
	}
	if o.asJSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(m)
	}
	_, err := fmt.Fprintf(w, "From: %s\nTo: %s\nDate: %s\nSubject: %s\n\n%s", m.From, m.To, m.Created.Local().Format(time.RFC1123Z), m.Subject, m.Body)
	return err
}

// askTimeout is how long the server may take to answer.
const askTimeout = 30 * time.Second

// get asks the server for a path below the outbox's.
func (o *outboxReader) get(ctx context.Context, path string, dst any) error {
	base, err := endpoint(o.cfg.Listen, false)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+app.OutboxPath+path, http.NoBody)
	if err != nil {
		return err
	}
	if o.cfg.Auth == config.AuthOn {
		id, secret, err := credentials(o.cfg)
		if err != nil {
			return err
		}
		app.SignAdmin(req, id, secret, time.Now())
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // through no proxy
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no server answers (start one with `nephele serve`, or say where it is with --listen): %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return refusal(resp)
	}
	return json.NewDecoder(resp.Body).Decode(dst)
}

// refusal is the error of an answer that is none.
func refusal(resp *http.Response) error {
	var said struct{ Error string }
	if json.NewDecoder(resp.Body).Decode(&said) != nil || strings.TrimSpace(said.Error) == "" {
		return errors.New("the server answered " + resp.Status)
	}
	return errors.New(said.Error)
}
