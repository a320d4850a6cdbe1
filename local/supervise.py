#!/usr/bin/env python3
"""Runs a command; when it ends, whatever ended it, nothing that it started is left.

    supervise.py [--in-make] [--until-signal] COMMAND [ARGUMENT ...]

Ctrl-C, SIGTERM and SIGHUP are passed on, so that the command can end in good order; after GRACE seconds, or at a second
signal, all of its descendants are killed. Two processes watch each other, so that `kill -9` of either, of the command, or of
the `make` above leaves nothing behind: as "child subreapers" they inherit every orphan below them, which is how the kernel
lets a process find all of its descendants (Linux only, like the functions' binaries).

`make` has a word for each command that ends badly ("Error 130"), which tells nobody anything when it was asked to end. So each `make`
below is killed before a signal is passed on. And the one above, with --in-make, is sent the signal, and this ends with 0: then it ends by
the signal too, without a word, as whoever sent it expects. With --until-signal the command runs until it is asked to end: that is no
failure. If all that it was then running ends with 0, so does this, and Ctrl-C on its terminal is for this process alone: a `make` that
gets it cannot end with 0.

What a process inherits besides its environment is the same for all that runs below: the umask, and room for open files.
"""

import ctypes
import os
import resource
import signal
import sys
import time

GRACE = 15.0
# Signals that come so soon after one another are one.
ECHO = 0.5
UMASK = 0o022
# Kafka, Java's jars and the linker have some hundred open; much more only makes some programs slow.
OPEN_FILES = 65_536
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main():
    command = sys.argv[1:]
    options = set()
    while command and command[0] in ("--in-make", "--until-signal"):
        options.add(command.pop(0))
    if not command or command[0].startswith("-"):
        sys.exit(__doc__)
    if sys.platform != "linux":
        sys.exit("the local stack runs the functions' Linux binaries: use Linux, WSL 2 or a Linux virtual machine")
    settle()
    end_with_parent()
    give_back = take_terminal() if "--until-signal" in options else lambda: None

    # Two watchers: the lower one starts the command, the upper one only outlives it. Its own group keeps a terminal's Ctrl-C from
    # reaching it twice.
    def lower():
        ended = watch(lambda: execute(command), os.setsid, is_make)
        sys.exit(ended.code("--until-signal" in options))

    ended = watch(lower, os.setpgrp, lambda _pid: False)
    give_back()
    code = ended.child if ended.child is not None else ended.code(False)
    if code != 0 and ended.signal and "--in-make" in options and is_make(os.getppid()):
        # It passes SIGTERM on to its children.
        for number in FORWARDED:
            signal.signal(number, signal.SIG_IGN)
        os.kill(os.getppid(), ended.signal)
        code = 0
    sys.exit(code)


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


class Ended:
    """How a command ended: the first signal that came, if any, and the exit codes of the command and of what was waited for after it."""

    def __init__(self, signal, child, asked):
        self.signal, self.child, self.asked = signal, child, asked

    def code(self, until_signal):
        if not self.signal:
            return self.child
        done = until_signal and self.asked and not any(self.asked)
        return 0 if done else 128 + self.signal


def watch(run, detach, in_the_way):
    """Forks, calls `run` in the child, and returns how it ended once no descendant is left. When a signal comes, the descendants that are
    `in_the_way` are killed, and it is passed on to the others of the child's group; what those had started is waited for in their place."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    signals, times = [], []

    def receive(number, _frame):
        # A `make` that is asked to end asks what it has started, which may have been asked too.
        if not times or time.monotonic() > times[-1] + ECHO:
            signals.append(number)
            times.append(time.monotonic())

    for number in FORWARDED:
        signal.signal(number, receive)
    child = os.fork()
    if child == 0:
        for number in (*FORWARDED, signal.SIGTSTP, signal.SIGTTOU):
            signal.signal(number, signal.SIG_DFL)
        detach()
        end_with_parent()
        run()
    codes, forwarded, deadline = {}, 0, None
    awaited = {child}
    while True:
        reap(codes)
        if len(signals) > forwarded:
            if not forwarded:
                descendants = find_descendants()
                killed = {pid for pid in descendants if in_the_way(pid)}
                awaited |= {pid for pid, parent in descendants.items() if parent in killed}
                awaited -= killed
                for pid in killed:
                    deliver(pid, signal.SIGKILL, group=False)
                # One that is still dying would take the exit codes of its children along.
                while any(map(lives, killed)):
                    time.sleep(0.001)
            deliver(child, signals[forwarded])
            forwarded += 1
            deadline = deadline or time.monotonic() + GRACE
        if awaited <= codes.keys():
            break
        if deadline and (forwarded > 1 or time.monotonic() > deadline):
            break
        time.sleep(0.02)
    asked = [codes.get(pid, 128 + signal.SIGKILL) for pid in awaited]
    child_ended = codes.get(child)
    while descendants := find_descendants():
        for pid in descendants:
            deliver(pid, signal.SIGKILL, group=False)
        reap(codes)
        time.sleep(0.01)
    return Ended(signals[0] if signals else None, child_ended, asked)


def take_terminal():
    """Makes this process the one that a terminal's Ctrl-C is for; returns what gives the terminal back."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        before = os.tcgetpgrp(terminal)
    except OSError:
        return lambda: None
    # In the background it is somebody else's; and in `make up | less` it is for less.
    if before != os.getpgrp() or not os.isatty(1):
        os.close(terminal)
        return lambda: None
    # Ctrl-Z would stop this process alone, and whoever waits for `make` would wait on.
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpgrp())

    def give_back():
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            os.tcsetpgrp(terminal, before)
        except OSError:
            pass

    return give_back


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def is_make(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as name:
            return name.read().strip() in ("make", "gmake")
    except OSError:
        return False


def deliver(pid, number, group=True):
    try:
        os.killpg(pid, number) if group else os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def reap(ended):
    """Collects every ended child, with its exit code as a shell tells it."""
    try:
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            pid, status = found
            ended[pid] = os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    except ChildProcessError:
        pass


def find_descendants():
    """Each with its parent."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    # The second field is the program's name in parentheses and may hold anything.
                    parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, frontier = {}, {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found.update((pid, parents[pid]) for pid in frontier)
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
