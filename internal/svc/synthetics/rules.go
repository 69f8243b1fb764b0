package synthetics

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	api "nephele.dev/nephele/internal/api/synthetics"
	"nephele.dev/nephele/internal/canaryruntime"
	"nephele.dev/nephele/internal/when"
)

// Limits and defaults of the API reference of CreateCanary.
const (
	maxTimeout       = 840 * time.Second // also the default for slower schedules
	defaultMemoryMB  = 1000
	memoryStepMB     = 64
	defaultStorageMB = 1024
	defaultRetention = 31 // days
	maxRetention     = 455
	maxEnvironment   = 4 << 10 // bytes of all names and values
)

// reservedEnvironment are the names that Lambda keeps to itself; a canary may
// not set them.
var reservedEnvironment = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN", "AWS_LAMBDA_MAX_CONCURRENCY",
	"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}

func invalid(format string, args ...any) error {
	return api.NewValidationException(format, args...)
}

// checkRuntime refuses runtimes that do not exist, are deprecated, or that
// this installation cannot execute.
func checkRuntime(name string, now time.Time) error {
	v, ok := canaryruntime.ByName(name)
	switch {
	case ok && v.DeprecatedAt(now):
		return invalid("Deprecated runtime version specified: %s", name)
	case ok:
		return nil
	case strings.HasPrefix(name, "syn-"):
		return notImplemented("the runtime version " + name)
	default:
		return invalid("Invalid runtime version specified: %s", name)
	}
}

// parseSchedule checks an expression in the Synthetics dialect.
func parseSchedule(expression string) (when.Schedule, error) {
	schedule, err := when.Parse(when.Synthetics, expression, when.Options{})
	if refused, ok := errors.AsType[*when.Error](err); ok {
		return when.Schedule{}, invalid("Invalid schedule expression %s: %s", refused.Expression, refused.Reason)
	}
	return schedule, err
}

// timeoutFor returns the run timeout of a canary: what was asked for, checked
// against the schedule, or the schedule's period up to 14 minutes.
func timeoutFor(asked *int32, schedule when.Schedule) (time.Duration, error) {
	limit := maxTimeout
	if period, ok := schedule.Every(); ok {
		limit = min(limit, period)
	}
	if asked == nil {
		return limit, nil
	}
	timeout := time.Duration(*asked) * time.Second
	if timeout > maxTimeout || timeout < 3*time.Second {
		return 0, invalid("Run timeout cannot be less than 3 seconds or greater than 840 seconds")
	}
	if timeout > limit {
		return 0, invalid("Run timeout cannot be greater than %d seconds for the chosen frequency", int(limit.Seconds()))
	}
	return timeout, nil
}

func checkMemory(mb int32) error {
	if mb%memoryStepMB != 0 && mb != defaultMemoryMB {
		return invalid("MemoryInMB must be a multiple of %d", memoryStepMB)
	}
	return nil
}

func checkRetention(days int32) error {
	if days > maxRetention {
		return invalid("Retention period must be between 1 and %d days", maxRetention)
	}
	return nil
}

func checkEnvironment(vars map[string]string) error {
	size := 0
	for name, value := range vars {
		if slices.Contains(reservedEnvironment, name) {
			return invalid("Environment variable %s is reserved by Lambda and cannot be set", name)
		}
		size += len(name) + len(value)
	}
	if size > maxEnvironment {
		return invalid("Environment variables exceed the maximum size of 4 KB")
	}
	return nil
}

// artifactLocation normalises ArtifactS3Location, "s3://bucket[/prefix]", to
// "bucket/prefix". A bare bucket gets the prefix that the console would use.
func artifactLocation(location, region, name string) (string, error) {
	rest, ok := strings.CutPrefix(location, "s3://")
	bucket, prefix, _ := strings.Cut(strings.Trim(rest, "/"), "/")
	switch {
	case !ok || bucket == "":
		return "", invalid("ArtifactS3Location must be of the form s3://bucket[/prefix]")
	case strings.Contains(bucket, "."):
		return "", invalid("The name of the artifact bucket cannot include a period (.)")
	case prefix == "":
		prefix = fmt.Sprintf("canary/%s/%s", region, name)
	}
	return bucket + "/" + prefix, nil
}

// refuseUnbuilt answers requests for parts of the configuration that are not
// built. Nothing is accepted that would then be ignored.
func (p *patch) refuseUnbuilt() error {
	code, vpc := p.code, p.vpc
	switch {
	case code != nil && len(code.Dependencies) > 0:
		return notImplemented("Dependencies (Lambda layers)")
	case p.key != nil && *p.key != "":
		return notImplemented("KmsKeyArn")
	case vpc != nil && inVPC(vpc):
		return notImplemented("VpcConfig")
	}
	return nil
}

// inVPC reports whether a VpcConfig names a VPC; an empty one is none.
func inVPC(vpc *api.VpcConfigInput) bool {
	return len(vpc.SubnetIds) > 0 || len(vpc.SecurityGroupIds) > 0 || vpc.Ipv6AllowedForDualStack != nil && *vpc.Ipv6AllowedForDualStack
}

func is[S ~string](v *S, want string) bool { return v != nil && string(*v) == want }
