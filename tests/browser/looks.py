"""What can be seen of a page as it is: the checks in JavaScript, run inside it."""

import pathlib

HERE = pathlib.Path(__file__).parent
TOOLS = (HERE / "tools.js").read_text()
CHECKS = {name: (HERE / f"{name}.js").read_text() for name in ("layout", "contrast", "names")}


def open_and_listen(page, address):
    """Errors of the page, and whatever it asks for besides itself; a list that grows while the page is open."""
    messages = []
    page.on("console", lambda message: message.type == "error" and messages.append(f"console error: {message.text}"))
    page.on("pageerror", lambda error: messages.append(f"a script failed: {error.message}"))
    page.on("request", lambda request: is_other(request, address) and messages.append(f"a request: {request.url}; the page must hold all it needs"))
    page.on("requestfailed", lambda request: messages.append(f"a request failed: {request.url}: {request.failure}"))
    page.goto(address)
    return messages


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

