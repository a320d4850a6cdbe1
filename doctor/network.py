"""The network of the event source's pollers: subnets, the way out of them, and security groups."""

import ipaddress

from botocore.exceptions import ClientError

from . import parameters as given
from . import way_to_s3
from .findings import bad, note, ok

HTTPS = 443
ENDPOINTS_OR_NAT = (
    "the pollers must reach Lambda, STS and Secrets Manager: give the subnet's route table a default route to a NAT "
    "gateway, or set CreateVpcEndpoints=true and VpcId"
)


def examine(ec2, parameters, region, made=frozenset()):
    """Findings about everything that `VpcSubnetId1`, `VpcSubnetId2` and `VpcSecurityGroupId` name; `made` are the resources of the stack."""
    ids = [parameters[name] for name in ("VpcSubnetId1", "VpcSubnetId2") if parameters[name]]
    if not ids:
        return [note("there is no VpcSubnetId1: the pollers come over the internet, so the broker needs a public address with TLS and a login")]
    try:
        subnets = ec2.describe_subnets(SubnetIds=ids)["Subnets"]
    except ClientError as error:
        return [unread("the subnets " + ", ".join(ids), error, region)]

    found = about_subnets(subnets, parameters)
    vpc = subnets[0]["VpcId"]
    group, more = security_group(ec2, vpc, parameters, region)
    found += more
    listed = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    tables = tables_of(ec2, vpc, subnets)
    nat, more = way_out(ec2, vpc, subnets, tables, listed, group, parameters, region, made)
    ids = {name: table["RouteTableId"] for name, table in tables.items() if table}
    return found + more + way_to_s3.examine(subnets, nat, ids, listed, parameters, region, made)


def about_subnets(subnets, parameters):
    found = []
    vpcs = sorted({subnet["VpcId"] for subnet in subnets})
    if len(vpcs) > 1:
        found.append(bad(f"VpcSubnetId1 and VpcSubnetId2 are in different VPCs, {' and '.join(vpcs)}: both must be in one"))
    elif parameters["VpcId"] and parameters["VpcId"] != vpcs[0]:
        found.append(bad(f"the subnets are in {vpcs[0]}, and VpcId is {parameters['VpcId']}: set VpcId to {vpcs[0]}"))
    zones = {subnet["AvailabilityZone"] for subnet in subnets}
    if len(subnets) > len(zones):
        found.append(note("both subnets are in one availability zone: when it fails, nothing is polled"))
    for subnet in subnets:
        free = subnet["AvailableIpAddressCount"]
        what = f"subnet {subnet['SubnetId']} is in {subnet['VpcId']}, {subnet['AvailabilityZone']}, with {free} free addresses"
        found.append(ok(what) if free >= 8 else note(f"{what}: the pollers' network interfaces need some"))
    return found


def security_group(ec2, vpc, parameters, region):
    """The group, or None, and findings about it."""
    name = parameters["VpcSecurityGroupId"]
    if not name:
        return None, [bad("VpcSubnetId1 needs VpcSecurityGroupId, the group of the pollers")]
    try:
        group = ec2.describe_security_groups(GroupIds=[name])["SecurityGroups"][0]
    except ClientError as error:
        return None, [unread(f"the security group {name}", error, region)]
    found = []
    if group["VpcId"] != vpc:
        found.append(bad(f"security group {name} is in {group['VpcId']}, the subnets in {vpc}: take a group of that VPC"))
    for host, port in given.brokers(parameters["KafkaBootstrapServers"]):
        found.append(lets_out(group, port, f"the broker {host}:{port}", address(host)))
    if parameters["EventSourceMode"] != "PROVISIONED":
        found.append(lets_out(group, HTTPS, "AWS on port 443", None))
    return group, found


def lets_out(group, port, whom, host):
    name = group["GroupId"]
    for rule in group["IpPermissionsEgress"]:
        if covers_port(rule, port) and leads_to(rule, host):
            return ok(f"security group {name} lets the pollers out to {whom}")
    return bad(f"security group {name} does not let the pollers out to {whom}: add an outbound rule for TCP {port}")


def covers_port(rule, port):
    return rule["IpProtocol"] == "-1" or (rule["IpProtocol"] == "tcp" and rule["FromPort"] <= port <= rule["ToPort"])


def leads_to(rule, host):
    """Whether a rule may mean this address; another group or a prefix list may, and any rule may mean a name."""
    if host is None or rule.get("UserIdGroupPairs") or rule.get("PrefixListIds"):
        return True
    ranges = [cidr["CidrIp"] for cidr in rule.get("IpRanges", [])] + [cidr["CidrIpv6"] for cidr in rule.get("Ipv6Ranges", [])]
    return any(host in ipaddress.ip_network(cidr, strict=False) for cidr in ranges)


