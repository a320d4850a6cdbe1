"""What is deployed already, against what samconfig.toml has: what an update cannot change, or had better not."""

from botocore.exceptions import ClientError

from .findings import bad, note, ok

# Of an event source neither can be changed, and a new database would know none of the folders: template.yaml refuses them too.
STAYS = {
    "KafkaTopic": "another topic is another stack, with another stack_name",
    "KafkaConsumerGroup": 'to read the topic again, see "Reading the topic again" in RUNBOOK.md',
    "DatabaseName": "a new one would know none of the folders",
}
# IAM takes 128 characters, and KafkaTopicAndConsumerGroupAndDatabaseNameStay is <stack>-<region>-stays.
POLICY_NAME_LENGTH = 128
# CloudFormation updates no stack that could not be made, or not removed.
IN_THE_WAY = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED")


def described(cloudformation, stack):
    """The stack of that name as CloudFormation describes it, or None if there is none."""
    try:
        [description] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return description


def parameters(description):
    """Those that the stack has: `sam deploy` leaves each as it is that samconfig.toml does not name. None while it was never made."""
    if description is None or description["StackStatus"] in (*IN_THE_WAY, "REVIEW_IN_PROGRESS"):
        return {}
    return {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in description.get("Parameters", [])}


def resources(cloudformation, description):
    """What the stack has made, by the names that AWS gave it."""
    if not parameters(description):
        return frozenset()
    made = cloudformation.describe_stack_resources(StackName=description["StackName"])["StackResources"]
    return frozenset(resource["PhysicalResourceId"] for resource in made if "PhysicalResourceId" in resource)


def examine(description, event_sources, given, stack, region):
    """Findings about the stack, and about its name; `event_sources` is a client of Lambda, `given` what it would be deployed with."""
    troubles = about_name(given, stack, region)
    was = parameters(description)
    if description is not None and description["StackStatus"] in IN_THE_WAY:
        return troubles + [bad(f"what is left of the stack {stack} ({description['StackStatus']}) stands in the way, and AWS updates no such stack: make undeploy removes it")]
    if not was:
        return troubles or [ok(f"there is no stack {stack} yet, which an update could break")]

    troubles += changes(was, given, stack)
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
    if source := outputs.get("IngestEventSourceId"):
        troubles += strays(event_sources, source, given)
    return troubles or [ok(f"the stack {stack} is deployed, and its topic, consumer group and database stay as they are")]


def about_name(given, stack, region):
    found = []
    if not given["DatabaseName"] and stack != stack.lower():
        found.append(bad(f"stack_name {stack} has capitals, and the database is named after it, which Glue writes small: the roles would not match; name DatabaseName"))
    longest = POLICY_NAME_LENGTH - len(f"-{region}-stays")
    if len(stack) > longest:
        found.append(bad(f"stack_name {stack} has {len(stack)} characters, and a policy is named after it and the region: take at most {longest}"))
    return found


def changes(was, given, stack):
    found = []
    for name, instead in STAYS.items():
        before, after = value(name, was, stack), value(name, given, stack)
        if name in was and before != after:
            found.append(bad(f"{name} is {before} in the stack {stack}, and {after} in samconfig.toml: it stays for the life of a stack; put {before} back ({instead})"))
    key = was.get("KmsKeyArn")
    if key and key != given["KmsKeyArn"]:
        found.append(bad(f"KmsKeyArn is {key} in the stack {stack}: what has landed is encrypted with it, and the functions could no longer read it; put it back"))
    return found


def value(name, parameters, stack):
    """As template.yaml has it, which names group and database after the stack if nobody names them."""
    return parameters.get(name) or (stack.replace("-", "_") if name == "DatabaseName" else stack)


def strays(event_sources, source, given):
    """Whether it reads what the stack believes: an update that changed the topic would have said so, and not done it."""
    try:
        deployed = event_sources.get_event_source_mapping(UUID=source)
    except ClientError as error:
        return [note(f"the event source {source} could not be looked at: {error.response['Error']['Code']}")]
    topics = ", ".join(deployed.get("Topics", []))
    if topics == given["KafkaTopic"]:
        return []
    return [bad(f"the event source {source} reads the topic {topics}, and KafkaTopic is {given['KafkaTopic']}: its alarms look at the wrong one; put {topics} into samconfig.toml")]
