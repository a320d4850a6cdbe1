#!/usr/bin/env python3
"""Runs a command; when it ends, whatever ended it, nothing that it started is left.

    supervise.py COMMAND [ARGUMENT ...]

Ctrl-C, SIGTERM and SIGHUP are passed on, so that the command can end in good order; after GRACE seconds, or at a second
signal, all of its descendants are killed. Two processes watch each other, so that `kill -9` of either, of the command, or of
the `make` above leaves nothing behind: as "child subreapers" they inherit every orphan below them, which is how the kernel
lets a process find all of its descendants (Linux only, like the functions' binaries).

What a process inherits besides its environment is the same for all that runs below: the umask, and room for open files.
"""

import ctypes
import os
import resource
import signal
import sys
import time

GRACE = 15.0
UMASK = 0o022
# Kafka, Java's jars and the linker have some hundred open; much more only makes some programs slow.
OPEN_FILES = 65_536
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    if sys.platform != "linux":
        sys.exit("the local stack runs the functions' Linux binaries: use Linux, WSL 2 or a Linux virtual machine")
    settle()
    end_with_parent()
    # The watcher below starts the command; this process only outlives it. Its own group keeps a terminal's Ctrl-C from
    # reaching it twice.
    sys.exit(watch(lambda: sys.exit(watch(lambda: execute(sys.argv[1:]), os.setsid)), os.setpgrp))


def settle():
    # Lambda runs as another user than who builds: a file that only its owner may read does not start there.
    os.umask(UMASK)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def execute(command):
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        os._exit(127)


def watch(run, detach):
    """Forks, calls `run` in the child, and returns the child's exit code once no descendant is left."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    signals = []
    for number in FORWARDED:
        signal.signal(number, lambda received, _frame: signals.append(received))
    child = os.fork()
    if child == 0:
        for number in FORWARDED:
            signal.signal(number, signal.SIG_DFL)
        detach()
        end_with_parent()
        run()
    status, forwarded, deadline = None, 0, None
    while status is None:
        status = reap(child)
        if len(signals) > forwarded:
            deliver(child, signals[forwarded])
            forwarded += 1
            deadline = deadline or time.monotonic() + GRACE
        if deadline and (forwarded > 1 or time.monotonic() > deadline):
            break
        time.sleep(0.02)
    while descendants := find_descendants():
        for pid in descendants:
            deliver(pid, signal.SIGKILL, group=False)
        status = reap(child) if status is None else status
        reap(None)
        time.sleep(0.01)
    if signals:
        return 128 + signals[0]
    return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def deliver(pid, number, group=True):
    try:
        os.killpg(pid, number) if group else os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def reap(child):
    """Collects every ended child; returns the wait status of `child` if it is among them."""
    found = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                found = ended[1]
    except ChildProcessError:
        pass
    return found


def find_descendants():
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    # The second field is the program's name in parentheses and may hold anything.
                    parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, frontier = [], {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found.extend(frontier)
    return found


def end_with_parent():
    """Asks for SIGTERM when the parent dies."""
    parent = os.getppid()
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def prctl(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(int(value)), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


if __name__ == "__main__":
    main()
