#!/usr/bin/env python3
"""Looks for links that lead nowhere: to a file that is not there, or to a heading that its page does not have.

    links.py [FOLDER]          in the pages of the project, as GitHub shows them (the folder is the project's, else another)
    links.py --book FOLDER     in the pages of the built book

It asks nobody: addresses of the web are not looked at.
"""

import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

FOLDERS = ("", "docs", ".github")
FENCE = re.compile(r"^\s*(```|~~~)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
# [text](target), ![text](target), [text](<target> "title"); and [name]: target
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+<?([^\s>]+)")
ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def main(arguments):
    if arguments[:1] == ["--book"] and len(arguments) == 2:
        dead = in_book(Path(arguments[1]))
    elif len(arguments) <= 1 and not any(argument.startswith("-") for argument in arguments):
        dead = in_project(Path(*arguments[:1]))
    else:
        sys.exit(__doc__)
    for line in dead:
        print(line, file=sys.stderr)
    sys.exit(f"{len(dead)} links lead nowhere" if dead else 0)


def pages(project):
    """The pages of the project, by their paths in it."""
    return sorted(path.relative_to(project) for folder in FOLDERS for path in (project / folder).glob("*.md"))


def in_project(project):
    found = pages(project)
    if not found:
        return [f"{project}: there are no pages"]
    anchors = {page: headings(project / page) for page in found}
    dead = []
    for page in found:
        for number, target in links(project / page):
            reason = judge(project, page, target, anchors)
            if reason:
                dead.append(f"{page}:{number}: {target}: {reason}")
    return dead


def judge(project, page, target, anchors):
    """Why `target` on `page` leads nowhere, if it does."""
    path, _, anchor = target.partition("#")
    # As GitHub has it: seen from a form or a template, which have no place of their own.
    if page.parts[0] == ".github" and path.startswith("../blob/"):
        return None
    to = Path(os.path.normpath(page.parent / unquote(path))) if path else page
    if to.parts[:1] == ("..",):
        return "it is outside of the project"
    if not (project / to).is_file():
        return "there is no such file"
    if anchor and to in anchors and anchor not in anchors[to]:
        return "there is no such heading"
    return "only pages have headings" if anchor and to not in anchors else None


def text_lines(path):
    """The lines that are no code, each with its number."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


def links(path):
    """Where this page's links lead, but for the web, each with its line."""
    for number, line in text_lines(path):
        prose = re.sub(r"`[^`]*`", "", line)
        for target in LINK.findall(prose) + REFERENCE.findall(prose):
            if not ELSEWHERE.match(target):
                yield number, target


def headings(path):
    """The anchors of a page, as GitHub and mdBook name them."""
    found = {}
    for _, line in text_lines(path):
        heading = HEADING.match(line)
        if heading:
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            name = "".join(c if c.isalnum() or c in "-_" else "-" if c.isspace() else "" for c in plain.lower())
            count = found.get(name, 0)
            found[name] = count + 1
            if count:
                found[f"{name}-{count}"] = 1
    return set(found)


class Page(HTMLParser):
    """What of a page of the book can be linked to, and what it links to."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.targets = {""}, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value and not ELSEWHERE.match(value) and tag != "base":
                self.targets.append((self.getpos()[0], value))


def in_book(book):
    # 404.html is shown at any address, so its links begin at the root.
    built = {path: Page(path) for path in sorted(book.rglob("*.html")) if path.name != "404.html"}
    if not built:
        return [f"{book}: there is no book"]
    dead = []
    for page, content in built.items():
        for number, target in content.targets:
            path, _, anchor = unquote(target).partition("#")
            to = Path(os.path.normpath(page.parent / path.partition("?")[0])) if path else page
            if not to.is_file():
                dead.append(f"{page}:{number}: {target}: there is no such file")
            elif to in built and anchor not in built[to].anchors:
                dead.append(f"{page}:{number}: {target}: there is no such heading")
    return dead


if __name__ == "__main__":
    main(sys.argv[1:])
