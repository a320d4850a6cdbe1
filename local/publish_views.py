"""Has compact make the views, as the last step of `make deploy`: they are no part of the stack, and without them nobody reads the lake.

    publish_views.py

Stack and region are those of samconfig.toml; credentials those of the AWS tools.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from undeploy import deployment

# It also compacts what there is to compact, for as long as Lambda lets it.
PATIENCE_S = 900
BY_ITSELF = "its schedule does it within the hour (RUNBOOK.md, compaction-failing)"


def main():
    settings = deployment()
    session = boto3.Session()
    region = settings.get("region") or session.region_name
    try:
        return publish(settings.get("stack_name", "tickerlake"), region, session)
    except (BotoCoreError, ClientError) as error:
        print(f"the stack is deployed, but compact was not run: {error}; {BY_ITSELF}", file=sys.stderr)
        return 1


def publish(stack, region, session):
    """The exit code."""
    stacks = session.client("cloudformation", region_name=region).describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
    function, database = outputs["CompactFunctionName"], outputs["DatabaseName"]
    # A call that is given up and sent again would be a second compaction.
    patient = Config(read_timeout=PATIENCE_S, retries={"total_max_attempts": 1})
    answer = session.client("lambda", region_name=region, config=patient).invoke(FunctionName=function, Payload=b"{}")
    done = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        print(f"the stack is deployed, but compact failed: {done.get('errorMessage', done)}; {BY_ITSELF}", file=sys.stderr)
        return 1
    print(f"{database}.bars, {database}.daily and {database}.audits are there; what landed before {done['through']} is compacted")
    if done["more"]:
        print("there is more to compact: its schedule goes on with it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
