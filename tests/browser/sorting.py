"""The tables sort: by mouse and by key, by value and not by text."""

import dataclasses
import re

from playwright.sync_api import Locator

READ = """(table) => {
  const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
  rows.forEach((row, place) => { row.dataset.place = place; });
  return {
    headers: [...table.querySelectorAll("thead th:not([colspan])")].map((header) =>
      ({ column: header.dataset.column ?? null, label: header.textContent.trim(), hasButton: header.querySelector("button") !== null })),
    rows: rows.map((row) => [...row.cells].map((cell) =>
      ({ value: cell.dataset.sort ?? "", text: cell.querySelector("svg") ? "" : cell.textContent.trim() }))),
  };
}"""
READ_STATE = """(table) => ({
  order: [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => Number(row.dataset.place)),
  sorted: [...table.querySelectorAll("[aria-sort]")].map((header) => [header.dataset.column, header.getAttribute("aria-sort")]),
})"""
STATE = f"(table) => ({READ_STATE})(table)"
# A click more, as a mouse that stays where it is.
TWICE = f"""(table, number) => {{
  const state = {READ_STATE};
  const once = state(table);
  table.querySelector(`thead th[data-column="${{number}}"]:not([colspan]) button`).click();
  return [once, state(table)];
}}"""
# Where the mouse goes, and what is in its way there.
AIM = """(button) => {
  button.scrollIntoView({ block: "center", inline: "center" });
  const { x, y, width, height } = button.getBoundingClientRect();
  const place = { x: x + width / 2, y: y + height / 2 };
  const hit = document.elementFromPoint(place.x, place.y);
  return { ...place, isFree: button.contains(hit), cover: hit?.localName };
}"""
NOTHING = ("", "–", "—", "-")
SHOWN_NUMBER = re.compile(r"[+−-]?[\d,]+(\.\d+)?%?")
DIRECTIONS = ("ascending", "descending")


@dataclasses.dataclass(frozen=True)
class Column:
    table: Locator
    number: str
    label: str
    # The data-sort of each row, as the rows were at first.
    values: list

    def button(self):
        return self.table.locator(f"thead th[data-column='{self.number}']:not([colspan]) button")


def check(page, report_page, ways):
    messages = []
    if "<button" in report_page.file.read_text():
        messages.append("the page as written has a button: without scripts it does nothing")
    if not report_page.is_index and (plain := page.locator("table:not([data-sortable], [role=presentation])").count()):
        messages.append(f"{plain} of {page.locator('table').count()} tables cannot be sorted: no data-sortable")
    for number, table in enumerate(page.locator("table[data-sortable]").all(), start=1):
        messages += [f"table {number}: {message}" for message in check_table(page, table, ways)]
    return messages


def check_table(page, table, ways):
    content = table.evaluate(READ)
    headers, rows = content["headers"], content["rows"]
    columns = [header["column"] for header in headers]
    width = len(rows[0]) if rows else 0
    if rows and sorted(columns, key=str) != sorted(map(str, range(width))):
        return [f"the rows have {width} cells but the headers' data-column are {columns}"]
    messages, sortable = [], []
    for header in headers:
        cells = [row[int(header["column"])] for row in rows]
        messages += [f"column {header['label']!r}: {problem}" for problem in check_values(cells)]
        if len(rows) > 1 and any(cell["value"] for cell in cells):
            if header["hasButton"]:
                sortable.append(Column(table, header["column"], header["label"], [cell["value"] for cell in cells]))
            else:
                messages.append(f"column {header['label']!r}: the header has no button")
    order = list(range(len(rows)))
    for way in ways:
        for action, column, direction, state in way(page, sortable):
            messages += [f"column {column.label!r}, after {action}: {problem}" for problem in judge(column, direction, order, state)]
            order = state["order"]
    return messages


def check_values(cells):
    """What a cell sorts by is what it shows."""
    bare = next((cell["text"] for cell in cells if not cell["value"] and cell["text"] not in NOTHING), None)
    if bare is not None:
        yield f"a cell shows {bare!r} and has no data-sort"
    shown = [cell for cell in cells if cell["value"] and cell["text"] not in NOTHING]
    if shown and all(SHOWN_NUMBER.fullmatch(cell["text"]) for cell in shown):
        if not all(is_number(cell["value"]) for cell in shown):
            yield f"it shows numbers and sorts by text like {shown[0]['value']!r}"
            return
        ordered = sorted(shown, key=lambda cell: (float(cell["value"]), number_shown(cell["text"])))
        for lower, higher in zip(ordered, ordered[1:]):
            if number_shown(lower["text"]) > number_shown(higher["text"]):
                yield f"{lower['text']!r} sorts before {higher['text']!r}: data-sort is {lower['value']!r} and {higher['value']!r}"
                return


def by_touch(page, columns):
    """Once: what sorts is the same as in a wide window, but another header may be in the way."""
    for column in columns:
        action = click(page, column)
        yield action, column, DIRECTIONS[0], column.table.evaluate(STATE)


def by_mouse(page, columns):
    for column in columns:
        action = click(page, column)
        states = column.table.evaluate(TWICE, column.number)
        for direction, state in zip(DIRECTIONS, states):
            yield action, column, direction, state


def click(page, column):
    aim = column.button().evaluate(AIM)
    page.mouse.click(aim["x"], aim["y"])
    return "a click" if aim["isFree"] else f"a click that gets to <{aim['cover']}> instead"


def by_keys(page, columns):
    """Tab walks from header to header; Enter sorts, and Space turns the first: the rest of it a click has shown."""
    for place, column in enumerate(columns):
        if place == 0:
            column.button().focus()
        else:
            page.keyboard.press("Tab")
        for direction, key in list(zip(DIRECTIONS, ("Enter", "Space")))[: 2 if place == 0 else 1]:
            page.keyboard.press(key)
            yield key if place == 0 else f"Tab to it and {key}", column, direction, column.table.evaluate(STATE)


def judge(column, direction, before, state):
    """What is wrong with the table after the rows, in the order `before`, were sorted."""
    if state["sorted"] != [[column.number, direction]]:
        yield f"aria-sort is {state['sorted']} and not {direction} on this column alone"
    expected = in_order(before, column.values, direction)
    if state["order"] != expected:
        place = next(place for place, pair in enumerate(zip(state["order"], expected)) if pair[0] != pair[1])
        found, wanted = column.values[state["order"][place]], column.values[expected[place]]
        yield f"row {place + 1} has {found!r} and not {wanted!r}: not {direction} (nulls last, equal rows as they were)"


def in_order(before, values, direction):
    is_numeric = all(is_number(value) for value in values if value)
    full = [row for row in before if values[row]]
    empty = [row for row in before if not values[row]]
    full.sort(key=lambda row: float(values[row]) if is_numeric else values[row], reverse=direction == "descending")
    return full + empty


def is_number(text):
    try:
        return float(text) == float(text)
    except ValueError:
        return False


def number_shown(text):
    return float(text.replace("−", "-").replace(",", "").rstrip("%"))
