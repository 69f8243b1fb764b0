"""A canary's life with boto3, from its role to its last event.

Argument: the endpoint. Says "ok" at the end.
"""
import io
import json
import sys
import time
import zipfile
from collections import Counter

import boto3

ENDPOINT = sys.argv[1]
BUCKET = "canary-artifacts"
SCRIPT = """
exports.handler = async () => {
  if (process.env.BROKEN) throw new Error('the shop is closed');
  console.log('the shop is open');
};
"""
started = time.monotonic()


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT)


synthetics, s3, iam, sqs, events, cloudwatch, logs = (
    client(s) for s in ("synthetics", "s3", "iam", "sqs", "events", "cloudwatch", "logs")
)
errors = synthetics.exceptions


def note(text):
    print(f"{time.monotonic() - started:5.1f} s  {text}", flush=True)


def archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        z.writestr("nodejs/node_modules/index.js", SCRIPT)
    return buffer.getvalue()


def until(question, *answers):
    while (answer := question()) not in answers:
        time.sleep(0.05)
    return answer


def status(name):
    return synthetics.get_canary(Name=name)["Canary"]["Status"]


def state(name):
    return status(name)["State"]


def refused(error, call, **parameters):
    try:
        call(**parameters)
    except error as e:
        return e.response["Error"]["Message"]
    raise AssertionError(f"not refused: {parameters}")


def pages(call, member, size, **parameters):
    """Everything that a listing has: boto3 has no paginators for Synthetics."""
    found = []
    while True:
        out = call(MaxResults=size, **parameters)
        assert len(out[member]) <= size, out
        found += out[member]
        if "NextToken" not in out:
            return found
        parameters["NextToken"] = out["NextToken"]


def runs(name, **which):
    return pages(synthetics.get_canary_runs, "CanaryRuns", 1, Name=name, **which)


def run(name):
    """Starts a canary that runs once, and returns its runs, newest first."""
    synthetics.start_canary(Name=name)
    until(lambda: state(name), "STOPPED")
    return runs(name)


def change(name, **parameters):
    before = state(name)
    synthetics.update_canary(Name=name, **parameters)
    until(lambda: state(name), before)


def role(name, trusted, *statements):
    def policy(*list_):
        return json.dumps({"Version": "2012-10-17", "Statement": list_})

    trust = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="canaryPolicy", PolicyDocument=policy(*statements))
    return arn


