// Command gen keeps internal/api: it imports service models from an installed
// botocore, by hand and rarely, and generates one Go package per service from
// the imported models, hermetically.
//
//	go run ./internal/api/gen import -data .../site-packages/botocore/data
//	go run ./internal/api/gen generate
//
// Both work on the directory given by -api, "internal/api" by default.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"nephele.dev/nephele/internal/api/gen/botocore"
	"nephele.dev/nephele/internal/api/gen/emit"
	"nephele.dev/nephele/internal/api/gen/model"
)

// services maps the generated packages to botocore's directory names.
var services = map[string]string{
	"synthetics": "synthetics", "rum": "rum", "ssm": "ssm", "cloudwatch": "cloudwatch", "logs": "logs",
	"s3": "s3", "sns": "sns", "sqs": "sqs", "iam": "iam", "sts": "sts", "events": "events",
	"cognitoidentity": "cognito-identity", "kms": "kms", "secretsmanager": "secretsmanager",
	"lambda": "lambda", "autoscaling": "autoscaling", "ec2": "ec2", "elb": "elb", "elbv2": "elbv2",
	"cloudformation": "cloudformation", "cloudfront": "cloudfront",
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("want a subcommand: import or generate")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	api := flags.String("api", filepath.Join("internal", "api"), "directory of the generated packages")
	data := flags.String("data", "", "data directory of an installed botocore (import)")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "import":
		return importModels(*data, filepath.Join(*api, "models"))
	case "generate":
		return generate(*api)
	}
	return fmt.Errorf("unknown subcommand %q: want import or generate", args[0])
}

// importModels writes every model and the version they came from.
func importModels(data, models string) error {
	version, err := botocore.Version(data)
	if err != nil {
		return err
	}
	for name, dir := range services {
		m, err := botocore.Import(data, dir)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(models, name+".json"), model.Format(m), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(models, "VERSION"), []byte("botocore "+version+"\n"), 0o644)
}

// generate writes every package below api and removes generated files that no
// longer belong to one.
func generate(api string) error {
	files, err := emit.All(filepath.Join(api, "models"))
	if err != nil {
		return err
	}
	stale, err := emit.Stale(api, files)
	if err != nil {
		return err
	}
	for _, f := range stale {
		if err := os.Remove(f); err != nil {
			return err
		}
	}
	for name, data := range files {
		file := filepath.Join(api, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
