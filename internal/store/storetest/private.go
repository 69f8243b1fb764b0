package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var errNotInstalled = errors.New("PostgreSQL is not installed: apt-get install postgresql, or set " +
	URLVariable + " to the URL of a server")

// startScript makes a cluster in $1 with the binaries in $2, starts it, says
// so on standard output, and takes it away when standard input ends: the other
// end of that pipe is held by the test binary, so however that ends, killed or
// not, nothing stays behind.
const startScript = `
set -e
dir=$1 bin=$2
trap 'rm -rf "$dir"' EXIT
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1
"$bin/postgres" -D "$dir/data" -k "$dir" -h '' -F \
	-c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB \
	-c max_wal_size=256MB -c autovacuum_naptime=10s >>"$dir/log" 2>&1 &
server=$!
for i in $(seq 300); do
	"$bin/pg_isready" -q -h "$dir" && break
	kill -0 $server
	sleep 0.05
done
echo ready
cat >/dev/null
kill -QUIT $server
wait $server || true
`

// startPrivate starts a server for this process alone and returns its URL.
func startPrivate() (string, error) {
	bin, err := postgresBin()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "nephele-postgres-")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	argv := []string{"/bin/sh", "-c", startScript, "postgres", dir, bin}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		if err := exec.CommandContext(context.Background(), "chown", "postgres", dir).Run(); err != nil {
			return "", fmt.Errorf("give %s to the user postgres: %w", dir, err)
		}
		argv = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}, argv...)
	}
	if err := runUntilReady(argv); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return "", fmt.Errorf("start PostgreSQL: %w\n%s", err, log)
	}
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}
	return u.String(), nil
}

// held keeps the pipe open for the life of the process.
var held *os.File //nolint:unused // held, not read

func runUntilReady(argv []string) error {
	stdin, keep, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...) // lives as long as we do
	cmd.Dir, cmd.Stdin, cmd.Stdout = "/", stdin, stdout
	err = cmd.Start()
	stdout.Close()
	if err != nil {
		return errors.Join(err, keep.Close())
	}
	held = keep
	answer := make([]byte, 16)
	_ = out.SetReadDeadline(time.Now().Add(time.Minute))
	n, err := out.Read(answer)
	if err != nil {
		return errors.Join(fmt.Errorf("it did not get ready: %w", err), keep.Close())
	}
	if strings.TrimSpace(string(answer[:n])) != "ready" {
		return fmt.Errorf("it said %q", answer[:n])
	}
	return nil
}

// postgresBin is the directory of the newest installed server.
func postgresBin() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return "", errNotInstalled
		}
		return filepath.Dir(path), nil
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}
