package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nephele.dev/nephele/client"
	"nephele.dev/nephele/internal/config"
)

// The exit statuses of `nephele call`, which are those of the AWS CLI.
const (
	statusUsage   = 252 // the command line or the parameters are wrong; nothing was sent
	statusConfig  = 253 // there are no credentials, no region or no such profile
	statusService = 254 // the service refused
	statusOther   = 255 // no answer, a wait that failed, a file that cannot be read
)

// exitError ends the program with a status of its own.
type exitError struct {
	status int
	err    error
}

// Error is the error's text.
func (e *exitError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *exitError) Unwrap() error { return e.err }

const callHelp = `Calls an operation of an AWS service by its name: of the local server, of AWS or of any other endpoint.

    nephele call --list                                    # the services
    nephele call sns --list                                # operations, paginators and waiters of one
    nephele call sns CreateTopic --skeleton                # an input to be filled in
    nephele call sns CreateTopic --param Name=news
    nephele call sns create-topic --input '{"Name": "news"}' --query TopicArn --output text
    nephele call s3 PutObject --param Bucket=b --param Key=k --param Body=fileb://photo.jpg
    nephele call s3 GetObject --param Bucket=b --param Key=k --outfile photo.jpg
    nephele call s3 ListObjectsV2 --param Bucket=b --max-items 100
    nephele call s3 --wait bucket-exists --param Bucket=b
    nephele call s3 GetObject --param Bucket=b --param Key=k --presign --expires 15m

Parameters go by the model's names in --input, by any form of them in --param, where a dot leads inside:
--param schedule.expression='rate(5 minutes)', --param Tags.0.Key=team. The value of a list is a,b, that of a structure
Key=a,Value=b, or JSON; file://PATH and fileb://PATH stand for a file's text and bytes, and - after fileb:// for standard
input. In JSON, blobs are base64.

Results are paged through to the end where the model says how, unless --no-paginate or the input says otherwise.

Credentials, region and endpoint come from the AWS environment variables and profiles. Where there are no credentials,
those of the root user of the local server are taken, and where there is no endpoint either, the call goes there.

The exit status is 0 after success; 252 when the command line or a parameter is wrong; 253 without credentials, region or
profile; 254 when the service refuses; 255 otherwise, for example when a wait fails or nobody answers.`

// caller is one `nephele call`.
type caller struct {
	environ []string
	cfg     config.Config

	input, query, output, outfile string
	params                        []string
	paginate                      bool
	maxItems, pageSize            int
	startingToken                 string
	waiter                        string
	waitDelay                     time.Duration
	waitAttempts                  int
	presign                       bool
	expires                       time.Duration
	method                        string
	endpoint, region, profile     string
	unsigned, debug               bool
	list, skeleton                bool

	flags  *pflag.FlagSet
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func callCommand(environ []string) *cobra.Command {
	c := &caller{environ: environ, cfg: config.Default()}
	cmd := &cobra.Command{
		Use:   "call SERVICE OPERATION",
		Short: "call an operation of any AWS service, here or at AWS",
		Long:  callHelp,
		Args: func(_ *cobra.Command, args []string) error {
			if err := c.checkArgs(args); err != nil {
				return &exitError{statusUsage, err}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c.flags, c.stdin, c.stdout, c.stderr = cmd.Flags(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			return classify(c.run(cmd.Context(), args))
		},
		ValidArgsFunction: completeCall,
	}
	c.addFlags(cmd.Flags())
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{statusUsage, err} })
	return cmd
}

func (c *caller) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.input, "input", "", "parameters as `JSON`, file://PATH, or - for standard input")
	fs.StringArrayVarP(&c.params, "param", "p", nil, "one parameter, `NAME=VALUE`; goes on top of --input")
	fs.StringVar(&c.query, "query", "", "print what this JMESPath expression finds in the output")
	fs.StringVar(&c.output, "output", "json", "json or text")
	fs.StringVar(&c.outfile, "outfile", "", "write the output's stream to a `FILE`, and the rest to standard output")
	fs.BoolVar(&c.paginate, "paginate", true, "page through the results")
	fs.Bool("no-paginate", false, "make one call")
	fs.IntVar(&c.maxItems, "max-items", 0, "print at most this many items; NextToken then says where to go on")
	fs.IntVar(&c.pageSize, "page-size", 0, "how many items to ask for at a time")
	fs.StringVar(&c.startingToken, "starting-token", "", "go on at a NextToken")
	fs.StringVar(&c.waiter, "wait", "", "repeat the operation until a condition `NAME` of the service holds; print nothing")
	fs.DurationVar(&c.waitDelay, "wait-delay", 0, "pause between attempts of --wait, instead of the model's")
	fs.IntVar(&c.waitAttempts, "wait-attempts", 0, "how many attempts --wait makes, instead of the model's")
	fs.BoolVar(&c.presign, "presign", false, "print a signed URL instead of calling")
	fs.DurationVar(&c.expires, "expires", time.Hour, "how long the URL of --presign is valid")
	fs.StringVar(&c.method, "method", "", "HTTP method of --presign, instead of the model's")
	fs.StringVar(&c.endpoint, "endpoint-url", "", "`URL` to call")
	fs.StringVar(&c.region, "region", "", "region to call")
	fs.StringVar(&c.profile, "profile", "", "profile of the AWS configuration")
	fs.BoolVar(&c.unsigned, "no-sign-request", false, "send no signature")
	fs.BoolVar(&c.debug, "debug", false, "show requests and answers on standard error")
	fs.BoolVar(&c.list, "list", false, "list the services, or what a service has")
	fs.BoolVar(&c.skeleton, "skeleton", false, "print an input of the operation to be filled in")
	server := config.Default()
	fs.String("listen", server.Listen, "TCP `ADDR` of the local server")
	fs.String("data", server.Data, "data `DIR` of the local server, for its root credentials")
}

