"""Signs requests with botocore; reads and writes JSON.

Input: a list of {service, presign, token, path, query, body}. Output: for each
of them {method, url, headers} as botocore would send it.
"""
import json
import sys

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

out = []
for case in json.load(sys.stdin):
    s3 = case["service"] == "s3"
    kind = {
        (False, False): SigV4Auth, (False, True): SigV4QueryAuth,
        (True, False): S3SigV4Auth, (True, True): S3SigV4QueryAuth,
    }[(s3, case["presign"])]
    creds = Credentials(case["access_key"], case["secret"], case["token"] or None)
    url = "https://example.us-east-1.amazonaws.com" + case["path"]
    if case["query"]:
        url += "?" + case["query"]
    request = AWSRequest(method="POST", url=url, data=case["body"].encode(), headers={"X-Amz-Meta-Text": "a   b", "Content-Type": "text/plain"})
    kind(creds, case["service"], "us-east-1").add_auth(request)
    prepared = request.prepare()
    headers = {k: v.decode() if isinstance(v, bytes) else str(v) for k, v in prepared.headers.items()}
    out.append({"method": prepared.method, "url": prepared.url, "headers": headers})
json.dump(out, sys.stdout)
