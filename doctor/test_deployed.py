"""What is deployed already, and what the account leaves to IAM."""

import unittest

from botocore.exceptions import ClientError

from . import deployed, lake_formation
from .__main__ import look_at_stack
from .parameters import DEFAULTS
from .test_doctor import GIVEN, REGION, Answering

KEY = f"arn:aws:kms:{REGION}:123456789012:key/1"
SOURCE = "a1b2c3d4-0000-0000-0000-000000000000"


class Empty:
    """CloudFormation of an account without stacks."""

    def describe_stacks(self, StackName):
        raise ClientError({"Error": {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}}, "DescribeStacks")


def stack(**changed):
    was = {name: GIVEN[name] for name in ("KafkaTopic", "KafkaConsumerGroup", "DatabaseName", "KmsKeyArn")} | changed
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in was.items()]
    outputs = [{"OutputKey": "IngestEventSourceId", "OutputValue": SOURCE}]
    return {"StackName": "tickerlake", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE", "Parameters": parameters, "Outputs": outputs}


class Session:
    """Of an account in which each operation has one answer."""

    def __init__(self, **answers):
        self.answers = answers

    def client(self, service, region_name=REGION):
        return Answering(service, self.answers)


class DeployedTest(unittest.TestCase):
    def examine(self, was, topics=("stock-bars",), name="tickerlake", region=REGION, **written):
        cloudformation = Answering("cloudformation", {"describe_stacks": {"Stacks": [was]}}) if was else Empty()
        description = deployed.described(cloudformation, name)
        given = DEFAULTS | deployed.parameters(description) | written
        event_sources = Answering("lambda", {"get_event_source_mapping": {"Topics": list(topics)}})
        return [(found.verdict, found.text) for found in deployed.examine(description, event_sources, given, name, region)]

    def assert_one(self, verdict, words, *arguments, **given):
        found = self.examine(*arguments, **given)
        self.assertEqual([verdict], [each for each, _ in found], found)
        self.assertIn(words, found[0][1])

    def test_what_stays_may_not_be_changed(self):
        self.assert_one("ok", "is deployed", stack())
        self.assert_one("bad", "put stock-bars back", stack(), KafkaTopic="other", topics=["other"])
        self.assert_one("bad", "Reading the topic again", stack(), KafkaConsumerGroup="other")
        self.assert_one("bad", "DatabaseName is tickerlake", stack(), DatabaseName="other")
        self.assert_one("ok", "is deployed", stack(), DatabaseName="tickerlake", KafkaConsumerGroup="tickerlake")
        self.assert_one("ok", "is deployed", stack(DatabaseName="my_lake"), name="my-lake")

    def test_a_key_may_be_set_and_not_changed(self):
        self.assert_one("ok", "is deployed", stack(), KmsKeyArn=KEY)
        self.assert_one("ok", "is deployed", stack(KmsKeyArn=KEY))
        for other in ("", KEY + "2"):
            self.assert_one("bad", "put it back", stack(KmsKeyArn=KEY), KmsKeyArn=other)

    def test_what_samconfig_does_not_name_stays_as_sam_deploy_leaves_it(self):
        """As of an earlier version, in which group and database were called so whatever the stack was called."""
        was = stack(KafkaTopic="bars", KafkaConsumerGroup="tickerlake", DatabaseName="tickerlake")
        self.assert_one("ok", "is deployed", was, topics=["bars"], name="lake")
        self.assert_one("bad", "put tickerlake back", was, topics=["bars"], name="lake", KafkaConsumerGroup="lake")

    def test_a_stack_that_could_not_be_made_stands_in_the_way(self):
        left = stack(KafkaTopic="other") | {"StackStatus": "ROLLBACK_COMPLETE"}
        self.assert_one("bad", "make undeploy removes it", left)
        self.assert_one("ok", "no stack tickerlake yet", left | {"StackStatus": "REVIEW_IN_PROGRESS"})

    def test_an_event_source_that_reads_another_topic_is_told(self):
        self.assert_one("bad", "reads the topic old", stack(), topics=["old"])

    def test_a_first_deployment_may_choose_all_but_capitals(self):
        self.assert_one("ok", "no stack tickerlake yet", None, KafkaTopic="other")
        self.assert_one("bad", "has capitals", None, name="Lake")
        self.assert_one("ok", "no stack Lake yet", None, name="Lake", DatabaseName="lake")

    def test_a_name_may_be_as_long_as_iam_takes_it_with_the_region(self):
        longest = 128 - len(f"-{REGION}-stays")
        self.assert_one("ok", "yet", None, name="l" * longest)
        self.assert_one("bad", f"take at most {longest}", None, name="l" * (longest + 1))

    def test_the_stack_says_what_samconfig_does_not_and_what_it_has_made(self):
        resources = [{"LogicalResourceId": "S3Endpoint", "PhysicalResourceId": "vpce-s3"}, {"LogicalResourceId": "LambdaEndpoint"}]
        each = {"ResourceType": "AWS::EC2::VPCEndpoint", "Timestamp": 0, "ResourceStatus": "CREATE_COMPLETE"}
        was = stack(VpcSubnetId1="subnet-b", VpcId="vpc-1")
        session = Session(
            describe_stacks={"Stacks": [was]},
            describe_stack_resources={"StackResources": [one | each for one in resources]},
            get_event_source_mapping={"Topics": ["stock-bars"]},
        )
        found, given, made = look_at_stack(session, {"VpcId": "vpc-2"}, REGION, "tickerlake")
        self.assertEqual((["ok"], "subnet-b", "vpc-2", {"vpce-s3"}), ([each.verdict for each in found], given["VpcSubnetId1"], given["VpcId"], made))
        self.assertEqual(set(), deployed.resources(session.client("cloudformation"), None))

        found, given, made = look_at_stack(Session(describe_stacks="AccessDenied"), {"MaximumRecordAgeSeconds": "1"}, REGION, "tickerlake")
        self.assertEqual((["bad", "note"], "", set()), ([each.verdict for each in found], given["VpcSubnetId1"], made))


class LakeFormationTest(unittest.TestCase):
    def test_an_account_that_leaves_nothing_to_iam_is_noted(self):
        by_iam = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
        for settings, verdict in (
            ({"CreateDatabaseDefaultPermissions": by_iam, "CreateTableDefaultPermissions": by_iam}, "ok"),
            ({"CreateDatabaseDefaultPermissions": by_iam, "CreateTableDefaultPermissions": []}, "note"),
            ({}, "note"),
        ):
            [found] = lake_formation.examine(Answering("lakeformation", {"get_data_lake_settings": {"DataLakeSettings": settings}}))
            self.assertEqual(verdict, found.verdict, found)
        [found] = lake_formation.examine(Answering("lakeformation", {"get_data_lake_settings": "AccessDeniedException"}))
        self.assertEqual("note", found.verdict, found)


if __name__ == "__main__":
    unittest.main()
