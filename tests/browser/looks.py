"""What can be seen of a page as it is: the checks in JavaScript, run inside it."""

import contextlib
import pathlib

HERE = pathlib.Path(__file__).parent
TOOLS = (HERE / "tools.js").read_text()
CHECKS = {name: (HERE / f"{name}.js").read_text() for name in ("layout", "contrast", "names")}

# Chromium paints nothing below.
HIGHEST_PICTURE = 16_000


@contextlib.contextmanager
def listening(page, address):
    """Yields a list that grows: errors of the page, and whatever it asks for besides itself."""
    messages = []
    listeners = {
        "console": lambda message: message.type == "error" and messages.append(f"console error: {message.text}"),
        "pageerror": lambda error: messages.append(f"a script failed: {error.message}"),
        "request": lambda request: is_other(request, address) and messages.append(f"a request: {request.url}; the page must hold all it needs"),
        "requestfailed": lambda request: messages.append(f"a request failed: {request.url}: {request.failure}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        yield messages
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


def is_other(request, address):
    return request.url.split("?")[0] != address and not request.url.startswith("data:")


OPENED = """() => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  return document.documentElement.scrollHeight;
}"""
ALL = f"() => {{ const tools = (\n{TOOLS})(); return {{ {', '.join(f'{name}: ({check})(tools)' for name, check in CHECKS.items())} }}; }}"


def look(page, screenshot=None):
    """Messages by check. Folded parts are opened, and the window is made as high as the page: what is outside cannot be hit."""
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], page.evaluate(OPENED))})
    messages = page.evaluate(ALL)
    if screenshot:
        picture(page, screenshot)
    page.set_viewport_size(size)
    return messages


def picture(page, file):
    """Of a window that is as high as its page: it need not be laid out once more."""
    size = page.viewport_size
    page.screenshot(path=file, clip={"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], HIGHEST_PICTURE)})