// checkArgs wants a service and an operation where they are needed.
func (c *caller) checkArgs(args []string) error {
	want := 2
	switch {
	case c.list && len(args) <= 1, c.waiter != "" && len(args) == 1:
		return nil
	}
	if len(args) != want {
		return errors.New("want SERVICE and OPERATION; see --list and --help")
	}
	if c.output != "json" && c.output != "text" {
		return fmt.Errorf("--output: %q is neither json nor text", c.output)
	}
	return nil
}

// classify gives an error its exit status.
func classify(err error) error {
	if err == nil || errors.Is(err, errSilent) {
		return err
	}
	if _, ok := errors.AsType[*exitError](err); ok {
		return err
	}
	status := statusOther
	_, refused := errors.AsType[*client.Error](err)
	_, waited := errors.AsType[*client.WaiterError](err)
	_, param := errors.AsType[*client.ParamError](err)
	_, name := errors.AsType[*client.NameError](err)
	switch {
	case param || name || errors.Is(err, client.ErrNotPageable):
		status = statusUsage
	case errors.Is(err, client.ErrNoRegion) || errors.Is(err, client.ErrNoCredentials):
		status = statusConfig
	case refused && !waited:
		status = statusService
	}
	return &exitError{status, err}
}

func (c *caller) run(ctx context.Context, args []string) error {
	if c.list && len(args) == 0 {
		return printServices(c.stdout)
	}
	s, err := c.session(ctx)
	if err != nil {
		return err
	}
	cl, err := s.Client(args[0])
	if err != nil {
		return err
	}
	defer cl.Close()
	if c.list {
		return printService(c.stdout, cl)
	}
	operation, waiter, err := c.operation(cl, args[1:])
	if err != nil {
		return err
	}
	if c.skeleton {
		text, err := cl.Skeleton(operation)
		if err == nil {
			_, err = c.stdout.Write(text)
		}
		return err
	}
	in, closeFiles, err := c.arguments(cl, operation)
	defer closeFiles()
	if err != nil {
		return err
	}
	switch {
	case waiter != nil:
		return c.wait(ctx, waiter, in)
	case c.presign:
		return c.sign(ctx, cl, operation, in)
	}
	return c.call(ctx, cl, operation, in)
}

// operation is the one asked for; with --wait it may be left out.
func (c *caller) operation(cl *client.Client, args []string) (string, *client.Waiter, error) {
	if c.waiter == "" {
		name, err := cl.OperationName(args[0])
		return name, nil, err
	}
	w, err := cl.Waiter(c.waiter)
	if err != nil || len(args) == 0 {
		return nameOf(w), w, err
	}
	name, err := cl.OperationName(args[0])
	if err == nil && name != w.Operation() {
		err = &exitError{statusUsage, fmt.Errorf("--wait %s repeats %s, not %s", w.Name(), w.Operation(), name)}
	}
	return name, w, err
}

