"""Small pages: one that is well, and one for each defect that a check must find.

They wear the reports' own style and sort by the reports' own script, so both are tested here at their edges too.
"""

import dataclasses
import json
import pathlib

PAGE_SOURCES = pathlib.Path(__file__).parents[2] / "functions/report/src"
STYLE = (PAGE_SOURCES / "page.css").read_text() + (PAGE_SOURCES / "page/sort.css").read_text() + (PAGE_SOURCES / "page/ask.css").read_text()
SCRIPT = (PAGE_SOURCES / "page/sort.js").read_text()
ASK = (PAGE_SOURCES / "page/ask.js").read_text()
EXPLORE = (PAGE_SOURCES / "page/explore.js").read_text()
LIBRARY = (PAGE_SOURCES.parent / "vendor/lightweight-charts/lightweight-charts.standalone.production.js").read_text()
LIVE = (PAGE_SOURCES.parents[2] / "local/src/live/page.js").read_text()

SHELL = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>Sample</title><style>{style}</style></head>
<body><header><h1>Sample</h1></header><main>{body}</main><script>{script}</script></body></html>"""

HEADER = '<th scope="col" data-column="0">Symbol</th><th scope="col" class="number" data-column="1">Close <span class="unit">USD</span></th>'


def table(rows, header=HEADER, attributes="data-sortable"):
    """`rows`: symbol, data-sort of the number, the number as shown."""
    cells = "".join(f'<tr><th scope="row" data-sort="{symbol}">{symbol}</th><td class="number" data-sort="{value}">{text}</td></tr>' for symbol, value, text in rows)
    scroll = '<div class="scroll" tabindex="0" role="region" aria-label="All rows">'
    return f"{scroll}<table {attributes}><thead><tr>{header}</tr></thead><tbody>{cells}</tbody></table></div>"


def chart(inside):
    return f'<figure class="chart"><figcaption>Closes</figcaption><svg role="img" aria-label="Closes" width="300" height="100" viewBox="0 0 300 100">{inside}</svg></figure>'


ROWS = [("HSI", "1234.5", "1,234.50"), ("NYA", "9", "9.00"), ("IXIC", "", "–"), ("GSPTSE", "-20", "−20.00"), ("N225", "9", "9.00")]

GROUPS = (
    '<table data-sortable><thead><tr><th scope="col" rowspan="2" data-column="0">Symbol</th><th class="group" colspan="2" scope="colgroup">Range</th></tr>'
    '<tr><th scope="col" data-column="1">Low</th><th scope="col" data-column="2">High</th></tr></thead><tbody>'
    '<tr><th scope="row" data-sort="000001.SS">000001.SS</th><td data-sort="2">2</td><td data-sort="2026-01-05">2026-01-05</td></tr>'
    '<tr><th scope="row" data-sort="7203">7203</th><td data-sort="10">10</td><td>–</td></tr></tbody></table>'
)

CLEAN = (
    table(ROWS) + table(ROWS[::-1]) + GROUPS
    + chart('<text x="10" y="20">1 Jan</text><text x="100" y="20">2 Jan</text><polyline points="0,50 300,60" fill="none" stroke="#000001"/>')
    + '<details><summary>How these numbers are made</summary><p>By hand.</p></details><p><a href="#method">Method</a></p><p id="method">This.</p>'
)


# Two charts that can be asked, as page/figure.rs and page/behind.rs write them: two bars, and candles of which one row is drawn.
BARS = {"marks": [["FIRST", 1, [[None, "+2 %"]]], ["LAST", 1, [[None, "−1 %"]]]]}
CANDLES = {
    "title": "Candles", "kind": "candles", "minutes": False, "names": ["open", "high", "low", "close"], "drawn": [0], "panels": [[20000, 20040]], "rows": 2,
    "axes": [[20000] + [1] * 39], "traces": [[name, 0, 2, [[1000] + [7, -3] * 19 + [7], [1010] + [7, -3] * 19 + [7], [990] + [7, -3] * 19 + [7], [1005] + [7, -3] * 19 + [7]]] for name in ("A", "B")],
}


# Its answer is higher than the smallest window.
TALL = {"marks": [["FIRST", 1, [[None, "+2 %"]]], ["LAST", 1, [[None, "−1 %"]] * 14]]}


def asked(charts=(BARS, CANDLES)):
    bars = '<rect x="20" y="10" width="200" height="30" fill="#000400"/><rect x="20" y="50" width="100" height="30" fill="#000500"/>'
    picture = '<div class="picture" role="img" aria-label="{}"><svg style="width:100%;height:auto" viewBox="0 0 360 200">{}</svg></div>'
    panel = f'<div class="panel"><p class="name"><bdi class="whole">A</bdi></p>{picture.format("A", "")}</div>'
    data = json.dumps(charts).replace("<", "\\u003c")
    return (
        # Something that Tab comes from, as on each page: out of the page and in again takes a browser some time.
        f'<p tabindex="0">Charts</p><figure class="chart" data-chart="0"><figcaption>Bars</figcaption>{picture.format("Bars", bars)}</figure>'
        f'<figure class="chart" data-chart="1"><figcaption>Candles</figcaption><div class="panels">{panel}</div></figure>'
        f'<script type="application/json" id="charts">{data}</script><script>{SCRIPT}</script>'
    )


def scripts(ask=ASK, explore=EXPLORE):
    return f"{ask}</script><script>{LIBRARY}</script><script>{explore}"


# What changes of the page of a stack that is up, as local/src/live/page.rs writes it.
PAGE_OF_LIVE = (
    '<main id="now"><dl class="facts"><div><dt>Landed</dt><dd>{number}</dd></div></dl><div></div><div role="status">{notice}</div>'
    '<div class="scroll" tabindex="0" role="region" aria-label="Partitions"><table><caption>Partitions, by offset</caption>'
    '<tbody><tr><th scope="row">0</th><td class="number">{number}</td></tr></tbody></table></div>'
    '<form method="post" action="/reports"><button aria-disabled="false">Make today\'s reports</button></form></main>'
)


def without(script, *pieces):
    for piece in pieces:
        assert piece in script, f"the script has no {piece}"
        script = script.replace(piece, "")
    return script


@dataclasses.dataclass(frozen=True)
class Defect:
    name: str
    check: str
    message: str
    body: str
    script: str = SCRIPT
    variant: str = "light-wide"


# Scripts that sort wrongly.
SORTS_TEXT = SCRIPT.replace("isNumeric ? Number : String", "String")
EMPTY_FIRST = SCRIPT.replace("left.isEmpty - right.isEmpty", "right.isEmpty - left.isEmpty")
NEVER_TURNS = SCRIPT.replace('? "descending" : "ascending"', '? "ascending" : "ascending"')
NO_ARIA = SCRIPT.replace('header.setAttribute("aria-sort", direction);', "")
NO_KEYS = SCRIPT.replace('createElement("button")', 'createElement("span")')

DEFECTS = [
    Defect("a table wider than a phone", "layout", "the page scrolls sideways", '<p style="width:1500px">Wide</p>'),
    Defect("a line wider than a phone alone", "layout", "the page scrolls sideways", '<p style="white-space:nowrap">A line that a desktop shows whole and a phone does not</p>', variant="dark-narrow"),
    Defect("a table wider than paper", "layout", "the page scrolls sideways", '<div class="scroll"><p style="width:950px">Wide</p></div>', variant="print"),
    Defect("a region that scrolls and takes no key", "layout", "no key gets there", '<div style="overflow-x:auto"><p style="width:2000px">Wide</p></div>'),
    Defect("clipped text", "layout", "is clipped by", '<div style="overflow:hidden;width:80px"><span style="display:inline-block;white-space:nowrap">A long text that is cut</span></div>'),
    Defect("text cut by its height", "layout", "leaves its box", '<p style="height:10px">Text</p>'),
    Defect("a word wider than its card", "layout", "leaves its box", '<p style="width:60px">Supercalifragilistic</p>'),
    Defect("a symbol in two lines", "layout", "goes on in another line", '<p style="width:60px;overflow-wrap:anywhere">000001.SS</p>'),
    Defect("tiny text", "layout", "px small", '<p style="font-size:7px">Tiny</p>'),
    Defect("labels on one another", "layout", "labels overlap", chart('<text x="10" y="20">1 January</text><text x="30" y="22">2 January</text>')),
    Defect("labels without a gap", "layout", "nearly touch", chart('<text x="100" y="20" text-anchor="end">1 Jan</text><text x="101" y="20">2 Jan</text>')),
    Defect("a label outside of its chart", "layout", "leaves its chart", chart('<text x="280" y="20">1 January</text>')),
    Defect("a line outside of its chart", "layout", "leaves its chart", chart('<line x1="10" x2="320" y1="5" y2="5" stroke="#000001"/>')),
    Defect("texts on one another", "layout", "texts overlap", '<p>First</p><p style="margin-top:-20px">Second</p>'),
    Defect("cards on one another", "layout", "boxes overlap", '<figure style="height:60px"></figure><figure style="margin-top:-30px;height:60px"></figure>'),
    Defect("grey on white and on black", "contrast", "has a contrast of", '<p style="color:#808080b0">Faint</p>'),
    Defect("a label on a bar of nearly its colour", "contrast", "has a contrast of", chart('<rect x="0" y="0" width="200" height="60" fill="#8894a0"/><text x="10" y="30">Bar</text>')),
    Defect("a label on a half transparent square", "contrast", "has a contrast of", chart('<rect width="80" height="60" opacity="0.5" fill="#c0262d"/><text x="10" y="30">0.9</text>')),
    Defect("text on a gradient", "contrast", "picture or gradient", '<p style="background-image:linear-gradient(red,blue)">Colourful</p>'),
    Defect("half transparent text", "contrast", "has a contrast of", '<p style="opacity:.4">Faint</p>'),
    Defect("a colour that is good on white alone", "contrast", "has a contrast of", '<p style="color:#5b3a29">Brown</p>', variant="dark-wide"),
    Defect("a second h1", "names", "2 h1", "<h1>Again</h1>"),
    Defect("a drawing without a name", "names", "a drawing has no name", '<svg width="20" height="20"><rect width="9" height="9"/></svg>'),
    Defect("a picture without alt", "names", "has no alt", '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'),
    Defect("an id used twice", "names", "several elements", '<p id="a">One</p><p id="a">Two</p>'),
    Defect("an error on the console", "browser", "console error", '<script>console.error("no data")</script>'),
    Defect("a script that fails", "browser", "a script failed", "<script>nothing.here()</script>"),
    Defect("a picture from elsewhere", "browser", "a request", '<img alt="Logo" width="9" height="9" src="https://example.com/logo.png">'),
    Defect("a style from a file beside it", "browser", "a request", '<link rel="stylesheet" href="missing.css">'),
    Defect("a link to no file", "links", "leads to no file", '<a href="report.csv">CSV</a>'),
    Defect("a link to no element", "links", "leads to no element", '<a href="#nowhere">Method</a>'),
    Defect("a link out of the reports", "links", "leaves the folder", '<a href="../../../../x.html">Up</a>'),
    Defect("a table that is not sortable", "sorting", "cannot be sorted", table(ROWS, attributes="")),
    Defect("a header without a column", "sorting", "data-column", table(ROWS, header="<th data-column=0>Symbol</th><th>Close</th>")),
    Defect("numbers sorted as text", "sorting", "not ascending", table(ROWS), SORTS_TEXT),
    Defect("nulls first", "sorting", "not ascending", table(ROWS), EMPTY_FIRST),
    Defect("a second click that does not reverse", "sorting", "not descending", table(ROWS), NEVER_TURNS),
    Defect("a sorted column that does not say so", "sorting", "aria-sort is", table(ROWS), NO_ARIA),
    Defect("headers that are no buttons", "sorting", "has no button", table(ROWS), NO_KEYS),
    Defect("headers that no mouse gets to", "sorting", "gets to <div> instead", '<div style="position:absolute;inset:0;z-index:1"></div>' + table(ROWS)),
    Defect("headers that Tab passes over", "sorting", "after Tab to it and Enter", table(ROWS), SCRIPT.replace('button.type =', 'button.tabIndex = -1; button.type =')),
    Defect("a value that is not what is shown", "sorting", "sorts before", table([("HSI", "1", "5.00"), ("NYA", "2", "3.00")])),
    Defect("a number without its value", "sorting", "no data-sort", table([("HSI", "1", "1.00"), ("NYA", "", "3.00")])),
    Defect("formatted text as the value", "sorting", "sorts by text", table([("HSI", "1,000", "1,000"), ("NYA", "2", "2")])),
    Defect("a pointer that is told nothing", "asking", "nothing is told", asked(), scripts(ASK.replace('"pointermove"', '"gone"'))),
    Defect("a pointer on a line that is told nothing", "asking", "the pointer is told nothing", asked(), scripts(explore=EXPLORE.replace("asked.ask(at(event));", "0;"))),
    Defect("a value of another bar", "asking", "and not 'LAST'", asked(), scripts(ASK.replace("head: marks[place][0]", "head: marks[0][0]"))),
    Defect("keys that do not step", "asking", "after ArrowLeft", asked(), scripts(ASK.replace("Math.max(at - 1, 0), last)", "at, last)"))),
    Defect("a chart that Tab passes over", "asking", "Tab does not get to it", asked(), scripts(ASK.replace("host.tabIndex = 0", "host.tabIndex = -1"))),
    Defect("a chart that no screen reader hears", "asking", "a screen reader hears ''", asked(), scripts(ASK.replace("if (isTold) tell(", "if (false) tell("))),
    Defect("an answer out of the window", "asking", "leaves the window", asked(), scripts(ASK.replace("${Math.max(left, 0) + scrollX}px", "${left + 2000}px"))),
    Defect("an answer that ends by a scroll before it", "asking", "after a key just after a scroll nothing is told", asked(), scripts(ASK.replace("if (scrollX !== scrolledTo.x", "if (true || scrollX !== scrolledTo.x"))),
    Defect("a close of another day", "asking", "after the pointer", asked(), scripts(explore=EXPLORE.replace("const number = columns[column][place];", "const number = columns[column][0];"))),
    Defect("a button that zooms nothing", "asking", "after Zoom in", asked(), scripts(explore=EXPLORE.replace("drawing.zoom(0.5)", "drawing.zoom(1)"))),
    Defect("a wheel that zooms nothing", "asking", "after the wheel", asked(), scripts(explore=EXPLORE.replace("wheel(true)", "wheel(false)"))),
    Defect("a chart that a drag does not move", "asking", "after a drag", asked(), scripts(explore=EXPLORE.replace("vertTouchDrag: false,", "vertTouchDrag: false, pressedMouseMove: false,"))),
    Defect("no way back to all of it", "asking", "after Show all", asked(), scripts(explore=EXPLORE.replace("() => drawing.reset()", "() => {}"))),
    Defect("a symbol that cannot be chosen", "asking", "what can be chosen is not", asked(), scripts(explore=EXPLORE.replace("...order.map(", "...order.slice(1).map("))),
    Defect("a choice that shows the first symbol", "asking", "and not 'B, ", asked(), scripts(explore=EXPLORE.replace("[chart.traces[Number(chosen)]]", "[chart.traces[0]]"))),
    Defect("rows that are not there and not missed", "asking", "nothing says that 7 symbols", asked((BARS, CANDLES | {"rows": 9})), scripts(explore=EXPLORE.replace("if (absent > 0)", "if (false)"))),
    Defect("a finger that is told nothing", "asking", "a finger is told nothing", asked(), scripts(explore=EXPLORE.replace("if (at(event) < 0) return;", "return;")), variant="light-narrow"),
    Defect("a chart of another symbol after a way back", "asking", "after a way back", asked(), scripts(explore=without(EXPLORE, 'select.autocomplete = "off";', 'if (select.value !== chosen) choose();'))),
    Defect("a value that a zoom makes another", "asking", "after Home and +", asked(), scripts(explore=EXPLORE.replace("if (kept >= 0 && event.point", "if (false && event.point").replace("kept < 0 ?", "true ?"))),
    Defect("an answer higher than a window", "asking", "in the smallest window", asked((TALL, CANDLES)), scripts(ASK.replace("[1, 2, 3]", "[1]"))),
    Defect("an answer that stays when the window is another", "asking", "after the window has become another", asked(), scripts(without(ASK, 'addEventListener("resize", end);'))),
    Defect("all that becomes a part in a smaller window", "asking", "in a smaller window it shows", asked(), scripts(explore=without(EXPLORE, "if (isWhole) scale.fitContent();"))),
    Defect("days that are one short", "asking", "all of it is from", asked(), scripts(explore=EXPLORE.replace("Math.ceil(range.from - 0.5)", "Math.ceil(range.from + 0.5)"))),
    Defect("an answer that no finger ends", "asking", "a finger elsewhere does not end it", asked(), scripts(without(ASK, "if (!host.contains(event.target)) end();")), variant="light-narrow"),
    Defect("a mark that Escape leaves", "asking", "Escape does not end what the pointer asked", asked(), scripts(ASK.replace('if (event.key === "Escape") end();', 'if (event.key === "Escape") hide();'))),
    Defect("an outline on paper", "printed", "the outline of what was asked is there", asked(), scripts() + "</script><style>@media print { svg .pointed { display: inline !important } }</style><script>", variant="print"),
    Defect("a picture that is not printed", "printed", "the picture is not there", '<style>@media print { .picture { display: none } }</style>' + asked(), scripts(), variant="print"),
    Defect("buttons on paper", "printed", "what only a script can use", '<style>@media print { .explorer { display: block !important } }</style>' + asked(), scripts(), variant="print"),
    Defect("a picture that only a script shows", "without scripts", "the picture is not there", '<style>.ask:not([tabindex]) svg, .picture:not(.ask .picture) svg { display: none }</style>' + asked(), scripts()),
    Defect("a button without a script", "sorting", "without scripts", '<button type="button">Sort</button>'),
    Defect("a link that a presigned page cannot follow", "presigned", "presigned link", '<a class="beside" href="report.html">CSV</a>', "0;"),
]
