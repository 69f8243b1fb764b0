// Command nephele speaks the AWS wire protocols on one endpoint and does the
// work behind them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// errSilent ends the program with status 1 when everything has been said.
var errSilent = errors.New("")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "nephele",
		Short:         "AWS on your own machine: the wire protocols, and the work behind them",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serveCommand(environ), envCommand(environ), doctorCommand(environ), outboxCommand(environ), callCommand(environ), canaryCommand(environ), masterKeyCommand(environ), coverageCommand(), versionCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		fmt.Fprintf(stderr, "\n%v\n", err)
		return exit.status
	}
	if !errors.Is(err, errSilent) {
		fmt.Fprintf(stderr, "nephele: %v\n", err)
	}
	return 1
}
