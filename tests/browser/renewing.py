"""The page of a stack that is up takes in what changes, and leaves what somebody is at.

Its own test is of a small page, whose server is made up: `test`.
"""

import chromium
from samples import LIVE, PAGE_OF_LIVE, SHELL, STYLE
from visit import VARIANTS

ADDRESS = "http://live.invalid/"
PATIENCE_MS = 10_000
# The caption is selected, the table has the focus and is scrolled, and a number is an old one.
BEGIN = """() => {
  const region = document.querySelector("#now [role=region]");
  region.style.width = "40px";
  region.focus();
  region.scrollLeft = 5;
  const caption = region.querySelector("caption").firstChild;
  getSelection().setBaseAndExtent(caption, 0, caption, caption.length);
  document.querySelector("#now dd").textContent = "old";
}"""
IS_RENEWED = "() => document.querySelector('#now dd').textContent !== 'old'"
STATE = """() => {
  const region = document.querySelector("#now [role=region]");
  return { focus: document.activeElement === region, scroll: region.scrollLeft === 5, selection: getSelection().toString().length > 0 };
}"""
FOCUS = "() => document.activeElement.localName"


def check(page, address, patience=PATIENCE_MS):
    """A page that was just loaded. Its last act is that reports are made."""
    page.evaluate(BEGIN)
    page.wait_for_function(IS_RENEWED, timeout=patience)
    yield from (f"the {what} is lost each second" for what, is_kept in page.evaluate(STATE).items() if not is_kept)

    alert = page.get_by_role("alert").filter(has_text="does not answer")
    page.route(f"{address}now", lambda _route: None)
    if not appears(alert, "visible", patience):
        yield "nothing tells that the server hangs"
    page.unroute(f"{address}now")
    if not appears(alert, "hidden", patience):
        yield "it goes on telling that the server does not answer"

    button = page.get_by_role("button", name="Make today's reports")
    button.focus()
    page.keyboard.press("Enter")
    if not appears(page.get_by_role("status").filter(has_text="reports"), "visible", patience):
        yield "nothing tells that the reports are made"
    if page.evaluate(FOCUS) != "button":
        yield "the button loses the focus"


def appears(locator, state, patience):
    try:
        locator.wait_for(state=state, timeout=patience)
    except Exception:
        return False
    return True


DEFECTS = [
    (None, LIVE),
    ("the focus is lost", LIVE.replace("renew(main, fresh.content.firstElementChild)", "main.innerHTML = fresh.content.firstElementChild.innerHTML")),
    ("the selection is lost", LIVE.replace("if (!isSelected(old)) old.data", "old.data").replace("old.isEqualNode(now)", "false")),
    ("nothing tells that the server hangs", LIVE.replace('"/now", { signal: AbortSignal.timeout(PATIENCE_MS) }', '"/now"')),
    ("the button loses the focus", LIVE.replace("event.preventDefault();", "")),
]


def test(browser):
    """What the check missed, or found where nothing is."""
    wrong = []
    for message, script in DEFECTS:
        state = {"asked": 0, "making": False}
        # Quicker than the page of a stack.
        script = script.replace("PAUSE_MS = 1000", "PAUSE_MS = 50").replace("PATIENCE_MS = 3000", "PATIENCE_MS = 300")

        def serve(route):
            path = route.request.url.removeprefix(ADDRESS)
            state["asked"] += 1
            state["making"] = state["making"] or path == "reports"
            now = PAGE_OF_LIVE.format(number=state["asked"], notice="The reports were made" if state["making"] else "")
            gone = '<p class="notice" id="gone" role="alert" data-text="The stack does not answer."></p>'
            body = now if path == "now" else SHELL.format(style=STYLE, body=gone + now, script=script)
            route.fulfill(body=body, content_type="text/html")

        with chromium.tab(browser, VARIANTS[0]) as page:
            page.route(f"{ADDRESS}**", serve)
            page.goto(ADDRESS)
            found = list(check(page, ADDRESS, patience=2_000))
        if not (message in " ".join(found) if message else not found):
            wrong.append(f"of a page where {message or 'nothing is wrong'}: {found}")
    return wrong
