"""The parameters that `sam deploy` would deploy with."""

import re
import shlex
import tomllib

from .findings import bad

# template.yaml's own, of those that are looked at here.
DEFAULTS = {
    "KafkaBootstrapServers": "",
    "KafkaTopic": "stock-bars",
    "KafkaConsumerGroup": "",
    "KafkaAuthentication": "SASL_SCRAM_512_AUTH",
    "KafkaSecretArn": "",
    "KafkaRootCaSecretArn": "",
    "KmsKeyArn": "",
    "VpcSubnetId1": "",
    "VpcSubnetId2": "",
    "VpcSecurityGroupId": "",
    "VpcId": "",
    "VpcRouteTableId1": "",
    "VpcRouteTableId2": "",
    "CreateVpcEndpoints": "false",
    "EventSourceMode": "ON_DEMAND",
    "MinimumPollers": "1",
    "MaximumPollers": "2",
    "MaximumRecordAgeSeconds": "-1",
    "DatabaseName": "",
}

PLACEHOLDER = re.compile(r"FILLMEIN|:REGION:|:ACCOUNT:|secret:NAME$")


def read(file):
    """The parameters that samconfig.toml names, the region, or None, and the stack. Raises ValueError if it is no such file."""
    try:
        config = tomllib.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"{file.name} cannot be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file.name} is not TOML: {error}") from None
    parameters, region, stack = {}, None, ""
    # A command's own section wins over that of all commands, as for sam.
    for command in ("global", "deploy"):
        section = config.get("default", {}).get(command, {}).get("parameters", {})
        parameters.update(overrides(section.get("parameter_overrides", [])))
        region = section.get("region", region)
        stack = section.get("stack_name", stack)
    return parameters, region, stack


def overrides(written):
    """Both forms: the list of this project, and the one string that `sam deploy --guided` writes."""
    entries = shlex.split(written) if isinstance(written, str) else [" ".join(shlex.split(entry)) for entry in written]
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def unfilled(parameters):
    """Findings about what is still as the project came."""
    return [
        bad(f"{name} in samconfig.toml is still {value}: put your own there, or leave the line out if there is none")
        for name, value in parameters.items()
        if PLACEHOLDER.search(value)
    ]


def contradictions(parameters):
    """Findings about what AWS would refuse in the middle of a deployment, and no rule of template.yaml can say: those know equality only."""
    found = []
    least, most, age = (number(parameters[name]) for name in ("MinimumPollers", "MaximumPollers", "MaximumRecordAgeSeconds"))
    if parameters["EventSourceMode"] == "PROVISIONED" and least > most:
        found.append(bad(f"MinimumPollers is {least}, and MaximumPollers {most}: raise the second"))
    if 0 <= age < 60:
        found.append(bad(f"MaximumRecordAgeSeconds is {age}: it may be -1, for never, or at least 60"))
    return found


def number(written):
    """What is none, CloudFormation refuses at once."""
    try:
        return int(written)
    except ValueError:
        return -1


def brokers(servers):
    """`host:port,host:port` as pairs of host and port."""
    pairs = (server.strip().rpartition(":") for server in servers.split(",") if server.strip())
    return [(host.strip("[]"), int(port) if port.isdigit() else 9092) for host, _, port in pairs]