def allow(action, resource, **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


# What aws-cdk-lib's Canary grants its role.
PUT = allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*")
REST = [
    allow("s3:ListAllMyBuckets", "*"),
    allow("s3:GetBucketLocation", f"arn:aws:s3:::{BUCKET}"),
    allow("cloudwatch:PutMetricData", "*", Condition={"StringEquals": {"cloudwatch:namespace": "CloudWatchSynthetics"}}),
    allow(["logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents"], "arn:aws:logs:*:*:log-group:/aws/lambda/cwsyn-*"),
]


def create(name, arn, **more):
    parameters = {
        "Name": name,
        "RuntimeVersion": "syn-nodejs-5.1",
        "ExecutionRoleArn": arn,
        "ArtifactS3Location": f"s3://{BUCKET}",
        "Code": {"Handler": "index.handler", "S3Bucket": BUCKET, "S3Key": "code.zip"},
        "Schedule": {"Expression": "rate(0 minute)"},
        "RunConfig": {"TimeoutInSeconds": 60},
        **more,
    }
    made = synthetics.create_canary(**parameters)["Canary"]
    assert made["Status"]["State"] == "CREATING" and made["Status"]["StateReasonCode"] == "CREATE_PENDING", made
    return until(lambda: state(name), "READY", "ERROR")


def listen(name):
    """A queue that gets what EventBridge tells of a canary."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    grant = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": grant})})
    pattern = {"source": ["aws.synthetics"], "detail": {"canary-name": [name]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    return url


def heard(url, enough):
    """The events in a queue, once there are enough."""
    found = []
    while len(found) < enough:
        for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            found.append(json.loads(m["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
    return found


s3.create_bucket(Bucket=BUCKET)
s3.put_object(Bucket=BUCKET, Key="code.zip", Body=archive())
queue = listen("shop")

# Roles: one that does, one that Lambda may not assume, one that may not write.
stranger = role("stranger", "ec2.amazonaws.com", PUT, *REST)
assert create("stranger", stranger) == "ERROR", status("stranger")
assert status("stranger")["StateReasonCode"] == "CREATE_FAILED", status("stranger")
assert create("silent", role("silent", "lambda.amazonaws.com", *REST)) == "READY"
unwritten = run("silent")[0]["Status"]
assert (unwritten["State"], unwritten["StateReasonCode"], unwritten["TestResult"]) == ("FAILED", "EXECUTION_FAILURE", "PASSED"), unwritten
assert create("shop", role("shop", "lambda.amazonaws.com", PUT, *REST), Tags={"team": "web"}) == "READY"
note("roles")

# A run, what is refused meanwhile, and its traces.
assert "already exists" in refused(errors.ValidationException, create, name="shop", arn=stranger)
refused(errors.ConflictException, synthetics.stop_canary, Name="shop")
refused(errors.ResourceNotFoundException, synthetics.start_canary, Name="none")
refused(errors.ValidationException, synthetics.get_canary_runs, Name="shop", NextToken="no token")
first = run("shop")
assert len(first) == 1 and first[0]["Status"]["State"] == "PASSED", first
bucket, prefix = first[0]["ArtifactS3Location"].split("/", 1)
names = [o["Key"].rsplit("/", 1)[1] for o in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
assert "SyntheticsReport-PASSED.json" in names, names
canary = synthetics.get_canary(Name="shop")["Canary"]
group = "/aws/lambda/" + canary["EngineArn"].split(":function:")[1].split(":")[0]
lines = logs.filter_log_events(logGroupName=group, filterPattern="open")["events"]
assert len(lines) == 1 and "the shop is open" in lines[0]["message"], lines
note("a run")

# It breaks: every attempt is a run, and counts.
broken = {"TimeoutInSeconds": 60, "EnvironmentVariables": {"BROKEN": "yes"}}
change("shop", Schedule={"Expression": "rate(0 minute)", "RetryConfig": {"MaxRetries": 2}}, RunConfig=broken)
attempts = run("shop")[:3]
assert [a.get("RetryAttempt") for a in attempts] == [2, 1, None], attempts
assert {a["ScheduledRunId"] for a in attempts} == {attempts[2]["Id"]}, attempts
assert {(a["Status"]["StateReason"], a["Status"]["StateReasonCode"]) for a in attempts} == {("the shop is closed", "CANARY_FAILURE")}, attempts
assert len({a["Timeline"]["MetricTimestampForRunAndRetries"] for a in attempts}) == 1, attempts


def metric(name, statistic):
    """A statistic of the canary's runs of the last hour; None before the first."""
    now = time.time()
    points = cloudwatch.get_metric_statistics(
        Namespace="CloudWatchSynthetics", MetricName=name, Dimensions=[{"Name": "CanaryName", "Value": "shop"}],
        Statistics=[statistic], StartTime=now - 3600, EndTime=now + 60, Period=3660,
    )["Datapoints"]
    return sum(p[statistic] for p in points) if points else None


until(lambda: metric("SuccessPercent", "SampleCount"), 4)
assert metric("SuccessPercent", "Sum") == 100, "one run passed, three attempts did not"
until(lambda: metric("RetryCount", "Sum"), 2)
note("retries and metrics")


# A dry run fails and cannot be taken; another passes and is.
def try_out(**parameters):
    dry = synthetics.start_canary_dry_run(Name="shop", **parameters)["DryRunConfig"]["DryRunId"]
    refused(errors.ConflictException, synthetics.start_canary_dry_run, Name="shop")
    found = until(lambda: synthetics.get_canary(Name="shop", DryRunId=dry)["Canary"]["DryRunConfig"]["LastDryRunExecutionStatus"], "PASSED", "FAILED")
    assert [r["Status"]["State"] for r in runs("shop", DryRunId=dry)] == [found]
    return dry, found


bad, verdict = try_out()
assert verdict == "FAILED"
refused(errors.ValidationException, synthetics.update_canary, Name="shop", DryRunId=bad)
good, verdict = try_out(RunConfig={"TimeoutInSeconds": 60, "EnvironmentVariables": {"HARMLESS": "yes"}})
assert verdict == "PASSED"
assert {r["DryRunConfig"]["DryRunId"] for r in runs("shop", RunType="DRY_RUN")} == {bad, good}
refused(errors.ValidationException, synthetics.update_canary, Name="shop", DryRunId=good, SuccessRetentionPeriodInDays=3)
change("shop", DryRunId=good)
assert [r["Status"]["State"] for r in run("shop")] == ["PASSED", "FAILED", "FAILED", "FAILED", "PASSED"]
note("dry runs")

# Lists, groups and tags.
assert {c["Name"] for c in pages(synthetics.describe_canaries, "Canaries", 1)} == {"shop", "silent", "stranger"}
last = pages(synthetics.describe_canaries_last_run, "CanariesLastRun", 1)
assert {r["CanaryName"]: r["LastRun"]["Status"]["TestResult"] for r in last} == {"shop": "PASSED", "silent": "PASSED"}, last
versions = [v["VersionName"] for v in pages(synthetics.describe_runtime_versions, "RuntimeVersions", 7)]
assert len(versions) == len(set(versions)) > 20, versions
arn = "arn:aws:synthetics:us-east-1:000000000000:canary:shop"
made = synthetics.create_group(Name="front", Tags={"a": "b"})["Group"]
for identifier in made["Name"], made["Id"], made["Arn"]:
    assert synthetics.get_group(GroupIdentifier=identifier)["Group"]["Id"] == made["Id"]
synthetics.associate_resource(GroupIdentifier="front", ResourceArn=arn)
assert pages(synthetics.list_group_resources, "Resources", 1, GroupIdentifier="front") == [arn]
assert [g["Name"] for g in pages(synthetics.list_associated_groups, "Groups", 1, ResourceArn=arn)] == ["front"]
synthetics.tag_resource(ResourceArn=arn, Tags={"tier": "one/two three"})
synthetics.untag_resource(ResourceArn=arn, TagKeys=["team"])
assert synthetics.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"tier": "one/two three"}
refused(errors.NotFoundException, synthetics.list_tags_for_resource, ResourceArn=arn + "2")
note("groups and tags")

