"""Charts can be asked: what the pointer, a finger or the keys are at is told, and it is what the page has the numbers of.

What is expected is read here once more from the JSON in the page, which `behind.py` compares with the report's own numbers.
"""

from playwright.sync_api import TimeoutError

import behind

TIP = """() => {
  const tip = document.querySelector(".tip");
  if (!tip || tip.hidden) return null;
  const { left, right, top, bottom } = tip.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  return {
    head: tip.querySelector(".head").textContent,
    lines: [...tip.querySelectorAll(".line")].map((line) => [line.querySelector("bdi")?.textContent ?? "", line.querySelector(".value").textContent]),
    isInside: left >= 0 && right <= clientWidth && top >= 0 && bottom <= clientHeight,
    size: `${Math.round(left)}..${Math.round(right)} of ${clientWidth}, ${Math.round(top)}..${Math.round(bottom)} of ${clientHeight}`,
  };
}"""
FOCUS = """(element) => document.activeElement === element && getComputedStyle(element).outlineStyle !== "none" """
SCROLL = """(element) => element.scrollIntoView({ block: "center" })"""
RECTS = """(host) => {
  const svg = [...host.querySelectorAll("svg")].find((each) => each.getClientRects().length > 0);
  return [...svg.querySelectorAll("rect:not(.pointed)")].map((rect) => rect.getBoundingClientRect()).map(({ x, y, width, height }) => [x + width / 2, y + height / 2]);
}"""
# In one task: the page scrolls, as it does for Tab, and a key is pressed before the event of the scroll has come.
KEY_AFTER_SCROLL = """(element) => {
  element.scrollIntoView({ block: "start" });
  scrollBy(0, scrollY > 40 ? -40 : 40);
  element.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true, cancelable: true }));
}"""
# A chart that is asked has time to draw: the library does it in the next frame.
SETTLED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Asked:
    """One chart of a page, and what is wrong with it."""

    def __init__(self, page, figure, data):
        self.page, self.figure, self.data, self.messages = page, figure, data, []

    def wrong(self, message):
        self.messages.append(f"{self.figure.locator('figcaption').inner_text().splitlines()[0]}: {message}")

    def tip(self):
        self.page.evaluate(SETTLED)
        return self.page.evaluate(TIP)

    def expect(self, action, head, lines):
        tip = self.tip()
        if tip is None:
            self.wrong(f"after {action} nothing is told")
        elif (tip["head"], tip["lines"]) != (head, lines):
            self.wrong(f"after {action} it tells {tip['head']!r} {tip['lines']} and not {head!r} {lines}")
        elif not tip["isInside"]:
            self.wrong(f"after {action} what is told leaves the window: {tip['size']}")
        return tip

    def told(self):
        return self.page.locator(".told").text_content()

    def scroll_to(self, host):
        """What is told ends when the page scrolls, which it says in the next frame."""
        host.evaluate(SCROLL)
        self.page.evaluate(SETTLED)

    def at(self, host, across, down, act):
        self.scroll_to(host)
        box = host.bounding_box()
        act(box["x"] + box["width"] * across, box["y"] + box["height"] * down)


def check(page, way):
    """`way` is "mouse" or "touch"."""
    messages = []
    for figure in page.locator("figure[data-chart]").all():
        data = behind.read(page, figure)
        asked = Asked(page, figure, data)
        if data["marks"]:
            _marks(asked, way)
        elif data["traces"]:
            _traces(asked, way)
        else:
            asked.wrong("the page has no numbers of it")
        messages += asked.messages
    return messages


