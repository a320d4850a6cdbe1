"""What the report data-quality must say, computed with plain Python from the rows of a lake: no SQL."""

import datetime
import math

from prices import daily_bars, shown

COUNTS = ["high_below_low", "open_outside", "close_outside", "without_price", "jumps", "below_zero", "early", "corrected_days", "gaps",
          "ended", "after_day", "undated", "untimed"]
KINDS = {
    "high below low": "high_below_low", "open outside the range": "open_outside", "close outside the range": "close_outside",
    "price zero or missing": "without_price", "corrected day": "corrected_days",
    "gap": "gaps", "jump": "jumps", "early": "early",
    "ended": "ended", "price below zero": "below_zero", "date after the day": "after_day", "date before the year 1": "undated",
    "time out of range": "untimed",
}
OTHERS = ["bars", "repeated_days", "missing_weekdays", "longest_gap", "missing_adj_close", "missing_close_usd", "missing_volume",
          "missing_time", "negative"]
VALUES = ["open", "high", "low", "close", "adj_close", "volume", "close_usd"]


def _worst(times):
    most = max(times, key=len)
    differing = next((rows for rows in times if len(set(rows)) > 1), None)
    return most if differing is None else (differing * len(most))[:len(most)]


def data_quality(lake, date, folder_from):
    bars = daily_bars(lake, date, folder_from)
    rows_of_time = {}
    for row in lake.known():
        if row["trade_date"] <= date and row["dt"] >= folder_from:
            key = row["symbol"], row["trade_date"]
            rows_of_time.setdefault(key, {}).setdefault(row["bar_time"], []).append(tuple(row[name] for name in VALUES))
    # Of a day the time with most rows; they differ if those of any time do.
    rows_of_day = {key: _worst(list(times.values())) for key, times in rows_of_time.items()}
    symbols, findings, later = [], [], _later(lake, date, folder_from)
    left_out = _left_out(lake, date, folder_from)
    for symbol, group in bars.groupby("symbol"):
        counts, missing, repeated, previous = dict.fromkeys(COUNTS, 0), [0], 0, None
        for bar in group.itertuples():
            gap = len(_weekdays_between(previous.trade_date, bar.trade_date)) if previous else 0
            missing.append(gap)
            rows = rows_of_day[symbol, bar.trade_date]
            repeated += len(rows) > 1 and len(set(rows)) == 1
            for kind, detail in _findings(bar, previous, gap, rows):
                findings.append({"symbol": symbol, "trade_date": bar.trade_date, "finding": kind, "detail": detail})
                counts[KINDS[kind]] += 1
            previous = bar
        if (bars.trade_date.max() - previous.trade_date).days > 7:
            counts["ended"] = 1
            detail = f"no bar since, and the newest of the lake is of {bars.trade_date.max()}"
            findings.append({"symbol": symbol, "trade_date": previous.trade_date, "finding": "ended", "detail": detail})
        counts["after_day"] = len(later.get(symbol, {}))
        counts |= left_out.get(symbol, {})
        symbols.append({
            "section": "Symbols", "symbol": symbol, "bars": len(group), "first_date": group.trade_date.iloc[0],
            "last_date": group.trade_date.iloc[-1], **counts, "findings": sum(counts.values()), "repeated_days": repeated,
            "missing_weekdays": sum(missing), "longest_gap": max(missing),
            "missing_adj_close": int(group.adj_close.isna().sum()), "missing_close_usd": int(group.close_usd.isna().sum()),
            "missing_volume": int(group.volume.isna().sum()), "missing_time": int(group.kafka_timestamp.isna().sum()),
            "negative": sum(map(_is_negative, group.itertuples())),
            "trade_date": None, "finding": None, "detail": None,
        })
    for symbol in (later.keys() | left_out.keys()) - set(bars.symbol):
        counts = dict.fromkeys(COUNTS, 0) | {"after_day": len(later.get(symbol, {}))} | left_out.get(symbol, {})
        counts["findings"] = sum(counts.values())
        others = dict.fromkeys(OTHERS, 0)
        nothing = dict.fromkeys(["first_date", "last_date", "trade_date", "finding", "detail"])
        symbols.append({"section": "Symbols", "symbol": symbol, **counts, **others, **nothing})
    for symbol, days in later.items():
        for day, dt in days.items():
            detail = f"landed on {dt}: not in the reports of the days before it"
            findings.append({"symbol": symbol, "trade_date": day, "finding": "date after the day", "detail": detail})
    undated = []
    for symbol, counts in left_out.items():
        for name, (finding, words) in LEFT_OUT.items():
            if name in counts:
                undated.append({"symbol": symbol, "trade_date": None, "finding": finding, "detail": f"{counts[name]} bars {words}"})
    symbols.sort(key=lambda row: (-row["findings"], row["symbol"]))
    order = list(KINDS)
    findings.sort(key=lambda row: (-row["trade_date"].toordinal(), row["symbol"], order.index(row["finding"])))
    nothing = dict.fromkeys(symbols[0]) if symbols else {}
    undated.sort(key=lambda row: (row["symbol"], order.index(row["finding"])))
    rows = symbols + [nothing | {"section": "Newest findings"} | row for row in undated[:20] + findings[:200]]
    return [row | {"symbol": shown(row["symbol"])} for row in rows]


