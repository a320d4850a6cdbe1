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
    + [("kafka_offset", pyarrow.int64()), ("kafka_index", pyarrow.int32()), ("kafka_timestamp", pyarrow.timestamp("ms")),
       ("kafka_life", pyarrow.int32()), ("bar_time", pyarrow.timestamp("ms")), ("bar_interval", pyarrow.string())]
)
# As Trino has the time of a lake that an earlier version began: milliseconds times a thousand, whatever comes of it.
MICROSECONDS = SCHEMA.set(SCHEMA.get_field_index("kafka_timestamp"), pyarrow.field("kafka_timestamp", pyarrow.timestamp("us")))
EPOCH = datetime.datetime(1970, 1, 1)
REJECTS = ("kafka_topic", "kafka_partition", "kafka_offset", "kafka_timestamp", "reason", "detail", "landed_at", "kafka_life")
LAST_DAY = datetime.date(2026, 11, 20)


class Lake:
    """Rows in the order in which they were on the topic, which gives each its offset and time."""

    def __init__(self):
        self.rows = []
        self.raw = []
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
            "kafka_timestamp": moment, "kafka_life": 1, "bar_time": None, "bar_interval": None, "dt": str(landed), "hour": "19",
        }
        self.rows.append(row | changes)
        return self.rows[-1]

    def add_raw(self, symbol, price, /, *, day=LAST_DAY, landed=LAST_DAY, days=None, microseconds=0, **changes):
        """A bar as no version lands it any more: of so many days and microseconds since 1970."""
        row = self.add(symbol, day, price, landed=landed, **changes)
        self.rows.remove(row)
        days = (day - EPOCH.date()).days if days is None else days
        self.raw.append(row | {"trade_date": days, "kafka_timestamp": microseconds, "kafka_offset": row["kafka_offset"] + 1000})
        return self.raw[-1]

    def known(self):
        """All rows that a report can count with; a time that none can count with is none."""
        return self.rows + [row | dated for row in self.raw if (dated := _dated(row))]

    def frame(self):
        """The same, as pandas has them."""
        frame = pandas.DataFrame(self.known(), columns=[*SCHEMA.names, "dt", "hour"])
        return frame.astype({name: "float64" for name in ("open", "high", "low", "close", "adj_close", "volume", "close_usd")})

    def write(self, folder):
        """Writes the objects."""
        folders = {}
        for row in self.rows:
            folders.setdefault((row["dt"], row["hour"]), []).append(row)
        for (dt, hour), rows in folders.items():
            path = pathlib.Path(folder, "bars", f"dt={dt}", f"hour={hour}")
            path.mkdir(parents=True)
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=SCHEMA), path / "bars.parquet")
        if self.raw:
            path = pathlib.Path(folder, "bars", f"dt={self.raw[0]['dt']}", f"hour={self.raw[0]['hour']}")
            path.mkdir(parents=True, exist_ok=True)
            arrays = [pyarrow.array([row[field.name] for row in self.raw], RAW_TYPES.get(field.name, field.type)) for field in SCHEMA]
            arrays = [array.cast(field.type) for array, field in zip(arrays, MICROSECONDS)]
            pyarrow.parquet.write_table(pyarrow.table(arrays, schema=MICROSECONDS), path / "raw.parquet")
        for number, (dt, reject) in enumerate(self.rejects):
            path = pathlib.Path(folder, "rejects", f"dt={dt}", f"{number}.jsonl")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(dict(zip(REJECTS, reject))) + "\n", encoding="utf-8")


RAW_TYPES = {"trade_date": pyarrow.int32(), "kafka_timestamp": pyarrow.int64()}


def _dated(row):
    """The day and the time of a raw row, as far as Python has them; nothing if it has not even the day."""
    ordinal = row["trade_date"] + EPOCH.toordinal()
    if ordinal < 1:
        return None
    try:
        moment = EPOCH + datetime.timedelta(microseconds=row["kafka_timestamp"])
    except OverflowError:
        moment = None
    return {"trade_date": datetime.date.fromordinal(ordinal), "kafka_timestamp": moment}


