"""Runs each query of a folder on a lake of a year, and says how long it takes.

queries.py FOLDER LAST_DAY MOST_SECONDS: the folder has the files REPORT.sql. The exit code is 0 only if each took less than that.
"""

import pathlib
import statistics
import sys
import tempfile
import time

import duckdb

SYMBOLS, DAYS = 20_000, 250
RUNS = 3

# A folder a day, as a daily feed leaves them, and one bar in a hundred replayed the day after; the columns of the data contract.
LAKE = """
COPY (
    SELECT
        printf('SYM%05d', s) AS symbol,
        DATE '{last_day}' - CAST(({days} - 1 - d) * 7 // 5 AS integer) AS trade_date,
        p AS open, p * 1.01 AS high, p * 0.99 AS low,
        p * (1 + (hash(s * 100003 + d) % 1000) / 100000.0) AS close,
        p * (1 + (hash(s * 100003 + d) % 1000) / 100000.0) AS adj_close,
        CAST(hash(s + d) % 1000000 AS double) AS volume,
        p * 0.13 AS close_usd,
        CAST(NULL AS varchar) AS extra,
        'bars' AS kafka_topic,
        CAST(s % 4 AS integer) AS kafka_partition,
        replay * 100000000 + CAST(d AS bigint) * {symbols} + s AS kafka_offset,
        CAST(0 AS integer) AS kafka_index,
        CAST(trade_date + INTERVAL 20 HOUR + to_days(CAST(replay AS integer)) AS timestamp_ms) AS kafka_timestamp,
        CAST(1 AS integer) AS kafka_life,
        strftime(trade_date + CAST(replay AS integer), '%Y-%m-%d') AS dt,
        '20' AS hour
    FROM (
        SELECT s, d, replay, 100 * exp(sin(s) + d * 0.5 / {days} + 0.03 * sin(d * 0.7 + s) + (hash(s * 7919 + d) % 1000) / 30000.0) AS p
        FROM range({symbols}) AS symbols (s), range({days}) AS days (d), (VALUES (0), (1)) AS replays (replay)
        WHERE replay = 0 OR hash(s * 31 + d) % 100 = 0
    ) AS walks
    ORDER BY d
) TO '{lake}' (FORMAT parquet, PARTITION_BY (dt, hour), COMPRESSION zstd)
"""

TABLES = """
CREATE VIEW bars_landed AS
    SELECT * FROM read_parquet({files}, union_by_name = true, hive_partitioning = true, hive_types = {{'dt': VARCHAR, 'hour': VARCHAR}});
CREATE VIEW rejects AS SELECT CAST(NULL AS varchar) AS dt WHERE false;
"""


def main():
    folder, last_day, most_seconds = pathlib.Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    with tempfile.TemporaryDirectory(prefix="year-", dir=folder) as lake:
        print(f"making a lake of {SYMBOLS:,} symbols and {DAYS} days", flush=True)
        duckdb.connect().execute(LAKE.format(lake=lake, last_day=last_day, symbols=SYMBOLS, days=DAYS))
        files = sorted(str(path) for path in pathlib.Path(lake).rglob("*.parquet"))
        rows = connected(files).execute("SELECT count(*), count(DISTINCT dt) FROM bars_landed").fetchone()
        print(f"{rows[0]:,} rows in {rows[1]} folders; seconds of each query, the median of {RUNS}")
        slow = [report.stem for report in sorted(folder.glob("*.sql")) if timed(report, files) >= most_seconds]
    if slow:
        sys.exit(f"{most_seconds:g} s and more: {', '.join(slow)}")


def timed(report, files):
    seconds = []
    for _ in range(RUNS):
        connection, start = connected(files), time.perf_counter()
        rows = connection.execute(report.read_text(encoding="utf-8")).fetchall()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"  {report.stem:16} {median:6.2f} s   {len(rows):7,} rows, {sum(len(str(row)) for row in rows) / 1e6:.2f} MB of text", flush=True)
    return median


def connected(files):
    """As the emulator does it: a database in memory for each query."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET disabled_optimizers = 'type_pushdown'")
    connection.execute(TABLES.format(files=files))
    return connection


if __name__ == "__main__":
    main()
