"""What is done in which order, by stand-ins for AWS and sam."""

import contextlib
import io
import unittest
import unittest.mock

import boto3

import undeploy


class Account:
    """Stands in for a session, for each of its clients, and for sam; `crawls` are the states of the crawler, one for each look at it."""

    def __init__(self, crawls):
        self.crawls = list(crawls)
        self.calls = []
        self.exceptions = boto3.client("glue", region_name="eu-central-1").exceptions

    def client(self, _service, region_name):
        return self

    def describe_stacks(self, StackName):
        names = {"LakeBucketName": "lake", "FailedEventsBucketName": "failed", "CrawlerName": StackName}
        return {"Stacks": [{"Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in names.items()]}]}

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
    def calls(self, *crawls):
        account, printed = Account(crawls), io.StringIO()
        with unittest.mock.patch("subprocess.run", account.run), unittest.mock.patch("time.sleep"), contextlib.redirect_stdout(printed):
            self.assertEqual(0, undeploy.undeploy("tickerlake", "eu-central-1", account, yes=True))
        self.assertEqual("stop_crawler" in account.calls, "ending the crawl that runs" in printed.getvalue())
        return account.calls

    def test_a_crawl_is_ended_before_the_stack_is_removed(self):
        self.assertEqual(["RUNNING", "stop_crawler", "STOPPING", "READY", "delete"], self.calls("RUNNING", "STOPPING", "READY"))
        self.assertEqual(["STOPPING", "READY", "delete"], self.calls("STOPPING", "READY"))

    def test_a_crawl_that_ends_by_itself_just_then_is_fine(self):
        self.assertEqual(["RUNNING", "stop_crawler", "READY", "delete"], self.calls("RUNNING", "READY"))

    def test_without_a_crawl_or_a_crawler_nothing_is_ended(self):
        self.assertEqual(["READY", "delete"], self.calls("READY"))
        self.assertEqual(["delete"], self.calls(None))


if __name__ == "__main__":
    unittest.main()