def _tables(folder):
    """A connection with the tables bars and rejects over the objects in a folder."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET disabled_optimizers = 'type_pushdown'")
    options = "union_by_name = true, hive_partitioning = true, hive_types = "
    bars = sorted(map(str, pathlib.Path(folder).glob("bars/**/*.parquet")))
    rejects = sorted(map(str, pathlib.Path(folder).glob("rejects/**/*.jsonl")))
    tables = {
        "bars_landed": f"SELECT * FROM read_parquet({bars}, {options} {{'dt': VARCHAR, 'hour': VARCHAR}})" if bars else _nothing(
            {"string": "VARCHAR", "date32[day]": "DATE", "double": "DOUBLE", "int32": "INTEGER", "int64": "BIGINT",
             "timestamp[ms]": "TIMESTAMP"}, [(field.name, str(field.type)) for field in SCHEMA] + [("dt", "string"), ("hour", "string")]
        ),
        "rejects": f"SELECT * FROM read_json_auto({rejects}, {options} {{'dt': VARCHAR}})" if rejects else _nothing(
            {"int": "INTEGER", "bigint": "BIGINT", "string": "VARCHAR"},
            [(name, {"kafka_partition": "int", "kafka_offset": "bigint", "kafka_timestamp": "bigint", "kafka_life": "int"}.get(name, "string"))
             for name in (*REJECTS, "dt")]
        ),
    }
    for name in ("bars", "daily", "audits"):
        parts = sorted(map(str, pathlib.Path(folder).glob(f"compacted/{name}/**/*.parquet")))
        if parts:
            tables[f"{name}_compacted"] = f"SELECT * FROM read_parquet({parts}, {options} {{'part': VARCHAR}})"
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
    # After the topic was made anew: an old offset with a new timestamp counts, and what has no timestamp is the oldest. Of the same time,
    # that of the later life does.
    lake.add("GAMMA", days[299], 8.25, kafka_offset=3)
    made_anew = lake.add("GAMMA", days[297], 8.5, kafka_life=None)
    lake.add("GAMMA", days[297], 8.75, kafka_offset=4, kafka_life=2, kafka_timestamp=made_anew["kafka_timestamp"])
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


def below_zero():
    """Prices as markets have them: one that fell below zero once, a spread around zero, one always below; and indices without volume."""
    lake = Lake()
    days = business_days(300)
    for number, (day, price) in enumerate(zip(days, random_walk("crude", 300, 40.0))):
        lake.add("CRUDE", day, -37.63 if number == 290 else price, adj_close=None)
    for number, (day, price) in enumerate(zip(days, random_walk("spread", 300, 5.0))):
        spread = price - 5.2
        lake.add("SPREAD", day, spread, open=spread - 0.1, high=spread + 0.4, low=spread - 0.4, close_usd=spread, adj_close=spread)
    for number, (day, price) in enumerate(zip(days, random_walk("rate", 300, 1.0))):
        lake.add("RATE", day, -price, open=-price, high=-price * 0.9, low=-price * 1.1, close_usd=-price, adj_close=-price)
    for number, (day, price) in enumerate(zip(days, random_walk("rising", 300, 1.0))):
        # Below zero at first: its history begins when it is above.
        lake.add("RISEN", day, price - 1.0 + number / 100, volume=None if number % 2 else 500.0)
    for name in ("INDEX", "OTHER INDEX"):
        for day, price in zip(days, random_walk(name, 300, 2000.0)):
            lake.add(name, day, price, volume=None, adj_close=None)
    lake.add("NEGATIVE LAST", days[298], 10.0)
    lake.add("NEGATIVE LAST", days[299], -3.0)
    lake.add("ZERO", days[298], 0.0)
    lake.add("ZERO", days[299], 2.0)
    return lake


def earlier_version():
    """What earlier versions landed and no report can count with, beside what it can."""
    lake = Lake()
    days = business_days(60)
    for name in ("SOUND", "HURT"):
        for day, price in zip(days, random_walk(name, 60)):
            lake.add(name, day, price)
    # 9223372036854776 ms, as a long of microseconds; the year 10000; the last that fits; a millisecond before the year 1. (To a whole one Trino rounds.)
    for number, microseconds in enumerate((-9223372036854775616, 253402300800000000, 9223372036854775000, -62135596800001000)):
        lake.add_raw("HURT", 500.0 + number, day=days[40 + number], microseconds=microseconds)
        lake.add_raw(f"TIME {number}", 7.0, microseconds=microseconds)
    lake.add_raw("IN TIME", 8.0, microseconds=253402300799999000)
    # The year 0000.
    for days_since_1970 in (-719528, -719163):
        lake.add_raw("HURT", 3.0, days=days_since_1970)
        lake.add_raw("YEAR 0", 3.0, days=days_since_1970)
    lake.add("LAST OFFSET", LAST_DAY, 5.0, kafka_offset=2**63 - 1)
    # Numbers that are none, and extra fields that no JSON function takes.
    for number, name in enumerate(("open", "high", "low", "close", "adj_close", "volume", "close_usd")):
        lake.add("HURT", days[50 + number], 11.0, **{name: (math.inf, -math.inf, math.nan)[number % 3]})
    lake.add("HURT", days[57], 11.0, extra='{"x":"\\ud800"}')
    lake.add("HURT", days[58], 11.0, extra='{"x":' + "[" * 900_000 + "]" * 900_000 + "}")
    lake.add("HURT", days[59], 11.0, extra="no JSON at all")
    return lake


def extreme():
    """The largest numbers that there are, and the smallest, on either side of zero."""
    lake = Lake()
    columns = ("open", "high", "low", "close", "adj_close", "close_usd")
    for sign in (1, -1):
        for largest, smallest in ((1.7976931348623157e308, 5e-324), (1e300, 1e-300), (1e308, 1e308), (1e150, 1.0)):
            for number, day in enumerate(business_days(60)):
                price = sign * (largest if number % 2 else smallest)
                lake.add(f"{sign} {largest} {smallest}", day, 1.0, volume=largest, **dict.fromkeys(columns, price))
    # The first day that there is, alone and before others.
    for name in ("FIRST DAY", "1 1e+150 1.0"):
        lake.add_raw(name, 3.0, days=-719162)
    return lake


def within_days():
    """Bars of minutes: of days that have no daily bar, of such that have, corrected, late and early in the day, with what goes wrong."""
    lake = Lake()
    days = business_days(40)

    def minute(symbol, day, hour, minute, price, /, **changes):
        moment = datetime.datetime.combine(day, datetime.time(hour, minute))
        return lake.add(symbol, day, price, **{"bar_time": moment, "bar_interval": "5m"} | changes)

    for number, day in enumerate(days):
        prices = random_walk(f"minutes {number}", 30, 50.0 + number)
        # Not in the order of their times: what makes the day goes by these.
        for place in sorted(range(30), key=lambda place: place * 7 % 30):
            minute("MINUTES", day, 14 + place // 12, place % 12 * 5, prices[place], volume=100.0 + place)
        if number % 3 == 0:
            minute("BOTH", day, 15, 0, 500.0)
            minute("BOTH", day, 15, 5, 600.0)
        lake.add("BOTH", day, 20.0 + number)
        if number % 2 == 0:
            lake.add("HALF", day, 30.0 + number)
        else:
            minute("HALF", day, 15, 0, 40.0 + number, volume=None, close_usd=None)
            minute("HALF", day, 15, 5, 41.0 + number, adj_close=None)
    # A correction of one minute, and one that says the same.
    minute("MINUTES", days[30], 14, 0, 10.0)
    again = [row for row in lake.rows if row["symbol"] == "MINUTES" and row["trade_date"] == days[31]][0]
    lake.add("MINUTES", days[31], again["close"], **{name: again[name] for name in ("open", "high", "low", "volume", "bar_time", "bar_interval")})
    # The day of a feed is not that of UTC, and there may be no interval.
    evening = datetime.datetime.combine(days[39], datetime.time(1)) + datetime.timedelta(days=1)
    lake.add("EVENING", days[39], 5.0, bar_time=evening, open=4.0)
    lake.add("EVENING", days[39], 6.0, bar_time=evening - datetime.timedelta(hours=2), open=7.0)
    # Prices that are none, first and last of the day.
    minute("HURT", days[39], 9, 0, 8.0, open=math.nan, volume=math.inf)
    minute("HURT", days[39], 9, 5, 9.0)
    minute("HURT", days[39], 9, 10, 10.0, close=math.inf, close_usd=math.nan, volume=-0.0)
    minute("BELOW", days[39], 9, 0, -3.0, close_usd=-3.0)
    return lake


def names():
    """Symbols that are hard on whoever shows or counts them."""
    lake = Lake()
    hostile = ("", "a\0b\x1b[31m", "\u202egnp.exe", "=1+1", "日経平均", "تاسي", "X" * 250, "Y" * 251, "Z" * 100_000, "Z" * 100_000 + "2", "Z\u0300" * 300)
    for name in hostile:
        for day, price in zip(business_days(30), random_walk(name, 30)):
            lake.add(name, day, price)
    return lake
