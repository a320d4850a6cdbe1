"""Reads queries of the pages, with a NUL between them, and prints how many they are and those that Trino's parser or an engine refuses. The engine is
the local one, DuckDB, on empty tables with the columns that template.yaml declares; what only Trino has is defined for it."""

import re
import sys
from pathlib import Path

import duckdb
import trino_sql_validator

# The name of each in the queries, and of the table of template.yaml whose columns it has.
TABLES = {"bars": "BarsLandedTable", "daily": "BarsLandedTable", "rejects": "RejectsTable", "audits": "AuditsCompactedTable"}
TYPES = {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "double": "DOUBLE", "date": "DATE", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN"}
TRINO = (
    "json_extract_scalar(value, path) AS json_extract_string(value, path)",
    "from_unixtime(seconds) AS to_timestamp(seconds)",
    "from_utf8(bytes) AS decode(bytes)",
)


def main():
    template = Path("template.yaml").read_text(encoding="utf-8")
    engine = duckdb.connect()
    for name, table in TABLES.items():
        resource = re.search(rf"\n  {table}:\n(.*?)(?=\n  \w)", template, re.DOTALL)[1]
        columns = re.findall(r"\{ Name: (\w+), Type: (\w+)", resource)
        # The view `audits` does not show which part a row is of.
        columns = [(column, kind) for column, kind in columns if column != "part"]
        engine.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {TYPES[kind]}' for column, kind in columns)})")
    for function in TRINO:
        engine.execute(f"CREATE MACRO {function}")
    queries = [query for query in sys.stdin.read().split("\0") if query.strip()]
    print(len(queries))
    for query in queries:
        judged = trino_sql_validator.validate(query, jinja="reject")
        if not judged.valid:
            print(f"Trino: {judged.error}: {query}")
        try:
            engine.execute(query)
        except duckdb.Error as error:
            print(f"DuckDB: {error}: {query}")


if __name__ == "__main__":
    main()