def _marks(asked, way):
    host = asked.figure.locator(".ask")
    if host.count() != 1:
        asked.wrong("it cannot be asked")
        return
    marks = asked.data["marks"]
    for place in {0, len(marks) // 2, len(marks) - 1}:
        asked.scroll_to(host)
        mark = marks[place]
        x, y = host.evaluate(RECTS)[sum(earlier.shapes for earlier in marks[:place])]
        if way == "touch":
            asked.page.touchscreen.tap(x, y)
        else:
            asked.page.mouse.move(x, y)
        asked.expect(f"{way} at {mark.label!r}", mark.label, mark.lines)
    if way == "mouse":
        _keys(asked, host, [(mark.label, mark.lines) for mark in marks])


def _keys(asked, host, answers):
    """Tab gets there, arrows step, and a screen reader hears it."""
    page = asked.page
    # A pointer that rests on a chart is told something as soon as the page scrolls under it.
    page.mouse.move(0, 0)
    asked.scroll_to(host)
    host.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    if not host.evaluate(FOCUS):
        asked.wrong("Tab does not get to it, or nothing shows that it did")
    last = len(answers) - 1
    for key, place in (("End", last), ("ArrowLeft", max(last - 1, 0)), ("Home", 0), ("ArrowRight", min(1, last))):
        page.keyboard.press(key)
        head, lines = answers[place]
        asked.expect(key, head, lines)
        parts = [head, *(" ".join(filter(None, line)) for line in lines)]
        if asked.told() != ", ".join(parts):
            asked.wrong(f"after {key} a screen reader hears {asked.told()!r}")
    host.evaluate(KEY_AFTER_SCROLL)
    asked.expect("a key just after a scroll", *answers[last])
    page.keyboard.press("Escape")
    if asked.tip() is not None:
        asked.wrong("Escape does not end it")


def _traces(asked, way):
    stage = asked.figure.locator(".stage")
    if stage.count() != 1:
        asked.wrong("it cannot be asked")
        return
    try:
        # The library draws once it knows how large it is.
        stage.locator("canvas:visible").first.wait_for()
    except TimeoutError:
        asked.wrong("nothing is drawn that can be zoomed")
        return
    options = asked.figure.locator("select option").all_text_contents()
    labels = sorted(trace.label for trace in asked.data["traces"])
    if sorted(options[1:] if asked.data["kind"] == "together" else options) != labels:
        asked.wrong(f"what can be chosen is not what the page has: {options} and not {labels}")
    absent = asked.data["rows"] - len(labels)
    if absent > 0 and f"{len(labels)} of {asked.data['rows']} symbols can be chosen" not in asked.figure.inner_text():
        asked.wrong(f"nothing says that {absent} symbols cannot be chosen")
    if way == "mouse":
        _pointed(asked, stage)
        _zoomed(asked, stage)
    else:
        asked.at(stage, 0.4, 0.5, asked.page.touchscreen.tap)
        if asked.tip() is None:
            asked.wrong("a finger is told nothing")
        elif not asked.tip()["isInside"]:
            asked.wrong(f"what a finger is told leaves the window: {asked.tip()['size']}")
    # The last that can be chosen is seldom one that the picture shows.
    select = asked.figure.locator("select")
    select.select_option(options[-1])
    chosen = max((trace for trace in asked.data["traces"] if trace.label == options[-1]), key=lambda trace: len(trace.at))
    if way == "mouse":
        _keys(asked, stage, chosen.answers)
        _panels(asked)
    select.select_option(index=0)


def _pointed(asked, stage):
    answers = dict(asked.data["answers"])
    seen = []
    for across in (0.25, 0.6):
        asked.at(stage, across, 0.5, asked.page.mouse.move)
        tip = asked.tip()
        if tip is None:
            asked.wrong("the pointer is told nothing")
            return
        asked.expect("the pointer", tip["head"], answers.get(tip["head"]))
        seen.append(list(answers).index(tip["head"]) if tip["head"] in answers else -1)
    if len(answers) > 4 and not 0 <= seen[0] < seen[1]:
        asked.wrong(f"the pointer further to the right is not told of a later time: {seen}")


def _zoomed(asked, stage):
    page, figure = asked.page, asked.figure
    shown = figure.locator(".shown")
    whole = shown.text_content()
    if asked.data["points"] < 12:
        return
    button = lambda name: figure.get_by_role("button", name=name, exact=True)

    def does(action, is_whole, act):
        before = shown.text_content()
        act()
        page.evaluate(SETTLED)
        after = shown.text_content()
        if (after == whole) != is_whole or (not is_whole and after == before):
            asked.wrong(f"after {action} it shows {after!r}, before {before!r}, whole {whole!r}")

    def wheel(delta):
        asked.at(stage, 0.5, 0.5, page.mouse.move)
        page.mouse.wheel(0, delta)
        page.wait_for_timeout(50)

    def drag():
        asked.at(stage, 0.6, 0.5, page.mouse.move)
        page.mouse.down()
        asked.at(stage, 0.4, 0.5, lambda x, y: page.mouse.move(x, y, steps=4))
        page.mouse.up()

    asked.scroll_to(stage)
    does("Zoom in", False, button("Zoom in").click)
    does("Earlier", False, button("Earlier").click)
    does("a drag", False, drag)
    does("Show all", True, button("Show all").click)
    asked.at(stage, 0.5, 0.5, page.mouse.click)
    does("the wheel", False, lambda: wheel(-300))
    does("the key 0", True, lambda: stage.press("0"))
    does("the key +", False, lambda: stage.press("+"))
    does("Show all", True, button("Show all").click)


def _panels(asked):
    """The small pictures are of the first rows, and can be asked too."""
    hosts = asked.figure.locator(".panels .ask").all()
    for host, trace in list(zip(hosts, asked.data["traces"]))[:: max(len(hosts) - 1, 1)]:
        _keys(asked, host, trace.answers)
        asked.at(host, 0.9, 0.5, asked.page.mouse.move)
        tip = asked.tip()
        if tip is None or (tip["head"], tip["lines"]) not in trace.answers:
            asked.wrong(f"the pointer on the small picture of {trace.label!r} is told {tip}")


def check_picture(page):
    """What is printed, and what is seen without scripts, is the picture alone."""
    for figure in page.locator("figure[data-chart]").all():
        name = figure.locator("figcaption").inner_text().splitlines()[0]
        if not any(svg.is_visible() for svg in figure.locator(".picture svg").all()):
            yield f"{name}: the picture is not there"
        if any(part.is_visible() for part in figure.locator(".explorer").all()):
            yield f"{name}: what only a script can use is there"
