"""Charts can be asked: what the pointer, a finger or the keys are at is told, and it is what the page has the numbers of.

What is expected is read here once more from the JSON in the page, which `behind.py` compares with the report's own numbers.
"""

from playwright.sync_api import TimeoutError

import behind
import chromium

# A chart that is asked has time to draw: the library does it in the next frame. What is asked of the page comes with the same answer.
SETTLED = "await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));"
# What is told ends when the page scrolls, which it says in the next frame.
SCROLLED = f"""const before = [scrollX, scrollY].join();
  element.scrollIntoView({{ block: "center" }});
  if ([scrollX, scrollY].join() !== before) {SETTLED}"""
TIP = f"""async () => {{ {SETTLED}""" + """
  const tip = document.querySelector(".tip");
  if (!tip || tip.hidden) return null;
  const { left, right, top, bottom } = tip.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  return {
    head: tip.querySelector(".head").textContent,
    lines: [...tip.querySelectorAll(".line")].map((line) => [line.querySelector("bdi")?.textContent ?? "", line.querySelector(".value").textContent]),
    told: document.querySelector(".told").textContent,
    isInside: left >= 0 && right <= clientWidth && top >= 0 && bottom <= clientHeight,
    size: `${Math.round(left)}..${Math.round(right)} of ${clientWidth}, ${Math.round(top)}..${Math.round(bottom)} of ${clientHeight}`,
  };
}"""
FOCUS = """(element) => document.activeElement === element && getComputedStyle(element).outlineStyle !== "none" """
SCROLL = f"async (element) => {{ {SCROLLED}" + """
  const { x, y, width, height } = element.getBoundingClientRect();
  return { x, y, width, height };
}"""
RECTS = f"async (element) => {{ {SCROLLED}" + """
  const svg = [...element.querySelectorAll("svg")].find((each) => each.getClientRects().length > 0);
  return [...svg.querySelectorAll("rect:not(.pointed)")].map((rect) => rect.getBoundingClientRect()).map(({ x, y, width, height }) => [x + width / 2, y + height / 2]);
}"""
KEY = """(element) => element.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true, cancelable: true }))"""
# In one task: the page scrolls, as it does for Tab, and a key is pressed before the event of the scroll has come.
KEY_AFTER_SCROLL = """(element) => {
  element.scrollIntoView({ block: "start" });
  scrollBy(0, scrollY > 40 ? -40 : 40);
  element.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true, cancelable: true }));
}"""
TEXT = f"async (element) => {{ {SETTLED} return element.textContent; }}"
LEFT = f"""async () => {{ {SETTLED}""" + """
  const { scrollWidth, clientWidth } = document.documentElement;
  return { outlines: document.querySelectorAll(".pointed, .pointer").length, tip: !document.querySelector(".tip").hidden, sideways: scrollWidth - clientWidth };
}"""
# The smallest window that a page is asked to fit, which is a desktop at 400 %: WCAG 2.2, 1.4.10.
SMALLEST = {"width": 320, "height": 256}


class Asked:
    """One chart of a page, and where what is wrong with it is said."""

    def __init__(self, page, figure, data, report):
        self.page, self.figure, self.data, self.report = page, figure, data, report
        self.host = figure.locator(".ask" if data["marks"] else ".stage")

    def wrong(self, message):
        self.report(f"{self.figure.locator('figcaption').inner_text().splitlines()[0]}: {message}")

    def tip(self):
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

    def shown(self):
        """Which dates the chart says that it shows, if it is one that can be zoomed."""
        return self.figure.locator(".shown").evaluate(TEXT) if self.data["traces"] else ""

    def at(self, host, across, down, act):
        box = host.evaluate(SCROLL)
        act(box["x"] + box["width"] * across, box["y"] + box["height"] * down)


def check(page, way, report):
    """`way` is "mouse" or "touch"; `report` takes each message at once."""
    charts = [Asked(page, figure, behind.read(page, figure), report) for figure in page.locator("figure[data-chart]").all()]
    for asked in charts:
        if asked.data["marks"]:
            _marks(asked, way)
        elif asked.data["traces"]:
            _traces(asked, way)
        else:
            asked.wrong("the page has no numbers of it")
    charts = [asked for asked in charts if asked.host.count() == 1]
    if charts:
        _smallest(page, charts)
    zoomed = [asked for asked in charts if asked.data["traces"]]
    if way == "mouse" and zoomed:
        _back(page, zoomed[0])


def _smallest(page, charts):
    """Where least fits, and what becomes of it when the window is another."""
    size = page.viewport_size
    for asked in charts:
        asked.at(asked.host, 0.5, 0.5, page.mouse.click)
    page.mouse.move(0, 0)
    wholes = [asked.shown() for asked in charts]
    chromium.resize(page, SMALLEST)
    try:
        for asked, whole in zip(charts, wholes):
            if asked.shown() != whole:
                asked.wrong(f"in a smaller window it shows {asked.shown()!r} and not {whole!r}")
            asked.host.focus()
            page.keyboard.press("End")
            tip = asked.tip()
            if tip is None or not tip["isInside"]:
                asked.wrong(f"in the smallest window what is told leaves it: {tip and tip['size']}")
    finally:
        chromium.resize(page, size)
    left = page.evaluate(LEFT)
    if left["outlines"] or left["tip"] or left["sideways"] > 0:
        charts[-1].wrong(f"after the window has become another, what was told is left: {left}")


