"""Runs each report's query on a lake before and after compaction, and says how many objects it opens and how long it takes.

small_files.py FOLDER DAYS_BEFORE: the folder has `lake`, and the queries `before/REPORT.sql` and `after/REPORT.sql`. Before compaction
only the objects of the last so many days are there.
"""

import json
import pathlib
import re
import statistics
import sys
import time

import duckdb

RUNS = 3

TABLES = """
CREATE VIEW bars_landed AS
    SELECT * FROM read_parquet({bars}, hive_partitioning = true, hive_types = {{'dt': VARCHAR, 'hour': VARCHAR}});
CREATE VIEW rejects AS SELECT CAST(NULL AS varchar) AS dt WHERE false;
"""
# A file per part, each a Hive partition.
PARTS = """
CREATE VIEW {name}_compacted AS
    SELECT * FROM read_parquet({files}, hive_partitioning = true, hive_types = {{'part': VARCHAR}});
"""


def main():
    folder, days_before = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    lake = folder / "lake"
    bars = sorted(str(path) for path in lake.glob("bars/*/*/*.parquet"))
    days = sorted({re.search("dt=([0-9-]+)", path).group(1) for path in bars})
    # The last has one hour.
    first = days[-1 - days_before]
    of_last_days = [path for path in bars if f"/dt={first}/" <= path[path.index("/dt=") :]]
    parts = {name: sorted(str(path) for path in lake.glob(f"compacted/{name}/*/*.parquet")) for name in ("bars", "daily", "audits")}
    # What is in parts is in folders that the catalog tells an engine to leave alone: here by not handing them over, for DuckDB looks at each
    # name of a hundred thousand.
    day, hour = json.loads((lake / "catalog" / "bars.json").read_text(encoding="utf-8"))["through"].split("T")
    since = [path for path in bars if path[path.index("/dt=") :] >= f"/dt={day}/hour={hour}"]
    print(f"objects opened and seconds, median of {RUNS}: before, with {days_before} days; after, with {len(days) - 1}")
    for report in sorted(path.stem for path in (folder / "after").glob("*.sql")):
        before = measured((folder / "before" / f"{report}.sql").read_text(encoding="utf-8"), of_last_days, {})
        after = measured((folder / "after" / f"{report}.sql").read_text(encoding="utf-8"), since, parts)
        print(f"  {report:16} {before[0]:7,} {before[1]:7.2f} s {after[0]:7,} {after[1]:7.2f} s", flush=True)


def measured(sql, bars, parts):
    seconds = []
    for _ in range(RUNS):
        # As the emulator does it: a database in memory for each query.
        connection = duckdb.connect(":memory:")
        connection.execute("SET disabled_optimizers = 'type_pushdown'")
        connection.execute(TABLES.format(bars=bars))
        for name, files in parts.items():
            connection.execute(PARTS.format(name=name, files=files))
        start = time.perf_counter()
        connection.execute(sql).fetchall()
        seconds.append(time.perf_counter() - start)
    plan = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}").fetchone()[1]
    return opened(json.loads(plan)["operator"]), statistics.median(seconds)


def opened(operators):
    return sum(int(operator["extra_info"].get("Total Files Read", 0)) + opened(operator.get("children", [])) for operator in operators)


if __name__ == "__main__":
    main()
