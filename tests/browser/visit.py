"""One look at one page in one variant."""

import dataclasses

import asking
import behind
import chromium
import links
import looks
import sorting


@dataclasses.dataclass(frozen=True)
class Variant:
    name: str
    scheme: str
    width: int
    height: int
    media: str = "screen"


# A4 between the margins that browsers leave is 718 px wide.
VARIANTS = [
    Variant("light-wide", "light", 1280, 800),
    Variant("dark-wide", "dark", 1280, 800),
    Variant("light-narrow", "light", 360, 740),
    Variant("dark-narrow", "dark", 360, 740),
    Variant("print", "light", 718, 1046, "print"),
]

# Where anything is clicked at all: neither a dark page nor a printed one leads elsewhere.
WAYS_TO_SORT = {"light-wide": (sorting.by_mouse, sorting.by_keys), "light-narrow": (sorting.by_touch,)}

WAYS_TO_ASK = {"light-wide": "mouse", "light-narrow": "touch"}

# Chromium paints nothing below.
HIGHEST_PICTURE = 16_000


def visit(page, variant, report_page, findings, screenshots=None):
    """Adds what is wrong to `findings`."""

    def add(check, messages):
        for message in messages:
            findings.add(report_page.name, variant.name, check, message)

    address = report_page.file.as_uri()
    with looks.listening(page, address) as messages:
        page.goto(address)
        if screenshots:
            picture(page, variant, screenshots / f"{report_page.name}-{variant.name}.png")
        for check, seen in looks.look(page).items():
            add(check, seen)
        if ways := WAYS_TO_SORT.get(variant.name):
            add("links", links.check(page, report_page))
            add("sorting", sorting.check(page, report_page, ways))
            add("presigned", links.check_presigned(page, address))
            page.goto(address)
            add("asking", asking.check(page, WAYS_TO_ASK[variant.name]))
        if variant.name == "light-wide":
            add("behind", behind.check(page, report_page))
            with chromium.tab(page.context.browser, variant, has_scripts=False) as without:
                without.goto(address)
                add("without scripts", asking.check_picture(without))
        if variant.media == "print":
            add("printed", asking.check_picture(page))
        add("browser", messages)


def picture(page, variant, file):
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": variant.width, "height": min(height, HIGHEST_PICTURE)}
    page.screenshot(path=file, full_page=True, clip=clip)
