"""Runs what can be run here: the part on AWS if there are credentials, the part on Kafka if a broker is named."""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from . import clock, deployed, lake_formation, logins, network, parameters
from .findings import bad, note, ok

PROJECT = pathlib.Path(__file__).resolve().parent.parent

EXAMPLES = """\
examples:
  with the parameters of samconfig.toml and the credentials of the environment, on a machine that reaches the broker:
    AWS_DEFAULT_REGION=eu-central-1 make doctor

  another broker address, as this machine reaches it (a tunnel), and another user than that of the secret:
    KAFKA_BOOTSTRAP_SERVERS=localhost:9096 KAFKA_PROPERTIES=security.protocol=SASL_SSL,... make doctor

Each line begins with ok, note (works, but should be known) or bad, and says what to do. The exit code is 0 only when
nothing is bad. The login to Kafka is tried with the secret that Lambda will use, unless KAFKA_PROPERTIES is set."""


def main():
    options = argparse.ArgumentParser(
        prog="make doctor",
        description="Looks at everything a deployment depends on; changes nothing, prints no secret.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--samconfig", type=pathlib.Path, default=PROJECT / "samconfig.toml", metavar="FILE", help="parameters of the deployment")
    options.add_argument("--producer", type=pathlib.Path, default=PROJECT / "target/debug/producer", metavar="FILE", help="the program that looks at Kafka")
    options.add_argument("--update", action="store_true", help="looks only at what an update of the deployed stack could not change, as make deploy does")
    chosen = options.parse_args()
    try:
        written, region, stack = parameters.read(chosen.samconfig)
    except ValueError as error:
        print(bad(str(error)))
        return 1

    if chosen.update:
        return update(written, region, stack)
    unfilled = parameters.unfilled(written)
    print("AWS, as samconfig.toml has it")
    for finding in unfilled:
        print(finding)
    written = {name: "" if parameters.PLACEHOLDER.search(value) else value for name, value in written.items()}
    found, given, secrets = look_at_aws(written, region, {finding.text.split()[0] for finding in unfilled}, stack)
    for finding in found:
        print(finding)
    verdicts = [finding.verdict for finding in unfilled + found]
    print(f"{verdicts.count('ok')} ok, {verdicts.count('note')} to note, {verdicts.count('bad')} bad")

    print("\nKafka, from this machine", flush=True)
    return 1 if look_at_kafka(given, secrets, chosen.producer) or "bad" in verdicts else 0


def update(written, region, stack):
    """The exit code: not 0 if the stack could not be updated so. Whether AWS answers at all, `sam deploy` will say."""
    session = boto3.Session()
    region = region or session.region_name
    if not stack or not region or session.get_credentials() is None:
        return 0
    try:
        found, *_ = look_at_stack(session, written, region, stack)
    except BotoCoreError:
        return 0
    for finding in found:
        if finding.verdict != "ok":
            print(finding)
    return 1 if any(finding.verdict == "bad" for finding in found) else 0


def look_at_stack(session, written, region, stack):
    """Findings, what it would be deployed with, and what it has made."""
    given, made = parameters.DEFAULTS | written, frozenset()
    found = []
    if stack:
        cloudformation = session.client("cloudformation", region_name=region)
        try:
            description = deployed.described(cloudformation, stack)
            made = deployed.resources(cloudformation, description)
            given = parameters.DEFAULTS | deployed.parameters(description) | written
            found = deployed.examine(description, session.client("lambda", region_name=region), given, stack, region)
        except ClientError as error:
            found = [note(f"the stack {stack} could not be looked at: {error.response['Error']['Code']}")]
    return parameters.contradictions(given) + found, given, made


def look_at_aws(written, region, unfilled, stack):
    """Findings, what would be deployed with, and the secrets that could be read. What is unfilled is not complained of again."""
    given = parameters.DEFAULTS | written
    session = boto3.Session()
    region = region or session.region_name
    if not region:
        return [bad("no region: export AWS_DEFAULT_REGION, or put region into samconfig.toml")], given, {}
    try:
        if session.get_credentials() is None:
            return [note("there are no AWS credentials here, so nothing on AWS was looked at: aws configure, or export AWS_PROFILE")], given, {}
        identity = session.client("sts", region_name=region).get_caller_identity()
        found = [ok(f"the credentials are of account {identity['Account']}; the region is {region}")]
        found += clock.examine(identity, time.time())
        about_stack, given, made = look_at_stack(session, written, region, stack)
        secrets = {}
        if "KafkaSecretArn" not in unfilled:
            more, secrets = logins.examine(session.client("secretsmanager", region_name=region), given, region)
            found += more
        if not unfilled & {"VpcSubnetId1", "VpcSubnetId2", "VpcSecurityGroupId"}:
            found += network.examine(session.client("ec2", region_name=region), given, region, made)
        if stack:
            found += lake_formation.examine(session.client("lakeformation", region_name=region))
        return found + about_stack, given, secrets
    except ClientError as error:
        code = error.response["Error"]["Code"]
        refused = bad(f"AWS refuses {error.operation_name}: {code}; check the credentials, and that they may look")
        # A clock that is wrong is a reason to refuse.
        return [refused, *clock.examine(error.response, time.time())], given, {}
    except BotoCoreError as error:
        return [bad(f"AWS does not answer: {error}")], given, {}


def look_at_kafka(given, secrets, producer):
    """Whether anything is bad there."""
    environment = dict(os.environ)
    servers = environment.get("KAFKA_BOOTSTRAP_SERVERS") or given["KafkaBootstrapServers"]
    if not servers:
        print(bad("no broker is named: put KafkaBootstrapServers into samconfig.toml"))
        return True
    environment["KAFKA_BOOTSTRAP_SERVERS"] = servers
    environment.setdefault("KAFKA_TOPIC", given["KafkaTopic"])
    with tempfile.TemporaryDirectory() as folder:
        if not environment.get("KAFKA_PROPERTIES"):
            if given["KafkaAuthentication"] != "NONE" and "KafkaSecretArn" not in secrets:
                print(note("the secret to log in with is not known here, so Kafka was not asked: set KAFKA_PROPERTIES to log in without it"))
                return False
            made = logins.properties(given, secrets, pathlib.Path(folder))
            # In the environment, and not in the process list. One a line: a password may have a comma in it.
            environment["KAFKA_PROPERTIES"] = "".join(f"{name}={value}\n" for name, value in made.items())
        try:
            return subprocess.run([producer, "doctor"], env=environment, check=False).returncode != 0
        except OSError as error:
            print(bad(f"{producer} cannot be started ({error.strerror}): make doctor builds it"))
            return True


if __name__ == "__main__":
    sys.exit(main())
