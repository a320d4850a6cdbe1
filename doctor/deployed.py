"""What is deployed already, against what samconfig.toml has: what an update cannot change, or had better not."""

from botocore.exceptions import ClientError

from .findings import bad, note, ok

# Of an event source neither can be changed, and a new database would know none of the folders: template.yaml refuses them too.
STAYS = {
    "KafkaTopic": "another topic is another stack, with another stack_name",
    "KafkaConsumerGroup": 'to read the topic again, see "Reading the topic again" in RUNBOOK.md',
    "DatabaseName": "a new one would know none of the folders",
}


def examine(cloudformation, event_sources, given, stack):
    """Findings about the stack of that name; `event_sources` is a client of Lambda."""
    named = [] if given["DatabaseName"] or stack == stack.lower() else [
        bad(f"stack_name {stack} has capitals, and the database is named after it, which Glue writes small: the roles would not match; name DatabaseName")
    ]
    try:
        [description] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return named or [ok(f"there is no stack {stack} yet, which an update could break")]
        return named + [note(f"the stack {stack} could not be looked at: {error.response['Error']['Code']}")]
    was = {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in description.get("Parameters", [])}
    outputs = {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}

    troubles = named + changes(was, given, stack)
    if source := outputs.get("IngestEventSourceId"):
        troubles += strays(event_sources, source, given)
    return troubles or [ok(f"the stack {stack} is deployed, and its topic, consumer group and database stay as they are")]


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
    return parameters[name] or (stack.replace("-", "_") if name == "DatabaseName" else stack)


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
