"""One look at one page in one variant."""

import dataclasses

import links
import looks
import sorting


@dataclasses.dataclass(frozen=True)
class Variant:
    scheme: str
    width: int
    height: int
    size: str

    @property
    def name(self):
        return f"{self.scheme}-{self.size}"


VARIANTS = [
    Variant(scheme, width, height, size)
    for size, width, height in (("wide", 1280, 800), ("narrow", 360, 740))
    for scheme in ("light", "dark")
]

# Chromium paints nothing below.
HIGHEST_PICTURE = 16_000


def visit(context, variant, report_page, findings, screenshots=None):
    """Adds what is wrong to `findings`."""

    def add(check, messages):
        for message in messages:
            findings.add(report_page.name, variant.name, check, message)

    address = report_page.file.as_uri()
    page = context.new_page()
    try:
        add("browser", looks.open_and_listen(page, address))
        if screenshots:
            picture(page, variant, screenshots / f"{report_page.name}-{variant.name}.png")
        for check, messages in looks.look(page).items():
            add(check, messages)
        if variant.scheme == "light":  # colours neither sort nor lead anywhere
            add("links", links.check(page, report_page))
            add("sorting", sorting.check(page, report_page, by_keys_too=variant.size == "wide"))
            add("presigned", links.check_presigned(page, address))
    finally:
        page.close()


def picture(page, variant, file):
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": variant.width, "height": min(height, HIGHEST_PICTURE)}
    page.screenshot(path=file, full_page=True, clip=clip)
