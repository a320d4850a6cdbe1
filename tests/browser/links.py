"""Where the links of a page lead."""

import urllib.parse
import urllib.request
import pathlib

READ = "() => [...document.querySelectorAll('a[href]')].map((link) => ({ written: link.getAttribute('href'), address: link.href, text: link.textContent.trim() }))"
SHOWN = "() => [...document.querySelectorAll('a.beside')].filter((link) => link.checkVisibility()).map((link) => link.textContent.trim())"
HAS_ID = "(id) => document.getElementById(id) !== null"


def check(page, report_page):
    messages, targets = [], set()
    for link in page.evaluate(READ):
        address = urllib.parse.urlsplit(link["address"])
        if address.scheme != "file":
            continue
        target = pathlib.Path(urllib.request.url2pathname(address.path))
        targets.add(target)
        if not target.is_relative_to(report_page.root):
            messages.append(f"the link {link['text']!r} to {link['written']!r} leaves the folder of the reports")
        elif not target.is_file():
            messages.append(f"the link {link['text']!r} to {link['written']!r} leads to no file: {target}")
        elif address.fragment and target == report_page.file and not page.evaluate(HAS_ID, address.fragment):
            messages.append(f"the link {link['text']!r} to {link['written']!r} leads to no element")
    if report_page.is_index:
        made = sorted(report_page.root.glob("*/dt=*/report.html"))
        messages += [f"no link to the page {file.relative_to(report_page.root)}" for file in made if file not in targets]
    return messages


def check_presigned(page, address):
    """A presigned link lets a reader see this page only: links to what lies beside it would be refused."""
    if page.locator("a.beside").count() == 0:
        return []
    page.goto(f"{address}?X-Amz-Signature=0")
    return [f"opened by a presigned link, the page still shows the link {text!r}" for text in page.evaluate(SHOWN)]
