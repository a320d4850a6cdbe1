"""The fetcher against a repository on 127.0.0.1 that does what networks do: `python -m unittest` in this folder."""

import base64
import contextlib
import functools
import hashlib
import http.server
import io
import os
import pathlib
import tempfile
import threading
import unittest
import unittest.mock

import fetch
from repository import Gone, Repository, Trouble

CONTENT = {f"org/example/{name}/1/{name}-1.jar": name.encode() * 40_000 for name in ("one", "two", "three")}
LIST = {place: hashlib.sha256(content).hexdigest() for place, content in CONTENT.items()}
ONE = "org/example/one/1/one-1.jar"


class Handler(http.server.BaseHTTPRequestHandler):
    """What it is to do wrong stands in `server.plan`, a list of steps for each place; after the last one all is well."""

    def do_GET(self):
        place = self.path.rpartition("/maven2/")[2]
        have = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.server.asked.append((self.path, have, self.headers.get("Authorization")))
        steps = self.server.plan.get(place, [])
        step = steps.pop(0) if steps else {}
        content = step.get("content", CONTENT.get(place))
        if "status" in step or content is None:
            self.send_response(step.get("status", 404))
            if "to" in step:
                self.send_header("Location", step["to"])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if have >= len(content):
            return self.send_error(416)
        have = 0 if step.get("forgets_ranges") else have
        self.send_response(206 if have else 200)
        self.send_header("Content-Length", str(len(content) - have))
        self.end_headers()
        self.wfile.write(content[have:][: step.get("cut_after", len(content))])

    def log_message(self, *_):
        pass


