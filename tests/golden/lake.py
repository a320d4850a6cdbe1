"""Small lakes: rows as the table bars has them, written as Parquet files into folders, and read as the emulator reads them."""

import datetime
import json
import math
import pathlib
import random

import duckdb
import pandas
import pyarrow
import pyarrow.parquet

SCHEMA = pyarrow.schema(
    [("symbol", pyarrow.string()), ("trade_date", pyarrow.date32())]
    + [(name, pyarrow.float64()) for name in ("open", "high", "low", "close", "adj_close", "volume", "close_usd")]
    + [("extra", pyarrow.string()), ("kafka_topic", pyarrow.string()), ("kafka_partition", pyarrow.int32())]
    + [("kafka_offset", pyarrow.int64()), ("kafka_index", pyarrow.int32()), ("kafka_timestamp", pyarrow.timestamp("ms"))]
)
REJECTS = ("kafka_topic", "kafka_partition", "kafka_offset", "kafka_timestamp", "reason", "detail", "landed_at")
LAST_DAY = datetime.date(2026, 11, 20)


class Lake:
    """Rows in the order in which they were on the topic, which gives each its offset and time."""

    def __init__(self):
        self.rows = []
        self.rejects = []

    def add(self, symbol, day, price, /, *, landed=None, **changes):
        """A bar around a price, which landed on its day if nothing else is said."""
        landed = landed or day
        offset = len(self.rows)
        moment = datetime.datetime.combine(landed, datetime.time(19)) + datetime.timedelta(milliseconds=offset)
        row = {
            "symbol": symbol, "trade_date": day, "open": price * 0.995, "high": price * 1.02, "low": price * 0.97,
            "close": price, "adj_close": price * 0.9, "volume": 1000.0, "close_usd": price * 0.5, "extra": None,
            "kafka_topic": "bars", "kafka_partition": 0, "kafka_offset": offset, "kafka_index": 0,
            "kafka_timestamp": moment, "dt": str(landed), "hour": "19",
        }
        self.rows.append(row | changes)
        return self.rows[-1]

    def frame(self):
        """All rows, as pandas has them."""
        frame = pandas.DataFrame(self.rows, columns=[*SCHEMA.names, "dt", "hour"])
        return frame.astype({name: "float64" for name in ("open", "high", "low", "close", "adj_close", "volume", "close_usd")})

    def write(self, folder):
        """Writes the objects and returns a connection with the tables bars and rejects over them."""
        folders = {}
        for row in self.rows:
            folders.setdefault((row["dt"], row["hour"]), []).append(row)
        for (dt, hour), rows in folders.items():
            path = pathlib.Path(folder, "bars", f"dt={dt}", f"hour={hour}")
            path.mkdir(parents=True)
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=SCHEMA), path / "bars.parquet")
        for number, (dt, reject) in enumerate(self.rejects):
            path = pathlib.Path(folder, "rejects", f"dt={dt}", f"{number}.jsonl")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(dict(zip(REJECTS, reject))) + "\n", encoding="utf-8")
        return _tables(folder)


def _tables(folder):
    connection = duckdb.connect(":memory:")
    connection.execute("SET disabled_optimizers = 'type_pushdown'")
    options = "union_by_name = true, hive_partitioning = true, hive_types = "
    bars = sorted(map(str, pathlib.Path(folder).glob("bars/**/*.parquet")))
    rejects = sorted(map(str, pathlib.Path(folder).glob("rejects/**/*.jsonl")))
    tables = {
        "bars": f"SELECT * FROM read_parquet({bars}, {options} {{'dt': VARCHAR, 'hour': VARCHAR}})" if bars else _nothing(
            {"string": "VARCHAR", "date32[day]": "DATE", "double": "DOUBLE", "int32": "INTEGER", "int64": "BIGINT",
             "timestamp[ms]": "TIMESTAMP"}, [(field.name, str(field.type)) for field in SCHEMA] + [("dt", "string"), ("hour", "string")]
        ),
        "rejects": f"SELECT * FROM read_json_auto({rejects}, {options} {{'dt': VARCHAR}})" if rejects else _nothing(
            {"int": "INTEGER", "bigint": "BIGINT", "string": "VARCHAR"},
            [(name, {"kafka_partition": "int", "kafka_offset": "bigint", "kafka_timestamp": "bigint"}.get(name, "string"))
             for name in (*REJECTS, "dt")]
        ),
    }
    for name, query in tables.items():
        connection.execute(f"CREATE VIEW {name} AS {query}")
    return connection


def _nothing(types, columns):
    return "SELECT " + ", ".join(f"CAST(NULL AS {types[kind]}) AS {name}" for name, kind in columns) + " WHERE false"


def business_days(count, last=LAST_DAY):
    """So many weekdays up to the last, oldest first."""
    return [stamp.date() for stamp in pandas.bdate_range(end=last, periods=count)]


def random_walk(seed, count, start=100.0):
    """Prices of a random walk that is the same on every machine."""
    generator = random.Random(seed)
    prices = [start]
    for _ in range(count - 1):
        prices.append(prices[-1] * math.exp(generator.uniform(-0.03, 0.0305)))
    return prices


