"""Every answer here is checked by botocore against AWS's own description of the service."""

import contextlib
import datetime
import email.utils
import http.server
import io
import json
import pathlib
import tempfile
import threading
import time
import unittest
import unittest.mock

import boto3
from botocore.stub import Stubber

from . import clock, logins, network, parameters
from .__main__ import look_at_aws, look_at_kafka

REGION = "eu-central-1"
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:tickerlake-kafka"
CA_ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:tickerlake-ca"
GIVEN = parameters.DEFAULTS | {
    "KafkaBootstrapServers": "10.0.1.10:9096",
    "KafkaSecretArn": ARN,
    "VpcSubnetId1": "subnet-a",
    "VpcSecurityGroupId": "sg-pollers",
}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nhunter2\n"


class Answering:
    """A client whose every operation has one answer: a response, a function of the request, or an error code."""

    def __init__(self, service, answers):
        self.client = boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
        self.answers = answers

    def __getattr__(self, operation):
        def call(**request):
            answer = self.answers[operation]
            with Stubber(self.client) as stubber:
                if isinstance(answer, str):
                    stubber.add_client_error(operation, answer)
                else:
                    stubber.add_response(operation, answer(request) if callable(answer) else answer)
                return getattr(self.client, operation)(**request)

        return call


def subnet(name="subnet-a", **changed):
    usual = {"SubnetId": name, "VpcId": "vpc-1", "AvailabilityZone": f"{REGION}a", "AvailableIpAddressCount": 200, "CidrBlock": "10.0.2.0/24"}
    return usual | changed


def tables(route):
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
    routes = [local, {"DestinationCidrBlock": "0.0.0.0/0", "State": "active"} | route] if route else [local]
    return {"RouteTables": [{"RouteTableId": "rtb-1", "Associations": [{"Main": True}], "Routes": routes}]}


def rule(port, **whom):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | (whom or {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]})


def groups(egress=({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},), ingress=(), vpc="vpc-1"):
    return {"SecurityGroups": [{"GroupId": "sg-pollers", "VpcId": vpc, "IpPermissionsEgress": list(egress), "IpPermissions": list(ingress)}]}


def endpoints(*services, private_dns=True, state="available"):
    return {
        "VpcEndpoints": [
            {"VpcEndpointId": f"vpce-{service}", "ServiceName": f"com.amazonaws.{REGION}.{service}", "State": state, "PrivateDnsEnabled": private_dns, "Groups": [{"GroupId": "sg-endpoints"}]}
            for service in services
        ]
    }


def to_s3(*tables, also=None):
    gateway = {"VpcEndpointId": "vpce-s3", "ServiceName": f"com.amazonaws.{REGION}.s3", "VpcEndpointType": "Gateway", "State": "available", "RouteTableIds": list(tables)}
    return {"VpcEndpoints": [gateway, *(also or endpoints())["VpcEndpoints"]]}


def attribute(value):
    def answer(request):
        name = request["Attribute"]
        return {name[0].upper() + name[1:]: {"Value": value}}

    return answer


WELL = {
    "describe_subnets": {"Subnets": [subnet()]},
    "describe_security_groups": groups(),
    "describe_route_tables": tables({"NatGatewayId": "nat-1"}),
    "describe_nat_gateways": {"NatGateways": [{"State": "available", "ConnectivityType": "public"}]},
    "describe_vpc_endpoints": endpoints(),
    "describe_vpc_attribute": attribute(True),
}
ALL = ("lambda", "sts", "secretsmanager")
LETS_IN = groups(ingress=[rule(443, UserIdGroupPairs=[{"GroupId": "sg-pollers"}])])


