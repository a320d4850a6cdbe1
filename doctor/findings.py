"""What was found: one line each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`verdict` is ok, note (works, but should be known) or bad. `text` names the thing, the matter, and what to do."""

    verdict: str
    text: str

    def __str__(self):
        return f"{self.verdict:<5} {' '.join(self.text.split())}"


def ok(text):
    return Finding("ok", text)


def note(text):
    return Finding("note", text)


def bad(text):
    return Finding("bad", text)