# The end, and what was told of it all.
synthetics.delete_canary(Name="shop", DeleteLambda=True)


def gone():
    try:
        return state("shop")
    except errors.ResourceNotFoundException:
        return "gone"


until(gone, "gone")
assert pages(synthetics.list_group_resources, "Resources", 1, GroupIdentifier="front") == []
synthetics.delete_group(GroupIdentifier="front")
refused(errors.ResourceNotFoundException, synthetics.get_group, GroupIdentifier="front")
assert names[0] in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"][0]["Key"], "artifacts outlive their canary"
told = heard(queue, 5 + 15)
kinds = Counter((e["detail-type"], e["detail"].get("test-run-status")) for e in told)
assert kinds["Synthetics Canary TestRun Successful", "PASSED"] == 2, kinds
assert kinds["Synthetics Canary TestRun Failure", "FAILED"] == 3, kinds
changes = Counter((e["detail"]["previous-state"], e["detail"]["current-state"]) for e in told if "current-state" in e["detail"])
assert changes["CREATING", "READY"] == changes["READY", "STARTING"] == changes["STOPPED", "DELETING"] == 1, changes
assert changes["STARTING", "RUNNING"] == changes["RUNNING", "STOPPED"] == 3, changes
assert changes["STOPPED", "UPDATING"] == changes["UPDATING", "STOPPED"] == 2, changes
note("events")
print("ok")
