"""A real Trino on 127.0.0.1: what `make` has unpacked below target/trino, from `with` to its end.

It has one node, which keeps nothing: tables come from a catalog over files or over an emulator's Glue. Environment: TRINO_JAVA, the Java.
"""

import contextlib
import functools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "local"))
import supervise

HOME = ROOT / "target" / "trino"
# What the largest of the golden lakes needs, and half as much again.
HEAP_MIB = 1500
# Half a minute on two cores that have nothing else to do.
SECONDS_TO_START = 300
SECONDS_TO_END = 10
SECONDS_OF_A_QUERY = 300
POLL = 0.1
LOG_LINES = 30


class QueryFailed(Exception):
    """What Trino says of a query that it does not run."""


class Result:
    """Names and types of the columns, and the rows, each cell as Trino's JSON has it."""

    def __init__(self, columns, rows, seconds):
        self.names = [column["name"] for column in columns or []]
        self.types = [column["type"] for column in columns or []]
        self.rows, self.seconds = rows, seconds


class Trino:
    """The server; `catalogs` are names, each with its properties. Its folder, with its log, is made anew and stays."""

    def __init__(self, folder, catalogs):
        self.folder, self.catalogs = pathlib.Path(folder), catalogs
        self.process = self.url = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if not self.process:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _start(self):
        if not os.environ.get("TRINO_JAVA"):
            raise RuntimeError("TRINO_JAVA names no Java: `make test-athena` looks for one")
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "tmp").mkdir(parents=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        etc = self.folder / "etc"
        _write(etc / "config.properties", {
            "coordinator": "true", "node-scheduler.include-coordinator": "true", "http-server.http.port": port,
            "discovery.uri": self.url, "node.bind-ip": "127.0.0.1", "node.internal-address": "127.0.0.1",
            "node.environment": "test", "node.id": "one", "plugin.dir": HOME / "plugin",
            "catalog.config-dir": etc / "catalog", "log.levels-file": etc / "log.properties",
            "memory.heap-headroom-per-node": f"{HEAP_MIB // 5}MB", "query.max-memory-per-node": f"{HEAP_MIB * 7 // 10}MB",
            "query.min-expire-age": "5s", "web-ui.enabled": "false",
        })
        _write(etc / "log.properties", {"io.trino": "WARN", "io.airlift": "WARN", "": "WARN", "io.trino.server.Server": "INFO"})
        for name, properties in self.catalogs.items():
            _write(etc / "catalog" / f"{name}.properties", properties)
        # It reports how it was started, from there.
        (etc / "jvm.config").touch()
        # Not what the machine's own Java is told by JAVA_TOOL_OPTIONS and the like.
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        with open(self.folder / "server.log", "wb") as log:
            self.process = subprocess.Popen([
                os.environ["TRINO_JAVA"], f"-Xmx{HEAP_MIB}m", "-Xms256m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError",
                "-XX:ReservedCodeCacheSize=256m", "-XX:-UsePerfData", "-Dfile.encoding=UTF-8", "-Duser.timezone=UTC",
                f"-Djava.io.tmpdir={self.folder / 'tmp'}", "-Djdk.attach.allowAttachSelf=true", "-XX:+EnableDynamicAgentLoading",
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                f"-Dconfig={etc / 'config.properties'}", "-cp", f"{HOME / 'lib'}/*", "io.trino.server.TrinoServer",
            ], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, env=environment, preexec_fn=_end_with_parent)
        deadline = time.monotonic() + SECONDS_TO_START
        self._wait(deadline, "it does not answer", lambda: not self._call("/v1/info")["starting"])
        # Before that a query finds no node to run on.
        active = "SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'"
        self._wait(deadline, "it has no node", lambda: self.query(active).rows[0][0])

    def _wait(self, deadline, trouble, ready):
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"Trino ended with exit code {self.process.returncode} while it was starting{self._log_tail()}")
            with contextlib.suppress(OSError, ValueError, QueryFailed):
                if ready():
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"Trino is not ready after {SECONDS_TO_START} s: {trouble}{self._log_tail()}")
            time.sleep(POLL)

    def query(self, sql, catalog="hive", schema="tickerlake"):
        """Runs a statement and reads all of its rows."""
        # An active node may be unknown to a catalog for some seconds more.
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                return self._query(sql, catalog, schema)
            except QueryFailed as error:
                if not str(error).startswith("NO_NODES_AVAILABLE") or time.monotonic() > deadline:
                    raise
            time.sleep(POLL)

    def _query(self, sql, catalog, schema):
        headers = {"X-Trino-User": "test", "X-Trino-Catalog": catalog, "X-Trino-Schema": schema, "X-Trino-Time-Zone": "UTC",
                   # Else it hides the precision of times.
                   "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}
        begin = time.monotonic()
        answer = self._call("/v1/statement", sql.encode(), headers)
        columns, rows = None, []
        while True:
            if error := answer.get("error"):
                raise QueryFailed(f"{error.get('errorName')}: {error.get('message')}")
            columns = answer.get("columns", columns)
            rows += answer.get("data", [])
            if "nextUri" not in answer:
                return Result(columns, rows, time.monotonic() - begin)
            if time.monotonic() - begin > SECONDS_OF_A_QUERY:
                raise QueryFailed(f"no answer within {SECONDS_OF_A_QUERY} s{self._log_tail()}")
            answer = self._call(answer["nextUri"].removeprefix(self.url))

    def _call(self, path, body=None, headers=None):
        # It answers 503 where it wants to be asked again; a query goes on meanwhile.
        for last in (*[False] * 20, True):
            try:
                with _direct().open(urllib.request.Request(self.url + path, body, headers or {}), timeout=60) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if last or error.code not in (429, 502, 503, 504):
                    raise
                time.sleep(POLL)

    def _log_tail(self):
        log = self.folder / "server.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
        return "".join(f"\n    | {line}" for line in lines) + f"\n    whole log: {log}"


def over_files(metastore):
    """A catalog over files of this machine; what it knows of tables is in a folder too."""
    return {
        "connector.name": "hive", "hive.metastore": "file", "hive.metastore.catalog.dir": f"local://{metastore}",
        "hive.metastore.disable-location-checks": "true", "fs.native-local.enabled": "true", "local.location": "/",
        "hive.non-managed-table-writes-enabled": "true", "hive.metastore-cache-ttl": "0s",
    }


def over_glue(endpoint):
    """A catalog over Glue and S3 of the AWS emulator, which takes any key. It cannot list partitions in several segments."""
    region, key = "us-east-1", "test"
    return {
        "connector.name": "hive", "hive.metastore": "glue", "hive.metastore.glue.region": region,
        "hive.metastore.glue.endpoint-url": endpoint, "hive.metastore.glue.partitions-segments": "1",
        "hive.metastore.glue.aws-access-key": key, "hive.metastore.glue.aws-secret-key": key,
        "fs.native-s3.enabled": "true", "s3.endpoint": endpoint, "s3.region": region, "s3.path-style-access": "true",
        "s3.aws-access-key": key, "s3.aws-secret-key": key,
    }


@functools.cache
def _direct():
    """Past a company's proxy, which knows nothing of 127.0.0.1."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _end_with_parent():
    supervise.prctl(supervise.PR_SET_PDEATHSIG, signal.SIGKILL)


def _write(path, properties):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()), encoding="utf-8")
