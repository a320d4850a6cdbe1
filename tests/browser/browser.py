"""Opens every report page in a headless Chromium, dark and light, narrow and wide and as printed, and says what a reader would stumble over.

    browser.py REPORTS SCREENSHOTS

REPORTS is the lake's `reports/` as a folder: `index.html` and `<report>/dt=YYYY-MM-DD/report.html`. A picture of each page in each
variant is left in SCREENSHOTS for a person to look at. First the checks themselves are put to pages with one known defect each: a
check that misses its defect fails too. The exit code is 0 only when nothing was found.
"""

import os
import pathlib
import signal
import sys
import time

from playwright.sync_api import Error

import chromium
import self_test
from findings import Findings
from pages import find_pages
from visit import VARIANTS, visit

# Many times what is needed, for a machine that builds at the same time.
LIMIT_SECONDS = 400
LIMIT_SECONDS_PER_PAGE = 30


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    reports, screenshots = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    pages = find_pages(reports)
    if not pages:
        sys.exit(f"{reports}: no index.html and no <report>/dt=YYYY-MM-DD/report.html in it; are the reports made and copied there?")
    limit_time(LIMIT_SECONDS + LIMIT_SECONDS_PER_PAGE * len(pages))
    screenshots.mkdir(parents=True, exist_ok=True)
    for variant in VARIANTS:
        for older in screenshots.glob(f"*-{variant.name}.png"):
            older.unlink()

    start = time.monotonic()
    with chromium.started() as browser:
        missed = self_test.run(browser)
        if missed:
            sys.exit("the checks of the pages are wrong themselves:\n" + "\n".join(missed))
        findings = Findings()
        if not (reports / "index.html").is_file():
            findings.add("index", "", "links", f"{reports}/index.html is missing")
        for variant in VARIANTS:
            with chromium.tab(browser, variant) as page, chromium.tab(browser, variant, has_scripts=False) as without_scripts:
                for report_page in pages:
                    try:
                        visit(page, variant, report_page, findings, without_scripts, screenshots)
                    except Error as error:
                        sys.exit(f"{report_page.name}: the browser gave up in {variant.name}: {error.message.splitlines()[0]}")

    for line in findings.lines():
        print(line)
    looked_at = f"{len(pages)} pages in {len(VARIANTS)} variants, {time.monotonic() - start:.0f} s; screenshots: {os.path.relpath(screenshots)}"
    sys.exit(f"{len(findings)} findings on {looked_at}" if findings else print(f"nothing found on {looked_at}"))


def limit_time(seconds):
    """A script of a page that never ends would hold the test for ever. The browser ends with this process."""

    def give_up(_number, _frame):
        print(f"the pages were not done within {seconds} s; a page's script may never end", file=sys.stderr, flush=True)
        os._exit(1)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)


if __name__ == "__main__":
    main()