LEFT_OUT = {
    "undated": ("date before the year 1", "of a day before the year 1: in no report"),
    "untimed": ("time out of range", "of records with a time beyond the years 1 to 9999: each counts as the oldest of its day"),
}


def _left_out(lake, date, folder_from):
    """Of each symbol, how many bars have a day or a time that no report can count with."""
    left_out = {}
    for row in lake.raw:
        if row["dt"] < folder_from:
            continue
        if datetime.date.min.toordinal() > row["trade_date"] + 719163:
            name = "undated"
        elif not -62135596800000000 <= row["kafka_timestamp"] < 253402300800000000:
            name = "untimed"
        else:
            continue
        counts = left_out.setdefault(row["symbol"], {})
        counts[name] = counts.get(name, 0) + 1
    return left_out


def _is_negative(bar):
    return any(price < 0 for price in (bar.open, bar.high, bar.low, bar.close))


def _later(lake, date, folder_from):
    """Of each symbol, the days after the report's that have landed by it, and when each first did."""
    later = {}
    for row in lake.rows:
        if row["trade_date"] > date and folder_from <= row["dt"] <= str(date):
            days = later.setdefault(row["symbol"], {})
            days[row["trade_date"]] = min(row["dt"], days.get(row["trade_date"], row["dt"]))
    return later


def _findings(bar, previous, gap, rows):
    high, low = _text(bar.high), _text(bar.low)
    if bar.high < bar.low:
        yield "high below low", f"high {high} is below low {low}"
    if bar.open < bar.low or bar.open > bar.high:
        yield "open outside the range", f"open {_text(bar.open)} is outside {low} to {high}"
    if bar.close < bar.low or bar.close > bar.high:
        yield "close outside the range", f"close {_text(bar.close)} is outside {low} to {high}"
    prices = (bar.open, bar.high, bar.low, bar.close)
    if 0 in prices or any(map(math.isnan, prices)):
        yield "price zero or missing", f"open {_text(bar.open)}, high {high}, low {low}, close {_text(bar.close)}"
    if len(set(rows)) > 1:
        yield "corrected day", f"{len(rows)} rows whose values differ: the newest counts"
    if gap >= 5:
        yield "gap", f"{gap} weekdays without a bar since {previous.trade_date}"
    if previous and previous.close > 0 and bar.close > 0 and not 0.8 <= bar.close / previous.close <= 1.2:
        change = 100 * (bar.close / previous.close - 1)
        change = f"{change:.1f}" if change < 1e29 else "huge"
        text = f"close {_text(bar.close)} after {_text(previous.close)} on {previous.trade_date}: {change} %"
        yield "jump", text
    if previous and _is_negative(bar) and not _is_negative(previous):
        prices = f"open {_text(bar.open)}, high {high}, low {low}, close {_text(bar.close)}"
        yield "price below zero", f"{prices}: the bar before was not below zero"
    if datetime.date.fromisoformat(bar.dt) < bar.trade_date:
        yield "early", f"landed on {bar.dt}, before its day"


def _weekdays_between(start, end):
    days = (start + datetime.timedelta(days=number) for number in range(1, (end - start).days))
    return [day for day in days if day.weekday() < 5]


def _text(number):
    if math.isnan(number):
        return "none"
    if abs(number) >= 1e24:
        return "huge"
    text = f"{number:.{12 if abs(number) < 1 else 6}f}".rstrip("0")
    return text.rstrip(".")
