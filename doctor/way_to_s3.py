"""The pollers' way to S3: what Lambda gives up on is lost without."""

from .findings import bad, ok

PARAMETERS = ("VpcRouteTableId1", "VpcRouteTableId2")
NEEDED = "what Lambda gives up on is kept in S3, and is lost without a way there"


def examine(subnets, nat, tables, endpoints, parameters, region, made):
    """Findings; `nat` are the subnets whose default route leads out, `tables` the route table of each, `endpoints` all of the VPC, `made` those
    of the stack among others."""
    service = f"com.amazonaws.{region}.s3"
    there = [endpoint for endpoint in endpoints if endpoint["ServiceName"] == service and endpoint["State"] == "available"]
    gateways = [endpoint for endpoint in there if endpoint.get("VpcEndpointType") == "Gateway"]
    by_name = [endpoint for endpoint in there if endpoint not in gateways and endpoint.get("PrivateDnsEnabled")]
    chosen = [parameters[name] for name in PARAMETERS if parameters[name]]
    unused = [name for name in PARAMETERS if not parameters[name]] or list(PARAMETERS)
    advised = {}
    found = [
        bad(f"route table {table} leads to S3 already, by {gateway['VpcEndpointId']}: AWS refuses a second gateway; take it out of samconfig.toml")
        for table in chosen
        for gateway in gateways
        if table in gateway["RouteTableIds"] and gateway["VpcEndpointId"] not in made
    ]
    for name in (subnet["SubnetId"] for subnet in subnets):
        table = tables.get(name)
        ways = [gateway for gateway in gateways if table in gateway["RouteTableIds"]] + by_name
        if ways:
            found.append(ok(f"subnet {name} has a way to S3, {ways[0]['VpcEndpointId']}"))
        elif table in chosen:
            found.append(ok(f"the stack makes subnet {name} a way to S3"))
        elif name not in nat:
            # AWS asks for it whatever the mode: what provisioned pollers do without are the ways to Lambda, STS and Secrets Manager.
            parameter = advised.setdefault(table, unused[min(len(advised), len(unused) - 1)])
            found.append(bad(f"subnet {name} has neither NAT nor a gateway endpoint for S3: {NEEDED}; set {parameter}={table} and VpcId, which costs nothing"))
    return found
