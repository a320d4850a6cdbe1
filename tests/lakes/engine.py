"""Runs queries on one lake after the other: engine.py, then on each line of the input, in JSON, [a lake's folder, {name: query}].

Answers a line of JSON for each: a list of [name, error or null, names of the columns, rows of text].
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
import lake as lakes

# Not a report, but what whoever works with the unknown fields may ask: one that its engine cannot read fails the whole query.
EXTRA = """
SELECT
    json_valid(extra), json_structure(extra), json_extract_string(extra, '$.venue'), json_keys(extra), CAST(extra AS json),
    CAST(CAST(extra AS json) AS map(varchar, json)), json_type(json_extract(extra, '$.venue'))
FROM bars_landed
"""


def main():
    for line in sys.stdin:
        folder, queries = json.loads(line)
        connection = lakes._tables(folder)
        connection.execute("SET threads = 1")
        print(json.dumps([run(name, query, connection) for name, query in {**queries, "extra": EXTRA}.items()]), flush=True)
        connection.close()


def run(name, query, connection):
    try:
        result = connection.execute(query)
        columns = [column[0] for column in result.description]
        return [name, None, columns, [[text(cell) for cell in row] for row in result.fetchall()]]
    except Exception as error:
        return [name, f"{type(error).__name__}: {error}", [], []]


def text(cell):
    """As the emulator writes it."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return None if cell is None else str(cell)


main()