def address(host):
    """None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def way_out(ec2, vpc, subnets, tables, listed, group, parameters, region, made):
    """The subnets whose default route leads to AWS, and findings about the way to Lambda, STS and Secrets Manager: NAT, or endpoints."""
    services = ["lambda", "sts"]
    if parameters["KafkaAuthentication"] != "NONE":
        services.append("secretsmanager")
    endpoints = endpoints_by_service(listed, services, region)
    routes = {name: default_route(ec2, name, tables[name], bool(endpoints)) for name in tables}
    nat = {name for name, (leads_out, _) in routes.items() if leads_out}
    if parameters["EventSourceMode"] == "PROVISIONED":
        return nat, [ok("EventSourceMode PROVISIONED needs neither NAT nor endpoints for Lambda, STS and Secrets Manager")]
    if parameters["CreateVpcEndpoints"] == "true":
        return nat, endpoints_to_come(ec2, vpc, endpoints, made)

    found = [finding for _, finding in routes.values()]
    if len(nat) < len(subnets) and endpoints:
        for service in services:
            found.append(judge_endpoint(ec2, service, endpoints.get(service), group, subnets, region))
        found += resolves(ec2, vpc)
    return nat, found


def tables_of(ec2, vpc, subnets):
    """The route table of each subnet, or None."""
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    by_subnet = {link.get("SubnetId"): table for table in tables for link in table["Associations"]}
    main = next((table for table in tables for link in table["Associations"] if link.get("Main")), None)
    return {subnet["SubnetId"]: by_subnet.get(subnet["SubnetId"], main) for subnet in subnets}


def default_route(ec2, subnet, table, has_endpoints):
    """Whether the subnet's default route leads to AWS, and a finding about it."""
    routes = table["Routes"] if table else []
    route = next((route for route in routes if route.get("DestinationCidrBlock") == "0.0.0.0/0"), None)
    do = "the endpoints below must do" if has_endpoints else ENDPOINTS_OR_NAT
    without = ok if has_endpoints else bad
    if route is None:
        return False, without(f"subnet {subnet} has no default route; {do}")
    if route.get("State") == "blackhole":
        return False, bad(f"the default route of subnet {subnet} leads nowhere (blackhole): what it named is gone; name another")
    if route.get("GatewayId", "").startswith("igw-"):
        return False, without(f"subnet {subnet} is public: its default route is an internet gateway, and the pollers get no public address; {do}")
    nat = route.get("NatGatewayId")
    if nat:
        gateway = ec2.describe_nat_gateways(NatGatewayIds=[nat])["NatGateways"][0]
        if gateway["State"] != "available" or gateway.get("ConnectivityType") == "private":
            return False, bad(f"the NAT gateway {nat} of subnet {subnet} is {gateway['State']}, {gateway.get('ConnectivityType', 'public')}: it must be available and public")
        return True, ok(f"subnet {subnet} is private, with a default route to the NAT gateway {nat}")
    for kind, what in (("TransitGatewayId", "transit gateway"), ("InstanceId", "instance"), ("NetworkInterfaceId", "network interface"), ("GatewayId", "gateway")):
        if route.get(kind):
            return True, ok(f"subnet {subnet} is private, with a default route to the {what} {route[kind]}; see that it leads to the internet")
    return False, bad(f"the default route of subnet {subnet} leads to nothing that is known here; {ENDPOINTS_OR_NAT}")


def endpoints_by_service(listed, services, region):
    names = {f"com.amazonaws.{region}.{service}": service for service in services}
    return {names[found["ServiceName"]]: found for found in listed if found["ServiceName"] in names}


def judge_endpoint(ec2, service, endpoint, group, subnets, region):
    if endpoint is None:
        return bad(f"there is no interface endpoint for {service} in the VPC: add com.amazonaws.{region}.{service} with private DNS")
    name = f"the endpoint {endpoint['VpcEndpointId']} for {service}"
    if endpoint["State"] != "available":
        return bad(f"{name} is {endpoint['State']}: it must be available")
    if not endpoint.get("PrivateDnsEnabled"):
        return bad(f"{name} has no private DNS, so nobody finds it: aws ec2 modify-vpc-endpoint --private-dns-enabled")
    groups = [member["GroupId"] for member in endpoint["Groups"]]
    rules = [rule for found in ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"] for rule in found["IpPermissions"]]
    if group and not any(lets_in(rule, group["GroupId"], subnets) for rule in rules):
        return bad(f"{name} does not let the pollers in: add an inbound rule for TCP 443 from {group['GroupId']} to {', '.join(groups)}")
    return ok(f"{name} is available, with private DNS, and lets the pollers in")


def lets_in(rule, group, subnets):
    if not covers_port(rule, HTTPS):
        return False
    if any(pair.get("GroupId") == group for pair in rule.get("UserIdGroupPairs", [])) or rule.get("PrefixListIds"):
        return True
    ranges = [ipaddress.ip_network(cidr["CidrIp"], strict=False) for cidr in rule.get("IpRanges", [])]
    return all(any(ipaddress.ip_network(subnet["CidrBlock"]).subnet_of(cidr) for cidr in ranges) for subnet in subnets)


def endpoints_to_come(ec2, vpc, endpoints, made):
    """The stack makes them, or has made them; AWS refuses a second one with private DNS."""
    taken = [
        bad(f"the VPC has an endpoint for {service} already, {found['VpcEndpointId']}: a second one is refused; set CreateVpcEndpoints=false")
        for service, found in endpoints.items()
        if found.get("PrivateDnsEnabled") and found["VpcEndpointId"] not in made
    ]
    return (taken or [ok(f"CreateVpcEndpoints: the stack makes the endpoints in {vpc}")]) + resolves(ec2, vpc)


def resolves(ec2, vpc):
    """Private DNS needs both attributes of the VPC."""
    return [
        bad(f"{vpc} has {attribute} turned off, which endpoints with private DNS need: aws ec2 modify-vpc-attribute turns it on")
        for attribute, key in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames"))
        if not ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)[key]["Value"]
    ]


def unread(what, error, region):
    code = error.response["Error"]["Code"]
    if "NotFound" in code or "Malformed" in code:
        return bad(f"{what}: not there in {region} ({code}); check samconfig.toml and the region")
    return note(f"{what} could not be looked at ({code}): these credentials may not; ask somebody who may")
