"""What can be seen of a page as it is: the checks in JavaScript, run inside it."""

import contextlib
import pathlib

HERE = pathlib.Path(__file__).parent
TOOLS = (HERE / "tools.js").read_text()
CHECKS = {name: (HERE / f"{name}.js").read_text() for name in ("layout", "contrast", "names")}


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


def look(page):
    """Messages by check. Folded parts are opened, and the window is made as high as the page: what is outside cannot be hit."""
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], page.evaluate("document.documentElement.scrollHeight"))})
    messages = {name: page.evaluate(f"(\n{check})((\n{TOOLS})())") for name, check in CHECKS.items()}
    page.set_viewport_size(size)
    return messages

