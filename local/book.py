#!/usr/bin/env python3
"""Lays out the project's pages for mdBook.

    book.py FOLDER

The book is what stands in the project: `docs/SUMMARY.md` names its pages, also those at the top (README.md, RUNBOOK.md, ...). mdBook wants
all of them in one folder with the summary at its top; so they are copied there, at the same paths as here, with what they link to. Links
between them then lead to the same place on GitHub and in the book. Only README.md has another name there: the first page of a book is its index.
"""

import os
import re
import shutil
import sys
from pathlib import Path

import links

PROJECT = Path(__file__).resolve().parent.parent
SUMMARY = Path("docs/SUMMARY.md")


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "src"
    for page in named(SUMMARY):
        put(source, page)
        for to in named(page):
            put(source, to)
    summary = with_index((PROJECT / SUMMARY).read_text(encoding="utf-8"))
    (source / "SUMMARY.md").write_text(re.sub(r"\]\(([^)]*)\)", from_the_top, summary), encoding="utf-8")
    for settings in ("book.toml", "book.css"):
        shutil.copy(PROJECT / "docs" / settings, folder)


def named(page):
    """The files that a page links to."""
    targets = (target.partition("#")[0] for _, target in links.links(PROJECT / page))
    return [Path(os.path.normpath(page.parent / target)) for target in targets if target]


def put(source, path):
    to = source / path.parent / ("index.md" if path.name == "README.md" else path.name)
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".md":
        to.write_text(with_index((PROJECT / path).read_text(encoding="utf-8")), encoding="utf-8")
    else:
        shutil.copy(PROJECT / path, to)


def with_index(text):
    return re.sub(r"\]\(((?:\.\./)*)README\.md", r"](\1index.md", text)


def from_the_top(link):
    return f"]({os.path.normpath(SUMMARY.parent / link[1])})"


if __name__ == "__main__":
    main()
