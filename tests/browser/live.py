"""Looks at the page of a stack that is up, as a person would: it goes on by itself, has the reports made, and leads to them.

    live.py URL LANDED REJECTED SCREENSHOTS

The exit code is 0 only when the page says that so many records landed and were rejected, and nothing is wrong on it.
"""

import pathlib
import re
import sys

import chromium
import looks
import renewing
from visit import VARIANTS

# Reports are queries on an emulator, beside whatever else the machine does.
REPORTS_LIMIT_MS = 180_000


def fact(page, name):
    return page.locator(".facts div", has=page.get_by_text(name, exact=True)).locator("dd")


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    address, landed, rejected = sys.argv[1:4]
    screenshots = pathlib.Path(sys.argv[4])
    screenshots.mkdir(parents=True, exist_ok=True)
    wrong = []
    with chromium.started(local=True) as browser:
        if missed := renewing.test(browser):
            sys.exit("the checks of the page are wrong themselves:\n" + "\n".join(missed))
        for variant in VARIANTS[:4]:
            with chromium.tab(browser, variant) as page, looks.listening(page, address) as messages:
                page.goto(address)
                fact(page, "Landed").filter(has_text=re.compile(f"^{landed}$")).wait_for()
                fact(page, "Rejected").filter(has_text=re.compile(f"^{rejected}$")).wait_for()
                fact(page, "Waiting on the topic").filter(has_text=re.compile("^0$")).wait_for()
                if page.locator("tbody tr").count() < 1:
                    wrong.append(f"{variant.name}: no partition")
                if page.get_by_text("Why records were rejected").count() != 1:
                    wrong.append(f"{variant.name}: no reason")
                for check, seen in looks.look(page).items():
                    wrong.extend(f"{variant.name}: {check}: {one}" for one in seen)
                page.screenshot(path=screenshots / f"live-{variant.name}.png", full_page=True)
                # What it asks for each second, which the end of the visit may cut off.
                wrong.extend(f"{variant.name}: {message}" for message in messages if f"{address}now" not in message)
        with chromium.tab(browser, VARIANTS[0]) as page:
            page.goto(address)
            wrong.extend(renewing.check(page, address))
            page.get_by_role("link", name="all reports").wait_for(timeout=REPORTS_LIMIT_MS)
            page.get_by_role("link", name="all reports").click()
            page.get_by_role("heading", level=1).wait_for()
            page.get_by_role("link", name=re.compile("Market summary")).first.click()
            if "/reports/market-summary/dt=" not in page.url:
                wrong.append(f"the index leads to {page.url}")
            if "Market summary" not in page.get_by_role("heading", level=1).inner_text():
                wrong.append("the report is not shown")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