class NetworkTest(unittest.TestCase):
    def troubles(self, answers, made=frozenset(), **changed):
        found = network.examine(Answering("ec2", WELL | answers), GIVEN | changed, REGION, made)
        return [(finding.verdict, finding.text) for finding in found if finding.verdict != "ok"]

    def assert_one(self, verdict, words, answers, **changed):
        troubles = self.troubles(answers, **changed)
        self.assertEqual([verdict], [found for found, _ in troubles], troubles)
        self.assertIn(words, troubles[0][1])

    def test_a_private_subnet_with_a_nat_gateway_is_well(self):
        self.assertEqual([], self.troubles({}))
        self.assertEqual([], self.troubles({"describe_route_tables": tables({"TransitGatewayId": "tgw-1"})}))

    def test_endpoints_do_instead_of_nat(self):
        without_nat = {"describe_route_tables": tables(None), "describe_security_groups": LETS_IN}
        self.assertEqual([], self.troubles(without_nat | {"describe_vpc_endpoints": to_s3("rtb-1", also=endpoints(*ALL))}))
        self.assert_one("bad", "no interface endpoint for sts", without_nat | {"describe_vpc_endpoints": to_s3("rtb-1", also=endpoints("lambda", "secretsmanager"))})
        only_two = without_nat | {"describe_vpc_endpoints": to_s3("rtb-1", also=endpoints("lambda", "sts"))}
        self.assertEqual([], self.troubles(only_two, KafkaAuthentication="NONE"))
        self.assert_one("bad", "no interface endpoint for secretsmanager", only_two)

    def test_an_endpoint_that_nobody_finds_or_enters_is_told(self):
        usual = {"describe_route_tables": tables(None), "describe_security_groups": LETS_IN, "describe_vpc_endpoints": to_s3("rtb-1", also=endpoints(*ALL))}
        for words, changed in (
            ("has no private DNS", {"describe_vpc_endpoints": to_s3("rtb-1", also=endpoints(*ALL, private_dns=False))}),
            ("is pending", {"describe_vpc_endpoints": to_s3("rtb-1", also=endpoints(*ALL, state="pending"))}),
            ("does not let the pollers in", {"describe_security_groups": groups(ingress=[rule(443, IpRanges=[{"CidrIp": "192.168.0.0/16"}])])}),
            ("does not let the pollers in", {"describe_security_groups": groups(ingress=[rule(80, UserIdGroupPairs=[{"GroupId": "sg-pollers"}])])}),
            ("turned off", {"describe_vpc_attribute": attribute(False)}),
        ):
            troubles = self.troubles(usual | changed)
            self.assertTrue(troubles and all(verdict == "bad" and words in text for verdict, text in troubles), (words, troubles))

    def test_no_way_out_is_bad(self):
        for words, route in (
            ("has no default route", None),
            ("is public", {"GatewayId": "igw-1"}),
            ("blackhole", {"NatGatewayId": "nat-1", "State": "blackhole"}),
        ):
            self.assert_one("bad", words, {"describe_route_tables": tables(route), "describe_vpc_endpoints": to_s3("rtb-1")})
        self.assert_one("bad", "is pending", {"describe_nat_gateways": {"NatGateways": [{"State": "pending"}]}, "describe_vpc_endpoints": to_s3("rtb-1")})

    def test_no_way_to_s3_is_bad_and_costs_nothing_to_make(self):
        stack_makes_endpoints = {"CreateVpcEndpoints": "true", "VpcId": "vpc-1"}
        no_nat = {"describe_route_tables": tables(None)}
        self.assert_one("bad", "set VpcRouteTableId1=rtb-1", no_nat, **stack_makes_endpoints)
        self.assert_one("bad", "neither NAT nor a gateway endpoint for S3", no_nat, EventSourceMode="PROVISIONED")
        another = {"describe_vpc_endpoints": to_s3("rtb-2")}
        self.assert_one("bad", "set VpcRouteTableId1=rtb-1", no_nat | another, **stack_makes_endpoints)
        for way in (to_s3("rtb-1"), endpoints("s3")):
            self.assertEqual([], self.troubles(no_nat | {"describe_vpc_endpoints": way}, **stack_makes_endpoints))
        self.assertEqual([], self.troubles(no_nat, VpcRouteTableId1="rtb-1", **stack_makes_endpoints))
        taken = {"describe_vpc_endpoints": to_s3("rtb-1")}
        self.assert_one("bad", "leads to S3 already, by vpce-s3", no_nat | taken, VpcRouteTableId1="rtb-1", **stack_makes_endpoints)
        self.assertEqual([], self.troubles(no_nat | taken, made={"vpce-s3"}, VpcRouteTableId1="rtb-1", **stack_makes_endpoints))
        two = {"Subnets": [subnet(), subnet("subnet-b", AvailabilityZone=f"{REGION}b")]}
        own = tables(None)["RouteTables"] + [{"RouteTableId": "rtb-2", "Associations": [{"SubnetId": "subnet-b"}], "Routes": []}]
        answers = {"describe_subnets": two, "describe_route_tables": {"RouteTables": own}}
        self.assert_one("bad", "set VpcRouteTableId2=rtb-2", answers, VpcSubnetId2="subnet-b", VpcRouteTableId1="rtb-1", **stack_makes_endpoints)
        both = self.troubles(answers, VpcSubnetId2="subnet-b", **stack_makes_endpoints)
        self.assertEqual([1, 2], [number for number, (_, text) in enumerate(both, 1) if f"set VpcRouteTableId{number}=rtb-{number}" in text], both)
        one_table = self.troubles(no_nat | {"describe_subnets": two}, VpcSubnetId2="subnet-b", **stack_makes_endpoints)
        self.assertTrue(len(one_table) == 2 and all("set VpcRouteTableId1=rtb-1" in text for _, text in one_table), one_table)

    def test_the_stacks_own_endpoints_need_a_free_place(self):
        self.assertEqual([], self.troubles({"describe_route_tables": tables(None), "describe_vpc_endpoints": to_s3("rtb-1")}, CreateVpcEndpoints="true", VpcId="vpc-1"))
        taken = {"describe_vpc_endpoints": endpoints("sts")}
        self.assert_one("bad", "already", taken, CreateVpcEndpoints="true", VpcId="vpc-1")
        self.assertEqual([], self.troubles(taken, made={"vpce-sts"}, CreateVpcEndpoints="true", VpcId="vpc-1"))

    def test_provisioned_mode_needs_no_way_out(self):
        self.assertEqual([], self.troubles({"describe_route_tables": tables(None), "describe_vpc_endpoints": to_s3("rtb-1")}, EventSourceMode="PROVISIONED"))

    def test_the_pollers_must_be_let_out_to_the_broker_and_to_aws(self):
        self.assert_one("bad", "TCP 9096", {"describe_security_groups": groups([rule(443)])})
        self.assert_one("bad", "TCP 443", {"describe_security_groups": groups([rule(9096)])})
        elsewhere = rule(9096, IpRanges=[{"CidrIp": "10.0.2.0/24"}])
        self.assert_one("bad", "10.0.1.10:9096", {"describe_security_groups": groups([rule(443), elsewhere])})
        self.assertEqual([], self.troubles({"describe_security_groups": groups([rule(443), rule(9096, UserIdGroupPairs=[{"GroupId": "sg-kafka"}])])}))

    def test_subnets_and_group_must_be_there_and_in_one_vpc(self):
        self.assert_one("bad", f"not there in {REGION}", {"describe_subnets": "InvalidSubnetID.NotFound"})
        self.assert_one("bad", f"not there in {REGION}", {"describe_security_groups": "InvalidGroup.NotFound"})
        self.assert_one("note", "these credentials may not", {"describe_subnets": "UnauthorizedOperation"})
        self.assert_one("bad", "in vpc-2", {"describe_security_groups": groups(vpc="vpc-2")})
        self.assert_one("bad", "VpcId is vpc-9", {}, VpcId="vpc-9")
        two = {"Subnets": [subnet(), subnet("subnet-b", VpcId="vpc-2", AvailabilityZone=f"{REGION}b")]}
        self.assert_one("bad", "different VPCs", {"describe_subnets": two}, VpcSubnetId2="subnet-b")
        same_zone = {"Subnets": [subnet(), subnet("subnet-b")]}
        self.assert_one("note", "one availability zone", {"describe_subnets": same_zone}, VpcSubnetId2="subnet-b")
        self.assert_one("note", "with 2 free", {"describe_subnets": {"Subnets": [subnet(AvailableIpAddressCount=2)]}})


