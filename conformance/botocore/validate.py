"""Compares the client's validation of parameters with botocore's.

    validate.py NEPHELE [SEED]

Different on purpose: an empty string for a label of the path is a problem here
(botocore reports it elsewhere), as is a checksum algorithm that does not exist;
the names of types, and the sentence about unions, have other words.
"""

import json
import random
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

SERVICES = {
    "cognitoidentity": "cognito-identity",
    **{n: n for n in (
        "synthetics rum ssm cloudwatch logs s3 sns sqs iam sts events kms secretsmanager lambda autoscaling "
        "ec2 elb elbv2 cloudformation cloudfront").split()},
}
WRONG = [None, 5, "x", [], {}, [1], {"a": 1}, 1.5]


def example(shape, depth=0):
    """Returns a random value of a shape, now and then one of another type."""
    if random.random() < 0.04:
        return random.choice(WRONG)
    kind = shape.type_name
    few = random.choice([0, 1, 2]) if depth < 6 else 0
    if kind == "structure":
        return structure(shape, depth)
    if kind == "list":
        return [example(shape.member, depth + 1) for _ in range(few)]
    if kind == "map":
        return {random.choice(["k", "", "key2"]): example(shape.value, depth + 1) for _ in range(few)}
    scalars = {
        "integer": [0, 1, -5, 60, 1000], "long": [0, 1, -5, 60, 1000], "float": [0, 1.5, -2.0], "double": [0, 1.5, -2.0],
        "boolean": [True, False], "timestamp": [0, 1700000000, "2024-01-02T03:04:05Z", "soon"], "blob": ["YWJj"],
    }
    return random.choice(scalars.get(kind) or getattr(shape, "enum", None) or ["", "a", "abc", "x" * 40])


def structure(shape, depth):
    members = list(shape.members.items())
    if shape.is_tagged_union:
        n = random.choice([0, 1, 1, 1, 2])
        return {k: example(m, depth + 1) for k, m in random.sample(members, min(n, len(members)))}
    value = {}
    for name, member in members:
        likely = 0.93 if name in shape.required_members else 0.3 if depth < 4 else 0
        if random.random() < likely:
            value[name] = example(member, depth + 1)
    if random.random() < 0.05:
        value["Zzz"] = 1
    return value


def reduce(line):
    """Returns what two messages for one problem have in common."""
    if m := re.match(r"Invalid type for parameter (.*?), value: ", line):
        return "type " + m[1]
    if line.startswith("Unknown parameter in "):
        return line.split(", must be one of")[0]
    if "tagged union" in line:
        return "union " + re.search(r"structure (.*?)[.:] ", line)[1]
    return re.sub(r"(\d)\.0\b", r"\1", line)


def deliberate(line):
    return "value: 0, valid min length: 1" in line or "valid values: CRC32" in line


def ours(binary, service, operation, value):
    """Asks for a signed URL, which is refused before anything is sent."""
    p = subprocess.run(
        [binary, "call", service, operation, "--input", json.dumps(value), "--presign"],
        capture_output=True, text=True, check=False,
        env={"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"})
    if p.returncode == 252 and "Parameter validation failed:\n" in p.stderr:
        return p.stderr.split("Parameter validation failed:\n")[1].strip().split("\n")
    return [] if p.returncode == 0 else ["status %d: %s" % (p.returncode, p.stderr.strip())]


def compare(binary, service, model):
    theirs = [line for line in ParamValidator().validate(model[1], model[0].input_shape).generate_report().split("\n") if line]
    have, want = Counter(map(reduce, ours(binary, service, model[0].name, model[1]))), Counter(map(reduce, theirs))
    have = Counter({k: n for k, n in have.items() if k in want or not deliberate(k)})
    if have != want:
        print(service, model[0].name, json.dumps(model[1])[:300], "\n  only here:", list(have - want)[:3], "\n  only there:", list(want - have)[:3])
    return bool(theirs), have != want


def main():
    binary, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    random.seed(seed)
    loader, work = Loader(), []
    for name, directory in SERVICES.items():
        service = ServiceModel(loader.load_service_model(directory, "service-2"), directory)
        for operation in service.operation_names:
            model = service.operation_model(operation)
            if model.input_shape is not None:
                work.append((name, (model, structure(model.input_shape, 0))))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda w: compare(binary, *w), work))
    print("inputs:", len(work), "with problems:", sum(r[0] for r in results), "mismatches:", sum(r[1] for r in results))
    return any(r[1] for r in results)


if __name__ == "__main__":
    sys.exit(main())
