"""Reads calls of the AWS CLI, a JSON list of arguments a line, and prints what no AWS CLI would take: an operation that its service does not
have, an option that the operation does not have, a query that is none. The services are those of botocore, as in the AWS CLI."""

import json
import sys

import botocore.session
import jmespath
from botocore import xform_name

# Of the AWS CLI itself, not of a service. What they take stands in its reference.
COMMANDS = {
    ("s3", "ls"): {"recursive"},
    ("s3", "cp"): {"recursive"},
    ("s3", "sync"): set(),
    ("s3", "mb"): set(),
    ("s3", "rb"): {"force"},
    ("logs", "tail"): {"since", "filter-pattern"},
    ("configure", "export-credentials"): {"format"},
}
# Names of services, and of options, that differ between the AWS CLI and the service.
SERVICES = {"s3api": "s3"}
OPTIONS = {"ec2": {"authorize-security-group-ingress": {"source-group", "protocol", "port"}}}
EVERYWHERE = {"query", "output", "region", "endpoint-url", "cli-read-timeout", "cli-binary-format"}


def judge(session, arguments):
    service, command = arguments[:2]
    options = {a[2:]: b for a, b in zip(arguments, arguments[1:] + [""]) if a.startswith("--")}
    if "query" in options:
        jmespath.compile(options["query"])
    known = COMMANDS.get((service, command))
    if known is None:
        model = session.get_service_model(SERVICES.get(service, service))
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        if command not in operations:
            return f"{service} has no {command}"
        shape = model.operation_model(operations[command]).input_shape
        members = shape.members.items() if shape else []
        known = {xform_name(name, "-") for name, _ in members} | OPTIONS.get(service, {}).get(command, set())
        known |= {f"no-{xform_name(name, '-')}" for name, member in members if member.type_name == "boolean"}
    unknown = options.keys() - known - EVERYWHERE
    return f"{service} {command} has no {sorted(unknown)}" if unknown else None


def main():
    session = botocore.session.Session()
    for line in sys.stdin:
        arguments = json.loads(line)
        try:
            reason = judge(session, arguments)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        if reason:
            print(f"{reason}: aws {' '.join(arguments)}")


if __name__ == "__main__":
    main()
