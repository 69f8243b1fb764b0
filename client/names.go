package client

import (
	"slices"
	"strings"
	"sync"

	"nephele.dev/nephele/internal/api/all"
	"nephele.dev/nephele/internal/shape"
)

// services are linked when the first name is looked up.
var services = sync.OnceValue(all.Services)

// cliNames are names of the AWS CLI and of its users that no model has.
var cliNames = map[string]string{
	"s3api":                  "s3",
	"cloudwatchevents":       "events",
	"systemsmanager":         "ssm",
	"synthetic":              "synthetics",
	"cloudwatchsynthetics":   "synthetics",
	"cloudwatchrum":          "rum",
	"simplestorageservice":   "s3",
	"elasticloadbalancingv1": "elb",
	"elasticloadbalancing":   "elb",
}

// Services lists the services there are, by the name of their models: those
// that Client takes as they are.
func Services() []string {
	names := make([]string, len(services()))
	for i, svc := range services() {
		names[i] = svc.Name
	}
	return names
}

// findService looks for the model's own name first, then for the service id,
// the names of the AWS CLI, and those in credential scopes and host names.
func findService(name string) (*shape.Service, error) {
	want := fold(name)
	for _, key := range []func(*shape.Service) string{
		func(s *shape.Service) string { return s.Name },
		func(s *shape.Service) string { return s.ID },
		func(s *shape.Service) string {
			if cliNames[want] == s.Name {
				return want
			}
			return ""
		},
		func(s *shape.Service) string { return s.SigningName },
		func(s *shape.Service) string { return s.EndpointPrefix },
	} {
		for _, svc := range services() {
			if want != "" && fold(key(svc)) == want {
				return svc, nil
			}
		}
	}
	return nil, &NameError{Kind: "service", Name: name, Valid: Services()}
}

// fold brings the forms of a name together: SendCommand, send_command,
// send-command.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// findOperation looks an operation up by any form of its name.
func findOperation(svc *shape.Service, name string) (*shape.Operation, error) {
	if op := svc.Operation(name); op != nil {
		return op, nil
	}
	want := fold(name)
	ops := svc.Operations()
	if i := slices.IndexFunc(ops, func(op *shape.Operation) bool { return fold(op.Name) == want }); i >= 0 {
		return ops[i], nil
	}
	return nil, &NameError{Kind: "operation", Name: name, Valid: operationNames(svc)}
}

func operationNames(svc *shape.Service) []string {
	ops := svc.Operations()
	names := make([]string, len(ops))
	for i, op := range ops {
		names[i] = op.Name
	}
	return names
}
