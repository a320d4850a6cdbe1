"""Runs all tests of the workspace, two programs at a time: most of them wait for Kafka, the emulator or a browser, and leave the machine idle.

    run_tests.py [ARGUMENT...]

The arguments go to `cargo test --no-run`. What a program prints comes in one piece when it ends. The exit code is 0 only if all pass;
the others are run all the same.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

AT_A_TIME = 2
# Those that take longest begin first, so that none is left over at the end.
LONGEST = ["reports", "compaction", "replication", "simulation", "lakes", "resume", "upgrade", "broker", "golden", "faults", "python_producers", "lives", "environment", "least_privilege"]


def main():
    programs = built(sys.argv[1:])
    place = {name: number for number, name in enumerate(LONGEST)}
    programs.sort(key=lambda program: place.get(program["name"], len(LONGEST)))
    waiting = queue.SimpleQueue()
    for program in programs:
        waiting.put(program)
    ended, printing = [], threading.Lock()

    def work():
        while True:
            try:
                program = waiting.get_nowait()
            except queue.Empty:
                return
            begun = time.monotonic()
            # No pipe: what a program leaves behind would keep it open, and keep the next one waiting.
            with tempfile.TemporaryFile() as output:
                started = subprocess.Popen([program["path"]], cwd=program["folder"], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
                # With what its own children took, as far as it has waited for them.
                _, status, took = os.wait4(started.pid, 0)
                output.seek(0)
                printed = output.read()
            seconds, processor = time.monotonic() - begun, took.ru_utime + took.ru_stime
            with printing:
                sys.stdout.write(f"     Running {program['title']} ({seconds:.0f} s, {processor:.0f} s of a processor)\n")
                sys.stdout.write(printed.decode(errors="replace"))
                sys.stdout.flush()
                ended.append((status, program["title"]))

    workers = [threading.Thread(target=work, daemon=True) for _ in range(AT_A_TIME)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    failed = [title for status, title in ended if status != 0]
    for title in failed:
        print(f"failed: {title}")
    if failed or len(ended) != len(programs):
        sys.exit(f"{len(failed)} of {len(programs)} test programs failed")


def built(arguments):
    """Name, path and folder of each test program, built if need be."""
    cargo = os.environ.get("CARGO", "cargo")
    build = subprocess.run([cargo, "test", "--no-run", "--message-format", "json-render-diagnostics", *arguments], stdout=subprocess.PIPE, check=False)
    if build.returncode != 0:
        sys.exit(build.returncode)
    programs = []
    for line in build.stdout.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["profile"]["test"] and message["executable"]:
            folder = os.path.dirname(message["manifest_path"])
            name, kind = message["target"]["name"], message["target"]["kind"][0]
            title = f"{os.path.basename(folder)} {name}" if kind == "test" else f"units of {name} ({kind})"
            programs.append({"name": name if kind == "test" else "", "title": title, "path": message["executable"], "folder": folder})
    if not programs:
        sys.exit("cargo has built no tests")
    return programs


if __name__ == "__main__":
    main()
