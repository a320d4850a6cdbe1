#!/usr/bin/env python3
"""`cargo build` with how far it is and about how long it will take; nothing is said where nothing is to be built.

    cargo_build.py [ARGUMENT OF cargo build ...]

cargo draws a bar on a terminal only, and never says how long. It is asked to draw it here too, and the bar is read: how many
of how many crates. Crates differ in size a hundredfold, and the large ones come late, so the estimate waits until it means
something.
"""

import os
import re
import subprocess
import sys
import time

BAR = re.compile(rb"Building \[[^\]]*\] (\d+)/(\d+)")
# What cargo says of its work; anything else (a warning, an error) is for the reader.
WORK = re.compile(r"\s*(Compiling|Downloading|Downloaded|Locking|Updating|Blocking|Fresh|Dirty|Adding|Finished) ")
# Seconds between two lines where there is no terminal.
INTERVAL = 20
# An estimate earlier than this says nothing.
SETTLED = 0.15
COLOURS = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")


def main():
    environment = os.environ | {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "200"}
    cargo = subprocess.Popen(["cargo", "build", *sys.argv[1:]], stderr=subprocess.PIPE, env=environment)
    progress = Progress(sys.stdout)
    pending = b""
    while chunk := os.read(cargo.stderr.fileno(), 65536):
        *pieces, pending = re.split(rb"[\r\n]", pending + chunk)
        for piece in pieces:
            read(piece, progress)
    read(pending, progress)
    status = cargo.wait()
    progress.end(status == 0)
    sys.exit(status if status >= 0 else 128 - status)


def read(piece, progress):
    piece = COLOURS.sub(b"", piece)
    if bar := BAR.search(piece):
        progress.update(int(bar[1]), int(bar[2]))
        return
    line = piece.decode(errors="replace").rstrip()
    if line and not WORK.match(line):
        progress.say(line)


class Progress:
    """One line that is drawn anew on a terminal, a line now and then elsewhere."""

    def __init__(self, output):
        self.output = output
        self.terminal = output.isatty() and os.environ.get("TERM") != "dumb"
        self.started = time.monotonic()
        self.first = None
        self.drawn = None

    def update(self, built, crates):
        # What was built before counts from the first bar on.
        self.first = built if self.first is None else self.first
        now = time.monotonic()
        if self.drawn is None:
            self.draw(f"building {crates - self.first} of {crates} crates")
        elif now - self.drawn < (0.2 if self.terminal else INTERVAL):
            return
        else:
            self.draw(f"built {built} of {crates} crates{self.remaining(built, crates)}")
        self.drawn = now

    def remaining(self, built, crates):
        done = (built - self.first) / max(crates - self.first, 1)
        if done < SETTLED:
            return ""
        seconds = (time.monotonic() - self.started) * (1 - done) / done
        return f", about {seconds / 60:.0f} min left" if seconds >= 60 else ", less than a minute left"

    def draw(self, text):
        print(f"\r\x1b[K{text}" if self.terminal else text, end="" if self.terminal else "\n", file=self.output, flush=True)

    def say(self, line):
        print(f"\r\x1b[K{line}" if self.terminal else line, file=self.output, flush=True)

    def end(self, succeeded):
        if self.drawn is None:
            return
        seconds = time.monotonic() - self.started
        self.say(f"built in {seconds // 60:.0f} min {seconds % 60:.0f} s" if succeeded else "the build failed")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