def everything():
    """Five symbols of 300 business days with what goes wrong in life, one that ended, one flat, ones of few bars."""
    lake = Lake()
    days = business_days(300)
    market = random_walk("market", 300)
    for number, day in enumerate(days):
        # A week without a bar, and a day less; a day that lands late; extremes a year before the last day, which the year has not.
        year_ago = {"low": 1.0, "high": 1000.0} if day == datetime.date(2025, 11, 20) else {}
        if not (100 <= number < 105 or 180 <= number < 184):
            lake.add("ALPHA", day, market[number], landed=days[151] if number == 150 else day, volume=2000.0 + number, **year_ago)
    beta = random_walk("beta", 300, 20.0)
    for number, day in enumerate(days):
        if number % 50 != 7:
            price = beta[number] * (market[number] / 100) ** 0.5
            lake.add("BETA", day, price, adj_close=None if number == 250 else price * 0.8,
                     close_usd=None if number in (60, 290) else price * 1.5)
    for number, (day, price) in enumerate(zip(days, random_walk("gamma", 300, 7.0))):
        # A close in USD of zero; a price of zero and the jumps around it; a bar on a Saturday; one that is there too early.
        lake.add("GAMMA", day, 0.0 if number == 200 else price, close_usd=0.0 if number in (278, 298) else price,
                 landed=day - datetime.timedelta(days=1) if number == 260 else day)
    lake.add("GAMMA", datetime.date(2026, 11, 14), 7.5)
    for day in business_days(120, datetime.date(2026, 6, 30)):
        lake.add("ENDED", day, 50 + day.day + day.month / 7, volume=90000.0)
    for day in days:
        lake.add("FLAT", day, 42.1, volume=0.0)
    lake.add("ONCE", LAST_DAY, 3.0)
    hostile = '<img src=x onerror="alert(1)">,\'&'
    for number, (day, price) in enumerate(zip(days[-40:], random_walk("hostile", 40))):
        wrong = {
            5: {"high": price * 0.9, "low": price * 1.1}, 6: {"open": price * 2}, 7: {"close": price * 0.5},
            8: {"open": 0.0}, 9: {"low": 0.0, "open": 0.0}, 10: {"close": price * 1.5}, 14: {"close": price * 1.22, "high": price * 1.3},
        }.get(number, {})
        lake.add(hostile, day, price, adj_close=None, close_usd=None, **wrong)
    # A replay of days that are there, a correction, and a correction of a correction.
    for row in [row for row in lake.rows if row["symbol"] == "ALPHA"][-30:-20]:
        same = {name: row[name] for name in ("open", "high", "low", "adj_close", "volume", "close_usd")}
        lake.add("ALPHA", row["trade_date"], row["close"], landed=days[290], **same)
    lake.add("BETA", days[270], 33.0, landed=days[280], adj_close=31.0)
    lake.add("BETA", days[295], 34.0, landed=days[296])
    lake.add("BETA", days[295], 35.0, landed=days[297])
    # After the topic was made anew: an old offset with a new timestamp counts, and what has no timestamp is the oldest.
    lake.add("GAMMA", days[299], 8.25, kafka_offset=3)
    lake.add("GAMMA", days[298], 99.0, kafka_timestamp=None)
    # A value that is an array: two bars of one day in one record; and two partitions with the same offset and time.
    twice = lake.add("ONCE", datetime.date(2026, 11, 19), 2.0)
    lake.add("ONCE", datetime.date(2026, 11, 19), 2.5, kafka_index=1, kafka_offset=twice["kafka_offset"],
             kafka_timestamp=twice["kafka_timestamp"])
    last = [row for row in lake.rows if row["symbol"] == "ENDED"][-1]
    lake.add("ENDED", last["trade_date"], 81.0, kafka_partition=1, kafka_offset=last["kafka_offset"],
             kafka_timestamp=last["kafka_timestamp"])
    # Days that the report does not reach: one twice; one that landed later; one far off; and of a symbol that has no others.
    for landed in (days[298], days[297]):
        lake.add("BETA", datetime.date(2026, 11, 25), 30.0, landed=landed)
    lake.add("BETA", datetime.date(2026, 11, 23), 30.0)
    lake.add("ALPHA", datetime.date(9999, 12, 31), 150.0, landed=LAST_DAY)
    lake.add("TOMORROW", datetime.date(2026, 11, 21), 5.0, landed=LAST_DAY)
    # Prices far below one and far above.
    for number, price in enumerate((2.5e-7, 123456.78, 1.6e-12, 0.1)):
        lake.add("TINY", days[290 + number], price, close_usd=None, adj_close=None)
    # Years ago: only reports of all history see what landed then; what was replayed is seen by all.
    for number, day in enumerate(business_days(60, datetime.date(2020, 6, 30))):
        lake.add("ALPHA", day, 150.0 - number)
        lake.add("GAMMA", day, 3.0 + number / 9, landed=datetime.date(2026, 3, 2))
    return lake
