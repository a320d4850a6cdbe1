"""Fetches the files of a list from a Maven repository into a folder: each is there whole and verified, or not at all.

    fetch.py LIST FOLDER

LIST has a line for each file, its SHA-256 and its place in the repository, as sha256sum prints them. What FOLDER has already stays,
what was cut off goes on where it was, what is not in LIST is removed.

Environment:
  MAVEN_MIRROR   another repository than Maven Central: https://host/path, or https://user:password@host/path
  HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE, REQUESTS_CA_BUNDLE   as for other programs
"""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import pathlib
import signal
import sys
import threading
import time

from repository import Gone, Repository, Trouble

MAVEN_CENTRAL = "https://repo1.maven.org/maven2"
AT_ONCE = 8
# Tries in a row that bring nothing; one that brings something begins the count anew.
TRIES = 5
SECONDS_BETWEEN_TRIES = 1.0
SECONDS_BETWEEN_LINES = 10.0
PART = ".part"
KINDS = (".jar", ".tar.gz", ".zip")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    # Ctrl-C ends it at once: what has come is in files that are only appended to.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    files = read_list(pathlib.Path(sys.argv[1]))
    folder = pathlib.Path(sys.argv[2])
    address = os.environ.get("MAVEN_MIRROR") or MAVEN_CENTRAL
    try:
        repository = Repository(address)
        with locked(folder):
            fetch_all(files, folder, repository, Progress(len(files)))
    except Trouble as error:
        sys.exit(
            f"{error}\n"
            "If this machine reaches Maven Central by a proxy or a mirror only, name it: HTTPS_PROXY=http://host:port, "
            "MAVEN_MIRROR=https://host/path. What is fetched already stays."
        )
    except OSError as error:
        sys.exit(f"{folder}: {error.strerror or error}")


def read_list(file):
    """Place in the repository to SHA-256."""
    files = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            digest, _, place = line.partition("  ")
            if len(digest) != 64 or not place.endswith(KINDS) or ".." in place:
                sys.exit(f"{file}, line {number}: not a SHA-256 and the place of a file that ends with one of {', '.join(KINDS)}")
            files[place] = digest
    return files


@contextlib.contextmanager
def locked(folder):
    """Makes the folder; whoever else fetches into it waits."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Not every file system has locks.
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def fetch_all(files, folder, repository, progress, pause=SECONDS_BETWEEN_TRIES):
    """All or an error; the first one ends the others."""
    missing = {place: digest for place, digest in files.items() if not is_whole(at(folder, place), digest)}
    progress.done = len(files) - len(missing)
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        fetching = [threads.submit(fetch, repository, place, digest, folder, progress, stop, pause) for place, digest in missing.items()]
        try:
            for ended in concurrent.futures.as_completed(fetching):
                ended.result()
        except Trouble:
            stop.set()
            threads.shutdown(cancel_futures=True)
            raise
        finally:
            progress.end()
    # Java takes every jar of a folder: one of an earlier version must not stay.
    wanted = {at(folder, place) for place in files}
    for other in folder.iterdir():
        if other not in wanted and other.is_file():
            other.unlink()


def fetch(repository, place, digest, folder, progress, stop, pause):
    """One file: what came is kept beside it until it is whole, and goes on from there."""
    whole = at(folder, place)
    part = whole.with_name(whole.name + PART)
    tries, spoilt = 0, False
    while not stop.is_set():
        before = size(part)
        trouble = None
        try:
            repository.append(place, part, progress.bytes_came, stop)
        except Gone:
            raise
        except Trouble as error:
            trouble = error
        if stop.is_set():
            return
        if trouble is None:
            if is_whole(part, digest):
                os.replace(part, whole)
                progress.file_done()
                return
            part.unlink(missing_ok=True)
            # A part of something else, from an earlier run, is worth a second try; a second wrong one is what the repository has.
            if spoilt or before == 0:
                raise Gone(f"{repository.shown(place)} is not the file that is wanted: its SHA-256 is not {digest}")
            spoilt, tries = True, 0
            continue
        tries = 0 if size(part) > before else tries + 1
        if tries == TRIES:
            raise Trouble(f"{trouble} ({TRIES} times)")
        stop.wait(pause * tries)


def at(folder, place):
    return folder / pathlib.PurePosixPath(place).name


def size(file):
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def is_whole(file, digest):
    try:
        with file.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest() == digest
    except FileNotFoundError:
        return False


class Progress:
    """One line that changes on a terminal, else a line now and then."""

    def __init__(self, files, out=sys.stderr):
        self.files, self.out = files, out
        self.done, self.bytes = 0, 0
        self.on_terminal = out.isatty()
        self.next_line = time.monotonic() + SECONDS_BETWEEN_LINES
        self.lock = threading.Lock()

    def file_done(self):
        with self.lock:
            self.done += 1
            self.show()

    def bytes_came(self, count):
        with self.lock:
            self.bytes += count
            self.show()

    def show(self):
        now = time.monotonic()
        if self.on_terminal:
            print(f"\r  {self}", end="", file=self.out, flush=True)
        elif now > self.next_line:
            self.next_line = now + SECONDS_BETWEEN_LINES
            print(f"  {self}", file=self.out, flush=True)

    def end(self):
        if self.on_terminal:
            print(f"\r  {self}", file=self.out)

    def __str__(self):
        return f"{self.done} of {self.files} files, {self.bytes / 1e6:.1f} MB fetched"


if __name__ == "__main__":
    main()
