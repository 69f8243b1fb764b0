// Package synthetics is CloudWatch Synthetics: canaries, scripts that visit a
// site on a schedule, and the runs they leave behind.
//
// # What AWS promises, and what happens here
//
// A canary is created from a script (a zip archive, inline or in S3), started,
// and from then on run on its schedule until it is stopped. Each run ends
// PASSED or FAILED, and leaves artifacts in S3, a log stream in CloudWatch
// Logs and datapoints in the CloudWatchSynthetics namespace. All of that is
// real: a run is a cold process in a sandbox with a browser of its own, and its
// artifacts, logs and metrics go through the same S3, Logs and CloudWatch
// operations that any client uses.
//
// # States of a canary
//
//	CreateCanary                 StartCanary
//	────────────► CREATING ─► READY ─────────► STARTING ─► RUNNING ◄──────┐
//	                           ▲                  ▲        │  │           │
//	              UpdateCanary │                  │        │  │ UpdateCanary
//	              UPDATING ◄───┤      StartCanary │        │  └────► UPDATING
//	                           │                  │        │
//	                           ▼                  │        ▼ StopCanary
//	                        STOPPED ──────────────┘     STOPPING
//	                           ▲                           │
//	                           └───────────────────────────┘
//
// The end of DurationInSeconds, or of the single run of a rate of 0, leads from
// RUNNING to STOPPED at once. UPDATING leads back to where it came from. DeleteCanary leads from READY,
// STOPPED and ERROR to DELETING, and then the canary is gone. No canary enters
// ERROR here: what makes a creation fail in AWS after it was accepted is refused
// by CreateCanary, or shows in the runs.
//
// Operations are refused with ConflictException in any state that has no arrow
// for them. States ending in -ING are left by the flow "synthetics.canary",
// which every operation that enters one puts due at once, in the transaction
// that enters it. The process may die at any point: the row falls due again and
// the step is repeated.
//
// # Ticks and runs
//
// The flow "synthetics.schedule" has one row for each RUNNING canary. When it
// falls due it inserts a run and puts the flow "synthetics.run" due at once, in
// one transaction, and is next due one period after the time it WAS due, so a
// schedule never drifts; ticks missed while the server was down collapse into
// one. A unique index on (canary, start, due time) makes a second run for one
// tick impossible.
//
// The flow "synthetics.run" lives in lane "canary", whose slots are the number
// of browsers allowed at once. It first commits the start time, from which the
// names of all artifacts follow, then executes, uploads, commits the verdict,
// and last publishes metrics under a token made of the run's id. A run that is
// interrupted is executed again under the same names; its metrics count once,
// its log has the lines of both executions.
//
// Runs in progress when a canary is stopped complete on their own and publish
// metrics and artifacts, but are not kept as runs of the canary, as the API
// reference of StopCanary says. Those that still wait for a worker do not begin.
// A canary that is started again meanwhile does not wait for them.
//
// # Whom a run acts as
//
// A run opens a session of the canary's execution role with STS, as Lambda would
// and under the name that its function would have: roles for canaries trust
// lambda.amazonaws.com. One that trusts synthetics.amazonaws.com alone is
// accepted too. The script finds the session's credentials in its environment,
// as in Lambda, and the server's address if it can be reached from the sandbox.
// The run's artifacts, log and metrics are written by the same session:
//
//	lacks                     and so
//	s3:PutObject              the run fails, EXECUTION_FAILURE; its TestResult stands
//	logs:...                  its log is lost, as Lambda loses it
//	cloudwatch:PutMetricData  its metrics are lost
//	a role to assume          the script does not run, CANARY_FAILURE
//
// CreateCanary and UpdateCanary refuse a role that could not be assumed; AWS
// accepts it and ends in ERROR. Where callers are not asked for permission, the
// role need not exist: the service then acts itself, and the script has an
// access key of the account.
//
// # What is secret
//
// Environment variables are sealed (package seal) for their canary, and open
// when a run begins. No answer shows them, as in AWS. When their master key is
// lost, runs fail and say so; everything else of the canary works.
//
// # Not implemented
//
// Groups, dry runs, retries, visual monitoring, Firefox, blueprints, layers,
// VPC configuration, active tracing and artifact encryption answer with an error
// that says so.
package synthetics
