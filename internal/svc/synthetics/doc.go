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
// falls due it inserts a run for each of the canary's browsers and puts their
// work due at once, in one transaction, and is next due one period after the
// time it WAS due, so a schedule never drifts. A unique index on (canary, start,
// due time, browser, attempt) makes a second run for one tick impossible.
//
// A canary has one tick at a time: one that falls due while the former waits,
// executes or is repeated is passed over, and so are those that fall due while
// the server is down. None goes unnoticed: they count in SkippedRuns and in the
// server's own metrics, and are logged.
//
// A run is work in one of three lanes, by what it costs the machine, each with
// slots of its own:
//
//	canary          synthetics.run          a browser and a process
//	canary.script   synthetics.run.script   a process
//	canary.native   synthetics.run.native   neither: the server makes the checks
//
// It first commits the start time, from which the names of all artifacts follow,
// then executes, uploads, commits the verdict with what follows from it, and
// last publishes metrics under a token made of the run's id. A run that is
// interrupted is executed again under the same names; its metrics count once,
// its log has the lines of both executions.
//
// Where more is due than fits, runs wait in the order of their due times plus
// what the canary's last run took: since a canary has one tick at a time, each
// has its turn, and one with long runs waits for as much longer as it takes.
// ScheduleLateness and SkippedRuns (namespace Nephele/Synthetics, by canary, put
// once a minute) and the server's health tell that it is so.
//
// Runs in progress when a canary is stopped complete on their own and publish
// metrics and artifacts, but are not kept as runs of the canary, as the API
// reference of StopCanary says. Those that still wait for a worker do not begin.
// A canary that is started again meanwhile does not wait for them.
//
// # Attempts, browsers, dry runs
//
// The verdict on a failed run inserts the next attempt in the same transaction,
// as long as RetryConfig has any left. All attempts are runs of their own, with
// the id of the first for ScheduledRunId, events of their own, and metrics at the
// time of the first. The last of them also publishes RetryCount and
// SuccessPercentWithRetries. Attempts are by browser. A canary that runs once is
// over when all of them are.
//
// Where the runtime chooses the browser (puppeteer 11.0, playwright 3.0), metrics
// of the canary and its steps are put with the dimension Browser and without.
//
// A dry run is a configuration of its own, kept beside the canary's, and one run
// for each browser that belongs to no tick: it is not stopped, not retried, tells
// no events, and has two metrics, SuccessPercentDryRun and DurationDryRun. The
// canary notes its latest; while that is RUNNING there is no other. UpdateCanary
// stages a dry run that has passed like any configuration. Dry runs are
// forgotten when runs of their age are.
//
// # Baselines
//
// The screenshots that a visual reference names are copied into one archive in
// blob: from S3, as the canary's role, when it names a run, and from the run that
// has just passed when it waits for the next. Later runs are given the archive,
// so that baselines outlive the artifacts they were made of. Screenshots are known by
// their file names. What is compared is what the script takes during a run; the
// comparison itself is the script library's.
//
// # What is kept, and for how long
//
// The flow "synthetics.retention" removes runs that are older than the canary
// keeps them, and their artifacts, daily. Artifacts are deleted as the role; what it may
// not delete stays, and the log says so. Nothing is deleted of canaries that are
// gone: their artifacts are the user's. Archives of code and of baselines are
// removed when neither canary nor dry run refers to them any more: a row for that is
// put before they are written, and again when a reference goes.
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
// Layers and VPC configuration answer with an error that says so. So far as more
// is missing, the functions that say notImplemented tell.
package synthetics
