"""Calls of boto3 with root's, a user's and a session's credentials.

Arguments: endpoints. Prints how many calls were answered.
"""
import io
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

calls = 0
trust = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}})
everything = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
algorithms = ["CRC32", "SHA1", "SHA256"]
try:
    import awscrt  # noqa: F401

    algorithms += ["CRC32C", "CRC64NVME"]
except ImportError:
    pass


class Stream(io.RawIOBase):
    """A body that cannot be read twice."""

    def __init__(self, data):
        self.data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, b):
        return self.data.readinto(b)


def client(name, endpoint, creds, **config):
    c = boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", **creds,
                     config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **config))

    def count(**_):
        global calls
        calls += 1

    c.meta.events.register("after-call", count)
    return c


def expect(code, call, **kw):
    try:
        call(**kw)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return
    raise AssertionError(f"no {code}")


def fetch(url, method="GET", body=None):
    context = ssl.create_default_context(cafile=os.environ["AWS_CA_BUNDLE"]) if url.startswith("https") else None
    return urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": ""}, method=method), context=context).read()


def objects(endpoint, creds, bucket):
    s3 = client("s3", endpoint, creds)
    s3.create_bucket(Bucket=bucket)
    body = b"0123456789abcdef" * 20000
    for key in ("a b/c+d", "k:ü~'()*!,;=@&$", "%41%2F"):
        for algorithm in algorithms:
            for data in (body, io.BytesIO(body)):
                s3.put_object(Bucket=bucket, Key=key, Body=data, ChecksumAlgorithm=algorithm)
                got = s3.get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
                assert got["Body"].read() == body and got["Checksum" + algorithm], key
        for version in ("s3v4", "s3"):
            signer = client("s3", endpoint, creds, signature_version=version)
            fetch(signer.generate_presigned_url("put_object", {"Bucket": bucket, "Key": key}), "PUT", b"by a link")
            url = signer.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})
            assert fetch(url) == b"by a link", key
            try:
                fetch(url.replace(bucket, bucket[:-1] + "x"))
                raise AssertionError("a changed link")
            except urllib.error.HTTPError as e:
                assert e.code == 403, e
    s3.upload_fileobj(Stream(body * 30), bucket, "in parts")
    assert s3.head_object(Bucket=bucket, Key="in parts")["ContentLength"] == len(body) * 30
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "in parts"}]})


def exercise(endpoint, creds, name):
    assert client("sts", endpoint, creds).get_caller_identity()["Account"] == "000000000000"
    sqs = client("sqs", endpoint, creds)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="hällo <&>")
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hällo <&>"
    kms = client("kms", endpoint, creds)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])["Plaintext"] == b"x"
    cloudwatch = client("cloudwatch", endpoint, creds)
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m" * 200, "Value": float(i)} for i in range(100)])
    client("logs", endpoint, creds).create_log_group(logGroupName="/" + name)
    client("synthetics", endpoint, creds).describe_canaries()
    client("iam", endpoint, creds).list_roles()
    secrets = client("secretsmanager", endpoint, creds)
    secrets.create_secret(Name=name, SecretString="s")
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == "s"
    objects(endpoint, creds, "bucket-" + name)
    wrong = dict(creds, aws_secret_access_key="wrong")
    expect("SignatureDoesNotMatch", client("sts", endpoint, wrong).get_caller_identity)
    expect("InvalidSignatureException", client("kms", endpoint, wrong).create_key)
    expect("InvalidSignatureException", client("synthetics", endpoint, wrong).describe_canaries)
    expect("SignatureDoesNotMatch", client("s3", endpoint, wrong).create_bucket, Bucket="bad-bad")


for i, endpoint in enumerate(sys.argv[1:]):
    root = {"aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
    iam = client("iam", endpoint, root)
    name = f"py-{i}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=everything)
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=everything)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    user = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    made = client("sts", endpoint, user).assume_role(RoleArn="arn:aws:iam::000000000000:role/" + name, RoleSessionName="session")["Credentials"]
    session = {
        "aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"], "aws_session_token": made["SessionToken"],
    }
    for who, creds in (("root", root), ("user", user), ("session", session)):
        exercise(endpoint, creds, f"{name}-{who}")
    other = client("sts", endpoint, user).get_session_token()["Credentials"]["SessionToken"]
    expect("InvalidClientTokenId", client("sts", endpoint, dict(session, aws_session_token=other)).get_caller_identity)
    expect("UnrecognizedClientException", client("kms", endpoint, dict(session, aws_session_token=other)).create_key)
    expect("InvalidToken", client("s3", endpoint, dict(session, aws_session_token=other)).list_buckets)
    expect("InvalidAccessKeyId", client("s3", endpoint, dict(session, aws_session_token=None)).list_buckets)
print("ok", calls, "calls,", ", ".join(algorithms))