class LoginsTest(unittest.TestCase):
    def examine(self, secret, described=None, **changed):
        answers = {"describe_secret": described or {"ARN": ARN}, "get_secret_value": secret if isinstance(secret, str) else {"SecretString": secret[0]}}
        found, readable = logins.examine(Answering("secretsmanager", answers), GIVEN | changed, REGION)
        self.assertNotIn("hunter2", " ".join(str(finding) for finding in found))
        return [(finding.verdict, finding.text) for finding in found], readable

    def assert_one(self, verdict, words, secret, described=None, **changed):
        found, _ = self.examine(secret, described, **changed)
        self.assertEqual([verdict], [each for each, _ in found], found)
        self.assertIn(words, found[0][1])

    def test_each_login_has_its_shape(self):
        password = [json.dumps({"username": "lake", "password": "hunter2"})]
        client = [json.dumps({"certificate": CERTIFICATE, "privateKey": "-----BEGIN PRIVATE KEY-----\nhunter2\n"})]
        for authentication in ("SASL_SCRAM_512_AUTH", "SASL_SCRAM_256_AUTH", "BASIC_AUTH"):
            self.assert_one("ok", "with username and password", password, KafkaAuthentication=authentication)
        self.assert_one("ok", "with certificate and privateKey", client, KafkaAuthentication="CLIENT_CERTIFICATE_TLS_AUTH")
        self.assert_one("bad", '"certificate"', password, KafkaAuthentication="CLIENT_CERTIFICATE_TLS_AUTH")

    def test_another_shape_is_bad_and_not_repeated(self):
        for words, text in (
            ("not a JSON object", "hunter2"),
            ("not a JSON object", '["hunter2"]'),
            ('no text in "username"', '{"user":"lake","password":"hunter2"}'),
            ('no text in "password"', '{"username":"hunter2","password":7}'),
        ):
            self.assert_one("bad", words, [text])
        encrypted = json.dumps({"certificate": CERTIFICATE, "privateKey": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2\n"})
        self.assert_one("bad", "privateKeyPassword", [encrypted], KafkaAuthentication="CLIENT_CERTIFICATE_TLS_AUTH")
        ca = {"KafkaAuthentication": "NONE", "KafkaRootCaSecretArn": CA_ARN}
        self.assert_one("bad", "no PEM", ['{"certificate":"hunter2"}'], **ca)
        self.assert_one("ok", "KafkaRootCaSecretArn is there", [json.dumps({"certificate": CERTIFICATE})], **ca)

    def test_a_secret_that_lambda_could_not_read_is_told(self):
        self.assert_one("bad", "does not exist", "ResourceNotFoundException")
        self.assert_one("note", "may not read it", "AccessDeniedException")
        self.assert_one("bad", "is in us-east-1", [""], KafkaSecretArn=ARN.replace(REGION, "us-east-1"))
        self.assert_one("bad", "needs KafkaSecretArn", [""], KafkaSecretArn="")
        self.assert_one("bad", "it may be NONE", [""], KafkaAuthentication="KERBEROS")
        going = {"ARN": ARN, "DeletedDate": datetime.datetime(2026, 11, 22)}
        self.assert_one("bad", "scheduled for deletion", [""], going)
        found, _ = self.examine([json.dumps({"username": "lake", "password": "hunter2"})], {"ARN": ARN, "KmsKeyId": "arn:aws:kms:mine"})
        self.assertEqual(["note", "ok"], [verdict for verdict, _ in found])

    def test_the_login_to_kafka_is_lambdas(self):
        secrets = {"KafkaSecretArn": {"username": "lake", "password": "a,b=c"}, "KafkaRootCaSecretArn": {"certificate": CERTIFICATE}}
        with tempfile.TemporaryDirectory() as folder:
            made = logins.properties(GIVEN, secrets, pathlib.Path(folder))
            self.assertEqual(CERTIFICATE, pathlib.Path(made.pop("ssl.ca.location")).read_text())
        self.assertEqual({"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "lake", "sasl.password": "a,b=c"}, made)


NOW = 1_795_399_200


class ClockTest(unittest.TestCase):
    def assert_found(self, verdict, words, theirs):
        found = clock.examine({"ResponseMetadata": {"HTTPHeaders": {"date": email.utils.formatdate(theirs, usegmt=True)}}}, NOW)
        self.assertEqual([verdict], [finding.verdict for finding in found], found)
        self.assertIn(words, found[0].text)

    def test_a_clock_is_judged_at_its_limits(self):
        for seconds in (-10, 0, 10):
            self.assert_found("ok", "agrees", NOW - seconds)
        self.assert_found("note", "is 11 s ahead of", NOW - 11)
        self.assert_found("note", "is 299 s behind", NOW + 299)
        self.assert_found("bad", "is 300 s ahead of", NOW - 300)
        self.assert_found("bad", "is 86400 s behind", NOW + 86_400)

    def test_an_answer_without_a_date_says_nothing_of_the_clock(self):
        self.assertEqual([], clock.examine({}, NOW))
        self.assertEqual([], clock.examine({"ResponseMetadata": {"HTTPHeaders": {"date": "today"}}}, NOW))

    def test_it_is_looked_at_where_aws_answers_and_where_it_refuses(self):
        identity = (
            "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult>"
            "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
        )
        refusal = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>"
        for status, body, late, verdicts in ((200, identity, 0, ["ok", "ok"]), (200, identity, 60, ["ok", "note"]), (403, refusal, 600, ["bad", "bad"])):
            with answering(status, body, time.time() - late) as address:
                environment = {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "NO_PROXY": "127.0.0.1"}
                with unittest.mock.patch.dict("os.environ", environment):
                    found, *_ = look_at_aws(GIVEN, REGION, {"KafkaSecretArn", "VpcSubnetId1"}, "")
            self.assertEqual(verdicts, [finding.verdict for finding in found], found)
            self.assertIn("this machine's clock", found[1].text)


@contextlib.contextmanager
def answering(status, body, dated):
    """A server on 127.0.0.1 that gives one answer to all, with that date."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response_only(status)
            for name, value in (("Date", email.utils.formatdate(dated, usegmt=True)), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


class ParametersTest(unittest.TestCase):
    def test_both_forms_of_samconfig_are_read(self):
        for written in ('["KafkaTopic=bars", "CrawlSchedule=\'cron(7 * * * ? *)\'"]', "'KafkaTopic=\"bars\" CrawlSchedule=\"cron(7 * * * ? *)\"'"):
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
                file.write(f'[default.global.parameters]\nregion = "{REGION}"\nstack_name = "lake"\n[default.deploy.parameters]\nparameter_overrides = {written}\n')
                file.flush()
                given, region, stack = parameters.read(pathlib.Path(file.name))
            self.assertEqual(("bars", "cron(7 * * * ? *)", REGION, "lake"), (given["KafkaTopic"], given["CrawlSchedule"], region, stack))

    def test_a_file_that_is_none_is_an_error_in_words(self):
        with self.assertRaisesRegex(ValueError, "cannot be read"):
            parameters.read(pathlib.Path("/nowhere/samconfig.toml"))
        with self.assertRaisesRegex(ValueError, "not TOML"):
            parameters.read(pathlib.Path(__file__))

    def test_what_is_still_as_the_project_came_is_named(self):
        given, *_ = parameters.read(pathlib.Path(__file__).parent.parent / "samconfig.toml")
        named = {finding.text.split()[0] for finding in parameters.unfilled(given)}
        self.assertEqual({"KafkaSecretArn", "VpcSubnetId1", "VpcSecurityGroupId"}, named)
        self.assertEqual([], parameters.unfilled(GIVEN))

    def test_numbers_that_aws_refuses_together_are_named(self):
        provisioned = GIVEN | {"EventSourceMode": "PROVISIONED"}
        for words, given in (
            ("MinimumPollers is 3, and MaximumPollers 2", provisioned | {"MinimumPollers": "3"}),
            ("at least 60", provisioned | {"MaximumRecordAgeSeconds": "59"}),
            ("at least 60", provisioned | {"MaximumRecordAgeSeconds": "0"}),
        ):
            [found] = parameters.contradictions(given)
            self.assertIn(words, found.text)
            self.assertEqual("bad", found.verdict)
        well = ({}, {"MinimumPollers": "2"}, {"MaximumRecordAgeSeconds": "60"}, {"MinimumPollers": "many"})
        for given in (GIVEN | {"MinimumPollers": "3"}, *(provisioned | changed for changed in well)):
            self.assertEqual([], parameters.contradictions(given))

    def test_every_parameter_is_one_of_the_template(self):
        template = (pathlib.Path(__file__).parent.parent / "template.yaml").read_text()
        for name, default in parameters.DEFAULTS.items():
            section = template.split(f"\n  {name}:\n", 1)[1].split("\n  A", 1)[0]
            if default:
                self.assertIn(f"Default: {default}", section.replace('"', ""), name)

    def test_brokers_are_pairs_of_host_and_port(self):
        self.assertEqual([("b1", 9096), ("2001:db8::1", 9097)], parameters.brokers("b1:9096, [2001:db8::1]:9097"))


class KafkaTest(unittest.TestCase):
    def test_kafka_is_not_asked_with_a_login_that_is_not_known(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            is_bad = look_at_kafka(GIVEN, {}, "/nowhere/producer")
        self.assertFalse(is_bad)
        self.assertIn("note  the secret to log in with is not known", printed.getvalue())


if __name__ == "__main__":
    unittest.main()