func nameOf(w *client.Waiter) string {
	if w == nil {
		return ""
	}
	return w.Operation()
}

func (c *caller) wait(ctx context.Context, w *client.Waiter, in map[string]any) error {
	var opts []client.WaitOption
	if c.waitDelay > 0 {
		opts = append(opts, client.WithDelay(c.waitDelay))
	}
	if c.waitAttempts > 0 {
		opts = append(opts, client.WithAttempts(c.waitAttempts))
	}
	_, err := w.Wait(ctx, in, opts...)
	return err
}

// sign prints the URL; what else has to be sent goes to standard error.
func (c *caller) sign(ctx context.Context, cl *client.Client, operation string, in map[string]any) error {
	opts := []client.PresignOption{client.Expires(c.expires)}
	if c.method != "" {
		opts = append(opts, client.Method(c.method))
	}
	p, err := cl.Presign(ctx, operation, in, opts...)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(c.stdout, p.URL); err != nil {
		return err
	}
	if p.Method != "GET" {
		fmt.Fprintf(c.stderr, "Send it with the method %s.\n", p.Method)
	}
	for name, values := range p.Header {
		if name != "Content-Length" {
			fmt.Fprintf(c.stderr, "Send the header %s: %s\n", name, strings.Join(values, ", "))
		}
	}
	switch {
	case utf8.Valid(p.Body) && len(p.Body) > 0:
		fmt.Fprintf(c.stderr, "Send the body %s\n", p.Body)
	case len(p.Body) > 0:
		fmt.Fprintf(c.stderr, "Send the body that is %s in base64\n", base64.StdEncoding.EncodeToString(p.Body))
	}
	return nil
}

// call makes the call, or all those of a listing, and prints the output.
func (c *caller) call(ctx context.Context, cl *client.Client, operation string, in map[string]any) error {
	out, err := c.result(ctx, cl, operation, in)
	if err != nil {
		return err
	}
	if member := cl.StreamMember(operation); member != "" && out[member] != nil {
		done, err := c.stream(out, member)
		if err != nil || done {
			return err
		}
	}
	return c.print(out)
}

func (c *caller) result(ctx context.Context, cl *client.Client, operation string, in map[string]any) (map[string]any, error) {
	asked := c.flags.Changed("max-items") || c.flags.Changed("page-size") || c.startingToken != ""
	if no, _ := c.flags.GetBool("no-paginate"); no || !c.paginate || !cl.CanPaginate(operation) && !asked {
		return cl.Call(ctx, operation, in)
	}
	p, err := cl.Paginator(operation)
	if err != nil {
		return nil, err
	}
	if !asked && p.PagesItself(in) {
		return cl.Call(ctx, operation, in)
	}
	var opts []client.PageOption
	if c.flags.Changed("max-items") {
		opts = append(opts, client.MaxItems(c.maxItems))
	}
	if c.flags.Changed("page-size") {
		opts = append(opts, client.PageSize(c.pageSize))
	}
	if c.startingToken != "" {
		opts = append(opts, client.StartingToken(c.startingToken))
	}
	return p.Paginate(in, opts...).BuildFullResult(ctx)
}

// print writes an output, or what --query finds in it. An output of nothing
// prints nothing.
func (c *caller) print(out map[string]any) error {
	v := client.Plain(out)
	if len(out) == 0 {
		return nil
	}
	if c.query != "" {
		found, err := client.Search(c.query, out)
		if err != nil {
			return &exitError{statusUsage, err}
		}
		v = found
	}
	if c.output == "text" {
		return printText(c.stdout, v)
	}
	e := json.NewEncoder(c.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	return e.Encode(v)
}

// logger writes what --debug shows.
func (c *caller) logger() *slog.Logger {
	if !c.debug {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// errNoStream keeps a directory or the like from being taken for a file.
var errNoStream = errors.New("standard input can be read for one parameter only")

// openFile opens what file:// or fileb:// names; - is standard input.
func (c *caller) openFile(path string) (io.ReadCloser, error) {
	if path != "-" {
		return os.Open(path)
	}
	if c.stdin == nil {
		return nil, errNoStream
	}
	r := io.NopCloser(c.stdin)
	c.stdin = nil
	return r, nil
}
