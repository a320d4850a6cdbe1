"""What the report intraday must say, computed with pandas from the rows of a lake: no SQL."""

import math

import pandas

from prices import shown


def intraday(lake, date, folder_from):
    rows = lake.frame().replace([math.inf, -math.inf], math.nan)
    rows = rows[(rows.trade_date <= date) & (rows.dt >= folder_from) & rows.bar_time.notna()]
    rows = rows.assign(partition_last=-rows.kafka_partition, life=rows.kafka_life.fillna(1))
    order = ["kafka_timestamp", "life", "kafka_offset", "kafka_index", "partition_last"]
    rows = rows.sort_values(order, na_position="first").drop_duplicates(["symbol", "trade_date", "bar_time"], keep="last")
    found = [_row(symbol, group[group.trade_date == group.trade_date.max()]) for symbol, group in rows.groupby("symbol")]
    # What nothing was traded of comes last.
    found.sort(key=lambda item: (item["traded"] is None, -(item["traded"] or 0), item["name"]))
    for place, row in enumerate(found, 1):
        del row["traded"], row["name"]
        if row["bars"] > 1500 or place > 200:
            row |= dict.fromkeys(["times", "opens", "highs", "lows", "closes"])
    return found


def _row(symbol, bars):
    bars = bars.sort_values("bar_time")
    minutes = [(after - before).total_seconds() / 60 for before, after in zip(bars.bar_time, bars.bar_time[1:])]
    step = min(minutes, default=None)
    gaps = [distance - step for distance in minutes if distance > 1.5 * step]
    opens, closes = bars.open.dropna(), bars.close.dropna()
    first = opens.iloc[0] if len(opens) else None
    last = closes.iloc[-1] if len(closes) else None
    priced = bars.dropna(subset=["high", "low", "close", "volume"])
    traded = float(((priced.high + priced.low + priced.close) / 3 * priced.volume).sum()) if len(priced) else None
    over = first if first is not None and first > 0 else None
    intervals = bars.bar_interval.dropna()
    volume = priced.volume.sum()

    def alike(values):
        return [None if pandas.isna(value) else value for value in values]

    return {
        "name": symbol, "traded": traded, "symbol": shown(symbol), "last_date": bars.trade_date.iloc[0],
        "first_time": bars.bar_time.min().to_pydatetime(), "last_time": bars.bar_time.max().to_pydatetime(), "bars": len(bars),
        "bar_interval": intervals.iloc[-1] if len(intervals) else None,
        "open": first, "high": bars.high.max(), "low": bars.low.min(), "close": last,
        "change_percent": 100 * (last / over - 1) if over and last is not None else None,
        "range_percent": 100 * (bars.high.max() - bars.low.min()) / over if over else None,
        "volume": bars.volume.sum() if bars.volume.notna().any() else None,
        "vwap": traded / volume if volume > 0 else None,
        "gaps": len(gaps), "gap_minutes": sum(gaps, 0.0), "longest_gap_minutes": max(gaps, default=0.0),
        "times": [f"{time:%Y-%m-%d %H:%M:%S}" for time in bars.bar_time],
        "opens": alike(bars.open), "highs": alike(bars.high), "lows": alike(bars.low), "closes": alike(bars.close),
    }
