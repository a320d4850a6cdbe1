"""What is done in which order, by stand-ins for AWS and sam."""

import contextlib
import io
import unittest
import unittest.mock

import boto3

import undeploy


class Account:
    """Stands in for a session, for each of its clients, and for sam; `crawls` are the states of the crawler, one for each look at it, `status`
    that of the stack's resources, `also` more of them."""

    def __init__(self, crawls, status="CREATE_COMPLETE", **also):
        self.crawls = list(crawls)
        self.status = status
        self.also = also
        self.calls = []
        self.exceptions = boto3.client("glue", region_name="eu-central-1").exceptions

    def client(self, _service, region_name):
        return self

    def describe_stack_resources(self, StackName):
        made = {"LakeBucket": "lake", "FailedEventsBucket": "failed", "Crawler": StackName} | self.also
        return {
            "StackResources": [
                {"LogicalResourceId": logical, "PhysicalResourceId": physical, "ResourceStatus": self.status} for logical, physical in made.items()
            ]
        }

    def list_objects_v2(self, **_):
        return {"KeyCount": 0}

    def get_crawler(self, Name):
        state = self.crawls.pop(0)
        if state is None:
            raise self.exceptions.EntityNotFoundException({}, "GetCrawler")
        self.calls.append(state)
        return {"Crawler": {"Name": Name, "State": state}}

    def stop_crawler(self, Name):
        self.calls.append("stop_crawler")
        if self.crawls[0] == "READY":
            raise self.exceptions.CrawlerNotRunningException({}, "StopCrawler")

    def run(self, command, **_):
        self.calls.append(" ".join(command[1:2]))
        return unittest.mock.Mock(returncode=0)


class UndeployTest(unittest.TestCase):
    def undeploy(self, account):
        """What is printed."""
        printed = io.StringIO()
        with unittest.mock.patch("subprocess.run", account.run), unittest.mock.patch("time.sleep"), contextlib.redirect_stdout(printed):
            self.assertEqual(0, undeploy.undeploy("tickerlake", "eu-central-1", account, yes=True))
        return printed.getvalue()

    def calls(self, *crawls):
        account = Account(crawls)
        printed = self.undeploy(account)
        self.assertEqual("stop_crawler" in account.calls, "ending the crawl that runs" in printed)
        self.assertIn("  s3://lake\n  s3://failed\n", printed)
        self.assertNotIn("VPC", printed)
        return account.calls

    def test_a_crawl_is_ended_before_the_stack_is_removed(self):
        self.assertEqual(["RUNNING", "stop_crawler", "STOPPING", "READY", "delete"], self.calls("RUNNING", "STOPPING", "READY"))
        self.assertEqual(["STOPPING", "READY", "delete"], self.calls("STOPPING", "READY"))

    def test_a_crawl_that_ends_by_itself_just_then_is_fine(self):
        self.assertEqual(["RUNNING", "stop_crawler", "READY", "delete"], self.calls("RUNNING", "READY"))

    def test_without_a_crawl_or_a_crawler_nothing_is_ended(self):
        self.assertEqual(["READY", "delete"], self.calls("READY"))
        self.assertEqual(["delete"], self.calls(None))

    def test_what_others_may_use_is_named(self):
        self.assertIn("VPC endpoints go too, vpce-1, vpce-2:", self.undeploy(Account(["READY"], S3Endpoint="vpce-2", LambdaEndpoint="vpce-1")))

    def test_what_is_left_of_a_stack_that_could_not_be_made_is_removed(self):
        account = Account([], status="DELETE_COMPLETE")
        self.assertNotIn("s3://", self.undeploy(account))
        self.assertEqual(["delete"], account.calls)


if __name__ == "__main__":
    unittest.main()