def _back(page, asked):
    """Whoever comes back sees what the list says."""
    select = asked.figure.locator("select")
    select.select_option(index=select.locator("option").count() - 1)
    page.goto("about:blank")
    page.go_back()
    label = select.evaluate("(select) => select.selectedOptions[0].label")
    asked.host.focus()
    page.keyboard.press("End")
    tip = asked.tip()
    traces = [trace for trace in asked.data["traces"] if trace.label == label]
    answers = [answer for trace in traces for answer in trace.answers[-1:]] or asked.data["answers"][-1:]
    if tip is None or (tip["head"], tip["lines"]) not in answers:
        asked.wrong(f"after a way back the list says {label!r}, and the chart tells {tip and tip['head']!r}")


def _marks(asked, way):
    host = asked.host
    if host.count() != 1:
        asked.wrong("it cannot be asked")
        return
    marks = asked.data["marks"]
    for place in {0, len(marks) // 2, len(marks) - 1}:
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
    host.evaluate(SCROLL)
    host.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    if not host.evaluate(FOCUS):
        asked.wrong("Tab does not get to it, or nothing shows that it did")
    last = len(answers) - 1
    for key, place in (("End", last), ("ArrowLeft", max(last - 1, 0)), ("Home", 0), ("ArrowRight", min(1, last))):
        page.keyboard.press(key)
        head, lines = answers[place]
        tip = asked.expect(key, head, lines)
        parts = [head, *(" ".join(filter(None, line)) for line in lines)]
        if tip and tip["told"] != ", ".join(parts):
            asked.wrong(f"after {key} a screen reader hears {tip['told']!r}")
    host.evaluate(KEY_AFTER_SCROLL)
    asked.expect("a key just after a scroll", *answers[last])
    page.keyboard.press("Escape")
    if asked.tip() is not None:
        asked.wrong("Escape does not end it")


def _traces(asked, way):
    stage = asked.host
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
        tip = asked.tip()
        if tip is None:
            asked.wrong("a finger is told nothing")
        elif not tip["isInside"]:
            asked.wrong(f"what a finger is told leaves the window: {tip['size']}")
        # Where it is: a scroll would end it, too.
        box = asked.figure.locator("figcaption").bounding_box()
        asked.page.touchscreen.tap(box["x"] + 1, box["y"] + 1)
        if asked.tip() is not None:
            asked.wrong("a finger elsewhere does not end it")
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
    whole = asked.shown()
    first, last = (asked.data["answers"][place][0].split(", ")[-1] for place in (0, -1))
    if whole != f"{first} to {last}":
        asked.wrong(f"all of it is from {first} to {last}, and it says {whole!r}")
    if asked.data["points"] < 12:
        return
    button = lambda name: lambda: asked.at(figure.get_by_title(name), 0.5, 0.5, page.mouse.click)
    before = whole

    def does(action, is_whole, act):
        nonlocal before
        act()
        after = asked.shown()
        if (after == whole) != is_whole or (not is_whole and after == before):
            asked.wrong(f"after {action} it shows {after!r}, before {before!r}, whole {whole!r}")
        before = after

    def wheel(delta):
        asked.at(stage, 0.5, 0.5, page.mouse.move)
        page.mouse.wheel(0, delta)
        page.wait_for_timeout(50)

    def drag():
        asked.at(stage, 0.6, 0.5, page.mouse.move)
        page.mouse.down()
        asked.at(stage, 0.4, 0.5, lambda x, y: page.mouse.move(x, y, steps=4))
        page.mouse.up()

    does("Zoom in", False, button("Zoom in"))
    does("Earlier", False, button("Earlier"))
    does("a drag", False, drag)
    does("Show all", True, button("Show all"))
    asked.at(stage, 0.5, 0.5, page.mouse.click)
    does("the wheel", False, lambda: wheel(-300))
    does("the key 0", True, lambda: page.keyboard.press("0"))
    page.keyboard.press("Home")
    does("the key +", False, lambda: page.keyboard.press("+"))
    tip = asked.expect("Home and +", *asked.data["answers"][0])
    if tip and not tip["told"].startswith(tip["head"]):
        asked.wrong(f"after Home and + it tells {tip['head']!r}, and a screen reader has heard {tip['told']!r}")
    does("Show all", True, button("Show all"))


def _panels(asked):
    """The small pictures are of the first rows, and can be asked too."""
    hosts = asked.figure.locator(".panels .ask").all()
    for host, trace in list(zip(hosts, asked.data["traces"]))[:: max(len(hosts) - 1, 1)]:
        _keys(asked, host, trace.answers)
        asked.at(host, 0.9, 0.5, asked.page.mouse.move)
        tip = asked.tip()
        if tip is None or (tip["head"], tip["lines"]) not in trace.answers:
            asked.wrong(f"the pointer on the small picture of {trace.label!r} is told {tip}")
        asked.page.keyboard.press("Escape")
        if asked.tip() is not None or host.locator(".pointer").count():
            asked.wrong(f"Escape does not end what the pointer asked the small picture of {trace.label!r}")


def check_printed(page):
    """Somebody was just asking."""
    if page.locator(".ask").count():
        page.locator(".ask").first.evaluate(KEY)
    yield from check_picture(page)
    if any(outline.is_visible() for outline in page.locator(".pointed, .pointer").all()):
        yield "the outline of what was asked is there"


def check_picture(page):
    """What is printed, and what is seen without scripts, is the picture alone."""
    for figure in page.locator("figure[data-chart]").all():
        name = figure.locator("figcaption").inner_text().splitlines()[0]
        if not any(svg.is_visible() for svg in figure.locator(".picture svg").all()):
            yield f"{name}: the picture is not there"
        if any(part.is_visible() for part in figure.locator(".explorer").all()):
            yield f"{name}: what only a script can use is there"
