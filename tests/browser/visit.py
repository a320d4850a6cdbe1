"""One look at one page in one variant."""

import dataclasses

import asking
import behind
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


def visit(page, variant, report_page, findings, without_scripts=None, screenshots=None, is_asked_only=False):
    """Adds what is wrong to `findings`. `without_scripts` is a tab that has none, for a wide window."""

    def add(check, messages):
        for message in messages:
            findings.add(report_page.name, variant.name, check, message)

    address = report_page.file.as_uri()
    with looks.listening(page, address) as messages:
        page.goto(address)
        has_charts = page.locator("figure[data-chart]").count() > 0
        if not is_asked_only:
            for check, seen in looks.look(page, screenshots and screenshots / f"{report_page.name}-{variant.name}.png").items():
                add(check, seen)
        if (ways := WAYS_TO_SORT.get(variant.name)) and not is_asked_only:
            add("links", links.check(page, report_page))
            add("sorting", sorting.check(page, report_page, ways))
            add("presigned", links.check_presigned(page, address))
            if has_charts:
                page.goto(address)
        if variant.name == "light-wide":
            add("behind", behind.check(page, report_page))
            if has_charts:
                without_scripts.goto(address)
                add("without scripts", asking.check_picture(without_scripts))
        if way := WAYS_TO_ASK.get(variant.name):
            asking.check(page, way, lambda message: add("asking", [message]))
        if variant.media == "print":
            add("printed", asking.check_printed(page))
        add("browser", messages)
