"""The numbers behind the charts of a page: what its JSON says, and whether that is what the report says.

The page has whole numbers, each the difference to the one before; the report has the numbers of the query, in `report.json`.
"""

import dataclasses
import datetime
import decimal
import json
import pathlib
import tomllib

REPORTS = pathlib.Path(__file__).parents[2] / "functions/report/reports"
FIRST_DAY = datetime.datetime(1970, 1, 1)
MOST_BYTES = 1_000_000


@dataclasses.dataclass(frozen=True)
class Mark:
    label: str
    shapes: int
    lines: list


@dataclasses.dataclass(frozen=True)
class Trace:
    label: str
    at: list
    # By name, a number or nothing for each of `at`, and each as the chart writes it.
    columns: dict
    digits: int
    # What is told of each point.
    answers: list


def read(page, figure):
    charts = json.loads(page.locator("#charts").text_content())
    chart = charts[int(figure.get_attribute("data-chart"))]
    if "marks" in chart:
        return {"marks": [Mark(label, shapes, [["", value] for _, value in values]) for label, shapes, values in chart["marks"]], "traces": []}
    traces = [trace(chart, *encoded) for encoded in chart["traces"]]
    first = traces[: len(chart["drawn"])] if chart["kind"] == "together" else traces[:1]
    answers = together(chart, first) if len(first) > 1 else [answer for trace in first for answer in trace.answers]
    return {"marks": [], "traces": traces, "answers": answers, "points": len(answers), **{key: chart[key] for key in ("kind", "rows", "title")}}


def trace(chart, label, axis, digits, numbers):
    at = [moment(chart, at) for at in sums(chart["axes"][axis])]
    columns = {
        name: [None if count is None else decimal.Decimal(count).scaleb(-digits) for count in sums(column)]
        for name, column in zip(chart["names"], numbers)
    }
    answers = [
        (f"{label}, {time}", [[name, written(column[place])] for name, column in columns.items() if column[place] is not None])
        for place, time in enumerate(at)
    ]
    return Trace(label, at, columns, digits, answers)


def together(chart, traces):
    """Of each time all lines that have a number there, the highest first."""
    answers = {}
    for each in traces:
        (column,) = each.columns.values()
        for time, number in zip(each.at, column):
            answers.setdefault(time, []).append((number, each.label))
    # Python's sort keeps the order of equal ones, as the script's does.
    return [(time, [[label, written(number)] for number, label in sorted(lines, key=lambda line: -line[0])]) for time, lines in sorted(answers.items())]


def sums(differences):
    total, found = 0, []
    for difference in differences:
        total += difference or 0
        found.append(None if difference is None else total)
    return found


def moment(chart, at):
    if chart["minutes"]:
        return (FIRST_DAY + datetime.timedelta(minutes=at)).strftime("%Y-%m-%d %H:%M UTC")
    return (FIRST_DAY + datetime.timedelta(days=at)).strftime("%Y-%m-%d")


def written(number):
    return f"{number:,f}".replace("-", "−")


def check(page, report_page):
    """What the page has is what the report has, number by number."""
    size = report_page.file.stat().st_size
    if size > MOST_BYTES:
        yield f"the page has {size} bytes, {MOST_BYTES} at most"
    declared = REPORTS / report_page.file.parent.parent.name / "report.toml"
    data = report_page.file.with_name("report.json")
    if not declared.is_file() or not data.is_file():
        return
    charts = {chart["title"]: chart for chart in tomllib.loads(declared.read_text()).get("charts", [])}
    rows = json.loads(data.read_text())["rows"]
    for figure in page.locator("figure[data-chart]").all():
        found = read(page, figure)
        if found["marks"]:
            continue
        chart = charts[found["title"]]
        names = ["open", "high", "low", "close"] if found["kind"] == "candles" else None
        columns = [chart[name] for name in names] if names else chart["y"] if isinstance(chart["y"], list) else [chart["y"]]
        meant = {row[chart["label"]]: row for row in rows if row.get(chart["x"])}
        compared = 0
        for each in found["traces"]:
            if (row := meant.get(each.label)) is None:
                continue  # a symbol that is shown otherwise, because it cannot be seen
            compared += 1
            yield from differences(found["title"], chart, row, columns, each)
        if found["traces"] and not compared:
            yield f"{found['title']}: no symbol of the chart is one of the report"


def differences(title, chart, row, columns, each):
    times = [time.replace("T", " ")[:16] + " UTC" if "T" in time else time for time in row[chart["x"]]]
    for column, shown in zip(columns, each.columns.values()):
        numbers = dict(zip(times, row[column]))
        base = 1
        if chart["kind"] == "indexed-lines":
            base = numbers[each.at[0]] / 100
        for time, number in zip(each.at, shown):
            true = numbers.get(time)
            if (true is None) != (number is None):
                yield f"{title}: {each.label} at {time} is {number}, and {true} in the report"
                return
            if true is not None and abs(float(number) - true / base) > 0.5000001 * 10.0**-each.digits + 1e-9 * abs(true / base):
                yield f"{title}: {each.label} at {time} is {number}, and {true / base} in the report"
                return
