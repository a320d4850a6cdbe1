"""tests/golden/golden.py as it is, with each of its queries run on a real Trino too and compared with DuckDB's answer, cell by cell.

cells.py SQL_FOLDER SERVER_FOLDER [TEST ...]: SQL_FOLDER as golden.py has it. SHORT=1 in the environment takes three lakes of prices and those of
which the results are written down by hand.
The last line says what was compared.
"""

import datetime
import itertools
import os
import pathlib
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "golden"), str(HERE)]

import golden
import lake as lakes
import operations
import server

# The tables of template.yaml, each with its folder, columns and options. In tests/athena/glue.rs they are template.yaml's own.
TABLES = {
    "bars_landed": ("bars", """symbol varchar, trade_date date, open double, high double, low double, close double, adj_close double, volume double,
        close_usd double, extra varchar, kafka_topic varchar, kafka_partition integer, kafka_offset bigint, kafka_index integer,
        kafka_timestamp timestamp(3), kafka_life integer, bar_time timestamp(3), bar_interval varchar, dt varchar, hour varchar""", "format = 'PARQUET', partitioned_by = ARRAY['dt', 'hour']"),
    "rejects": ("rejects", """kafka_topic varchar, kafka_partition integer, kafka_offset bigint, kafka_timestamp bigint, kafka_key varchar,
        kafka_value varchar, reason varchar, detail varchar, landed_at varchar, kafka_life integer, dt varchar""",
        "format = 'OPENX_JSON', partitioned_by = ARRAY['dt']"),
}
SHORT = (lakes.everything, lakes.earlier_version, lakes.within_days, golden.ended, operations.lake, operations.hostile)
TESTS_OF_SHORT = ("PricesTest", "FixedPointsTest", "OperationsTest")
# Where prices go from the largest number to the smallest, a rounding error decides these.
ROUNDED = ("averages", "days_at_or_below_percent", "lowest_pair")
DUCKDB = golden.CONNECT


class Seen:
    """What was compared."""

    queries = cells = 0
    seconds = seconds_of_duckdb = 0.0
    differences = []


class Both:
    """A connection to the tables over a lake, on both engines: what golden.py reads of it is Trino's."""

    schemas = itertools.count()
    # Columns that are not compared.
    left_out = ()

    def __init__(self, trino, folder):
        self.trino, self.duckdb, self.schema = trino, DUCKDB(folder), f"lake{next(self.schemas)}"
        trino.query(f"CREATE SCHEMA hive.{self.schema}")
        for name, (below, columns, options) in TABLES.items():
            place = pathlib.Path(folder, below).resolve()
            place.mkdir(exist_ok=True)
            trino.query(f"CREATE TABLE hive.{self.schema}.{name} ({columns}) WITH (external_location = 'local://{place}', {options})")
            trino.query(f"CALL hive.system.sync_partition_metadata('{self.schema}', '{name}', 'FULL')")

    def execute(self, sql):
        result = self.trino.query(sql, schema=self.schema)
        self.description = [(name,) for name in result.names]
        self.rows = [tuple(map(as_duckdb_has_it, result.types, row)) for row in result.rows]
        begin = time.monotonic()
        reference = self.duckdb.execute(sql)
        names, rows = [column[0] for column in reference.description], reference.fetchall()
        Seen.seconds_of_duckdb += time.monotonic() - begin
        Seen.seconds += result.seconds
        Seen.queries += 1
        if (names, len(rows)) != (result.names, len(self.rows)):
            Seen.differences.append(f"{self.schema}: DuckDB has {len(rows)} rows of {names}, Trino {len(self.rows)} of {result.names}")
        for number, (row, other) in enumerate(zip(self.rows, rows), 1):
            for name, cell, wanted in zip(names, row, other):
                if name in self.left_out:
                    continue
                Seen.cells += 1
                if not alike(cell, wanted):
                    Seen.differences.append(f"{self.schema}, row {number}, {name}: DuckDB has {wanted!r}, Trino {cell!r}, in\n{sql[-300:]}")
        return self

    def fetchall(self):
        return self.rows

    def close(self):
        self.duckdb.close()


def as_duckdb_has_it(kind, value):
    """A cell of Trino's JSON as DuckDB's client gives it."""
    if value is None:
        return None
    if kind.startswith("array("):
        return [as_duckdb_has_it(kind[6:-1], item) for item in value]
    if kind == "double":
        return float(value)
    if kind == "date":
        return datetime.date.fromisoformat(value)
    if kind.startswith("timestamp"):
        return datetime.datetime.fromisoformat(value)
    return value


def alike(one, other):
    """To the type, and of numbers but for rounding; golden.py says how much that is."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, float) and one != one:
        return other != other
    return golden.alike(one, other)


def main():
    golden.FOLDER, folder = sys.argv.pop(1), pathlib.Path(sys.argv.pop(1)).resolve()
    server.supervise.end_with_parent()
    tests = sys.argv[1:] or (TESTS_OF_SHORT if os.environ.get("SHORT") else ())
    written = golden.written

    def chosen(make):
        if os.environ.get("SHORT") and make not in SHORT:
            raise unittest.SkipTest(f"SHORT leaves out {make}")
        lake, connection = written(make)
        connection.left_out = ROUNDED if make is lakes.extreme else ()
        return lake, connection

    golden.written = chosen
    with server.Trino(folder, {"hive": server.over_files(folder / "metastore")}) as trino:
        # The lakes go below target/ too, and with them the answer of a test that failed.
        tempfile.tempdir = str(folder / "tmp")
        golden.CONNECT = lambda lake: Both(trino, lake)
        program = unittest.main(module=golden, argv=["cells.py", *tests], exit=False, verbosity=1)
    for difference in Seen.differences[:20]:
        print(difference)
    print(f"{program.result.testsRun} tests, {Seen.queries} queries, {Seen.cells} cells, {len(Seen.differences)} differences; "
          f"Trino took {Seen.seconds:.0f} s, DuckDB {Seen.seconds_of_duckdb:.0f} s")
    sys.exit(not program.result.wasSuccessful() or bool(Seen.differences))


if __name__ == "__main__":
    main()
