"""Removes the stack, and says what it keeps: `make undeploy`.

    undeploy.py [--stack NAME] [--yes]

Region and credentials are those of the AWS tools.
"""

import argparse
import pathlib
import subprocess
import sys
import time
import tomllib

import boto3
from botocore.exceptions import BotoCoreError, ClientError

PROJECT = pathlib.Path(__file__).resolve().parent.parent
SAM = pathlib.Path(sys.executable).parent / "sam"

CRAWL_ENDS_WITHIN_S = 600
CRAWL_POLL_S = 5

REMOVED = "the functions and their logs, the event source, catalog, workgroup, schedules, queues, alarms and dashboard"
# Others may use them: private DNS is for a whole VPC, and a gateway for whole subnets.
ENDPOINTS = ("LambdaEndpoint", "StsEndpoint", "SecretsManagerEndpoint", "S3Endpoint")
KEPT_ELSEWHERE = """\
  the topic with its records, and the place of the consumer group on it
  the secrets of the login to Kafka
  the bucket that sam uploads to: other stacks may use it"""
HOW_TO_EMPTY = """\
They cost what S3 costs. To remove one, in the S3 console: Empty, then Delete. (aws s3 rb --force does not remove the old
versions that they keep, and fails on them.)"""


def main():
    settings = deployment()
    options = argparse.ArgumentParser(prog="make undeploy", description="Removes the stack, and says what it keeps.")
    options.add_argument("--stack", default=settings.get("stack_name", "tickerlake"), metavar="NAME", help="instead of stack_name in samconfig.toml")
    options.add_argument("--yes", action="store_true", help="does not ask")
    chosen = options.parse_args()
    try:
        session = boto3.Session()
        region = settings.get("region") or session.region_name
        if not region:
            sys.exit("no region: export AWS_DEFAULT_REGION, or put region into samconfig.toml")
        return undeploy(chosen.stack, region, session, chosen.yes)
    except ClientError as error:
        details = error.response["Error"]
        sys.exit(f"AWS refuses {error.operation_name}: {details['Code']}: {details['Message']}; nothing was removed")
    except BotoCoreError as error:
        sys.exit(f"AWS cannot be asked: {error}; nothing was removed")


def deployment():
    """What samconfig.toml says of the deployment. A command's own section wins over that of all commands, as for sam."""
    try:
        sections = tomllib.loads((PROJECT / "samconfig.toml").read_text()).get("default", {})
    except (OSError, ValueError) as error:
        sys.exit(f"samconfig.toml cannot be read: {error}")
    return {name: value for command in ("global", "deploy") for name, value in sections.get(command, {}).get("parameters", {}).items()}


def undeploy(stack, region, session, yes):
    """The exit code."""
    made = resources(session.client("cloudformation", region_name=region), stack, region)
    lake, given_up = made.get("LakeBucket"), made.get("FailedEventsBucket")
    print(f"The stack {stack} in {region} is to be removed: {REMOVED}.\n\nKept:")
    if lake:
        print(f"  s3://{lake}: all that has landed, and the ledger that says so")
    if given_up:
        print(f"  s3://{given_up}: events that Lambda gave up, which have not landed")
    print(KEPT_ELSEWHERE, flush=True)
    if endpoints := [made[name] for name in ENDPOINTS if name in made]:
        print(f"\nIts VPC endpoints go too, {', '.join(endpoints)}: what else in the VPC has its way to AWS by them needs another.", flush=True)
    if given_up and (waiting := waiting_events(session.client("s3", region_name=region), given_up)):
        print(f"\n{waiting}", flush=True)
    if not yes and not confirmed(stack):
        print("not confirmed: nothing was removed (YES=1 does not ask)", file=sys.stderr)
        return 1

    if crawler := made.get("Crawler"):
        end_crawl(session.client("glue", region_name=region), crawler)
    deleted = subprocess.run([SAM, "delete", "--no-prompts", "--stack-name", stack, "--region", region], cwd=PROJECT, check=False)
    if deleted.returncode != 0:
        print("sam could not remove the stack, and says why above; when that is mended, make undeploy goes on", file=sys.stderr)
        return 1
    print(f"\nThe stack {stack} is gone.")
    if kept := [bucket for bucket in (lake, given_up) if bucket]:
        print("Its buckets are kept:", *(f"  s3://{bucket}" for bucket in kept), HOW_TO_EMPTY, sep="\n")
    return 0


def resources(cloudformation, stack, region):
    """What is there of the stack, by logical id: nothing but the stack itself, if it could not be made. Ends the program if it is no stack of
    this project."""
    try:
        described = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise
        sys.exit(f"there is no stack {stack} in {region}: name another with STACK=, and check the region")
    if not {"LakeBucket", "FailedEventsBucket"} & {resource["LogicalResourceId"] for resource in described}:
        sys.exit(f"the stack {stack} in {region} is not one of template.yaml: it has no lake bucket; nothing was removed")
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in described
        if resource.get("PhysicalResourceId") and resource["ResourceStatus"] != "DELETE_COMPLETE"
    }


def waiting_events(s3, bucket):
    """A warning if the bucket has any, or cannot be looked into; that alone is no reason to keep the stack."""
    try:
        if s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("KeyCount"):
            return f"There are such events in s3://{bucket}: make redrive lands them, but not without the stack."
    except ClientError as error:
        return f"Whether there are such events is not known: s3://{bucket}: {error.response['Error']['Code']}."
    return None


def end_crawl(glue, crawler):
    """AWS refuses to remove a crawler that runs, in the middle of removing the stack."""
    deadline = time.monotonic() + CRAWL_ENDS_WITHIN_S
    asked = False
    while (state := crawler_state(glue, crawler)) not in ("READY", None):
        if state == "RUNNING" and not asked:
            print("ending the crawl that runs", flush=True)
            asked = True
            try:
                glue.stop_crawler(Name=crawler)
            except glue.exceptions.CrawlerNotRunningException:
                pass
            except glue.exceptions.CrawlerStoppingException:
                pass
            continue
        if time.monotonic() > deadline:
            sys.exit(f"the crawl of {crawler} does not end; nothing was removed: try again when it has")
        time.sleep(CRAWL_POLL_S)


def crawler_state(glue, crawler):
    """None if there is none, as when the stack was being removed before."""
    try:
        return glue.get_crawler(Name=crawler)["Crawler"]["State"]
    except glue.exceptions.EntityNotFoundException:
        return None


def confirmed(stack):
    try:
        return input(f"\nRemove {stack}? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
        return False


if __name__ == "__main__":
    sys.exit(main())
