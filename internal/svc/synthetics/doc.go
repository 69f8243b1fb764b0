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
//	CreateCanary              StartCanary               StopCanary
//	────────────► CREATING ─► READY ────► STARTING ─► RUNNING ────► STOPPING ─► STOPPED
//	                  │                      ▲                                     │
//	                  ▼                      ├─────────── StartCanary ─────────────┘
//	                ERROR ── StartCanary ────┘
//	                  └───── UpdateCanary ─► UPDATING ─► READY
//
//	READY, RUNNING, STOPPED ─ UpdateCanary ─► UPDATING ─► where it came from
//	READY, STOPPED, ERROR ─── DeleteCanary ─► DELETING ─► gone
//
// The end of DurationInSeconds, or of the single run of a rate of 0, leads from
// RUNNING to STOPPED at once.
//
// AWS makes a canary's Lambda function after it has answered, so that creations
// and updates can fail later. Of what Lambda refuses the execution role has
// meaning here: one that does not exist, or trusts neither Lambda nor Synthetics.
//
//	CREATING ─► ERROR        CREATE_FAILED; the StateReason says why
//	UPDATING ─► before it    ROLLBACK_COMPLETE and a StateReason: nothing has changed
//	UPDATING ─► READY        out of ERROR, when the role can be assumed now
//	STARTING ─► ERROR        INVALID_PERMISSIONS: out of ERROR, when it still cannot
//
// What an update or a start out of ERROR leads to is not documented by AWS.
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
// then executes, uploads, and commits the verdict with what follows from it: also
// work in the lane "canary.publish", which publishes metrics under a token made of
// the run's id. Ticks have a lane, too: neither waits for workers. A run that is
// interrupted is executed again under the same names; its metrics count once,
// artifacts of the first execution alone are deleted, and its log has the lines
// of both.
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
// A role that cannot be assumed when the canary is created or updated shows in the
// canary's state; one of another account is refused (AccessDeniedException) as
// soon as it is named. Where callers are not asked for permission, the
// role need not exist: the service then acts itself, and the script has an
// access key of the account.
//
// # What is secret
//
// Environment variables are sealed (package seal) for their canary, and open
// when a run begins. No answer shows them, as in AWS. When their master key is
// lost, runs fail and say so; everything else of the canary works.
//
// # What the configuration means here
//
//	ActiveTracing               the script finds a trace that begins with its run in
//	                            _X_AMZN_TRACE_ID, as in Lambda, and the library sends it
//	                            with requests. There is no X-Ray that would collect
//	                            segments, so there is none of the run itself
//	ArtifactConfig              the headers with which artifacts are put into S3; without
//	                            it, the bucket's default holds
//	BlueprintTypes              "multi-checks", where the runtime has it: instead of a
//	                            Handler, checks that the server makes itself
//	ProvisionedResourceCleanup  kept and shown. What AWS would delete or leave, the
//	and deleteLambda            function and its layer, is here the copy of the code,
//	                            which nothing else could use: it always goes with the
//	                            canary. Log group, artifacts and metrics always stay
//	ResourcesToReplicateTags    accepted with tags; there is no function to bear them
//
// What the configuration asks of the runtime is checked whenever one of the two
// changes. A deprecated runtime takes no new canaries; those that have it can be
// updated in all else, run, and be deleted.
//
// # Groups
//
// Groups belong to an account and are seen from every region; the region in a
// group's ARN is that of its creation. A canary joins and leaves in its own region.
// A group is one record with its members in it: twenty groups and ten members make
// every question about them a short list. Members are known by the id of their
// canary, which leaves its groups in the transaction that deletes it.
//
// # Several locations
//
// A canary with replicas is one record in each region, of which the primary is
// managed: starts, stops and updates begin in one transaction for all of them, and
// each record's own flow takes it on. ReplicationState is not stored, but seen from
// the replicas' states. All of them run on this machine: what one installation
// cannot mean is to look at a site from several places. The rest is as in AWS:
//
//	runs        in each region its own; in the primary's, those of all, with Location
//	artifacts   in the primary's bucket, under the replica's region
//	metrics     in each region its own; in the primary's, SuccessPercent and Duration
//	            by Location, and SuccessPercent over all
//	logs        in each region its own
//
// # Not implemented
//
// VPC configuration (there is no EC2), Dependencies (there are no Lambda layers),
// KmsKeyArn for environment variables, runtimes in Java; of canaries in several
// locations visual monitoring and updates from a dry run. Each answers with an
// error that says so. An empty VpcConfig is none, and accepted.
package synthetics