class Fetching(unittest.TestCase):
    def setUp(self):
        # As a checkout's folder may be called.
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "my projécts" / "libs"
        self.folder.mkdir(parents=True)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.plan, self.server.asked = {}, []
        thread = threading.Thread(target=functools.partial(self.server.serve_forever, poll_interval=0.01))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.address = f"http://127.0.0.1:{self.server.server_port}/maven2"
        # No proxy, no login of whoever runs this.
        self.enterContext(unittest.mock.patch.dict(os.environ, {"HOME": str(self.folder)}))
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                del os.environ[name]

    def fetch(self, jars=None, address=None):
        with fetch.locked(self.folder):
            fetch.fetch_all(jars or LIST, self.folder, Repository(address or self.address), fetch.Progress(3, io.StringIO()), pause=0)

    def assert_all_there(self):
        there = {file.name: file.read_bytes() for file in self.folder.iterdir()}
        self.assertEqual(there, {pathlib.PurePosixPath(place).name: content for place, content in CONTENT.items()})

    def requests(self, place):
        return [have for path, have, _ in self.server.asked if path.endswith(place)]

    def test_all_come_and_what_is_there_is_not_asked_for_again(self):
        self.fetch()
        self.assert_all_there()
        self.server.asked.clear()
        self.fetch()
        self.assertEqual(self.server.asked, [])

    def test_what_is_not_wanted_is_removed_and_what_was_spoilt_is_fetched_anew(self):
        self.fetch()
        (self.folder / "zero-0.jar").write_bytes(b"an earlier version")
        (self.folder / "one-1.jar").write_bytes(b"spoilt")
        self.fetch()
        self.assert_all_there()

    def test_a_connection_that_is_cut_goes_on_where_it_was(self):
        self.server.plan[ONE] = [{"cut_after": 50_000}, {"cut_after": 30_000}]
        self.fetch()
        self.assert_all_there()
        self.assertEqual(self.requests(ONE), [0, 50_000, 80_000])

    def test_what_an_earlier_run_left_is_gone_on_with(self):
        part = self.folder / "one-1.jar.part"
        part.write_bytes(CONTENT[ONE][:70_000])
        self.fetch()
        self.assert_all_there()
        self.assertEqual(self.requests(ONE), [70_000])

    def test_what_an_earlier_run_left_whole_is_taken(self):
        (self.folder / "one-1.jar.part").write_bytes(CONTENT[ONE])
        self.fetch()
        self.assert_all_there()

    def test_a_repository_without_ranges_sends_it_all_again(self):
        self.server.plan[ONE] = [{"cut_after": 50_000}, {"forgets_ranges": True}]
        self.fetch()
        self.assert_all_there()

    def test_an_earlier_part_of_another_file_costs_one_more_try(self):
        (self.folder / "one-1.jar.part").write_bytes(b"x" * 70_000)
        self.fetch()
        self.assert_all_there()
        self.assertEqual(self.requests(ONE), [70_000, 0])

    def test_another_file_than_the_wanted_one_is_refused_and_not_kept(self):
        self.server.plan[ONE] = [{"content": b"something else"}] * 9
        with self.assertRaisesRegex(Gone, "one-1.jar is not the file that is wanted: its SHA-256 is not " + LIST[ONE]):
            self.fetch()
        self.assertEqual(list(self.folder.glob("one-1*")), [])
        self.assertEqual(self.requests(ONE), [0])

    def test_a_missing_file_is_named_at_once_and_the_others_stay(self):
        missing = "org/example/four/1/four-1.jar"
        self.fetch()
        with self.assertRaisesRegex(Gone, f"{self.address}/{missing}: the answer is 404"):
            self.fetch(LIST | {missing: "0" * 64})
        self.assertEqual(len(self.requests(missing)), 1)
        self.assert_all_there()

    def test_a_server_in_trouble_is_asked_again_but_not_for_ever(self):
        self.server.plan[ONE] = [{"status": 503}] * (fetch.TRIES - 1)
        self.fetch()
        self.assert_all_there()
        (self.folder / "one-1.jar").unlink()
        self.server.plan[ONE] = [{"status": 503}] * fetch.TRIES
        with self.assertRaisesRegex(Trouble, f"the answer is 503 .*{fetch.TRIES} times"):
            self.fetch()

    def test_a_login_in_the_address_is_used_but_neither_shown_nor_passed_on(self):
        self.server.plan[ONE] = [{"status": 302, "to": f"{self.address}/elsewhere/maven2/{ONE}"}]
        address = self.address.replace("//", "//me:p%40ss@")
        self.fetch(address=address)
        self.assert_all_there()
        sent = {path.removeprefix("/maven2/"): login for path, _, login in self.server.asked}
        self.assertEqual(sent[ONE], "Basic " + base64.b64encode(b"me:p@ss").decode())
        self.assertIsNone(sent[f"elsewhere/maven2/{ONE}"])
        with self.assertRaises(Gone) as raised:
            self.fetch({"org/example/four/1/four-1.jar": "0" * 64}, address)
        self.assertNotIn("p%40ss", str(raised.exception))

    def test_a_login_is_found_in_netrc(self):
        (self.folder / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
        (self.folder / ".netrc").chmod(0o600)
        self.fetch()
        self.assertEqual({login for _, _, login in self.server.asked}, {"Basic " + base64.b64encode(b"me:secret").decode()})

    def test_a_proxy_is_asked_whichever_variable_names_it(self):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            with unittest.mock.patch.dict(os.environ, {name: f"http://127.0.0.1:{self.server.server_port}"}):
                self.server.asked.clear()
                self.fetch(address="http://repository.invalid/maven2")
                self.assertTrue(all(path.startswith("http://repository.invalid/maven2/") for path, _, _ in self.server.asked), name)
                self.assertEqual(len(self.server.asked), 3, name)
            for jar in self.folder.iterdir():
                jar.unlink()

    def test_an_address_that_is_none_is_refused_without_its_login(self):
        with self.assertRaisesRegex(Gone, "MAVEN_MIRROR is no address of a repository: ftp://host/maven2"):
            Repository("ftp://me:secret@host/maven2")

    def test_the_list_of_the_project_can_be_read(self):
        jars = fetch.read_list(pathlib.Path(__file__).with_name("jars.sha256"))
        self.assertIn("org/apache/kafka/kafka_2.13/4.1.1/kafka_2.13-4.1.1.jar", jars)
        names = [pathlib.PurePosixPath(place).name for place in jars]
        self.assertEqual(len(names), len(set(names)))

    def test_two_at_once_do_not_disturb_each_other(self):
        with contextlib.ExitStack() as errors:
            threads = [threading.Thread(target=self.fetch) for _ in range(2)]
            for thread in threads:
                thread.start()
                errors.callback(thread.join)
        self.assert_all_there()
        self.assertEqual(len(self.server.asked), 3)


if __name__ == "__main__":
    unittest.main()
