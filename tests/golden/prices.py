"""What the reports on prices must say, computed with pandas and numpy from the rows of a lake: no SQL."""

import math

import numpy
import pandas

YEAR = pandas.DateOffset(years=1)


def shown(symbol):
    """A symbol as reports have it, cut where it is very long."""
    return symbol if len(symbol) <= 250 else symbol[:250] + "…"


def daily_bars(lake, date, folder_from):
    """The newest row of each symbol and day; without one, a day made of its bars, the newest of each time."""
    rows = lake.frame().replace([math.inf, -math.inf], math.nan)
    rows = rows[(rows.trade_date <= date) & (rows.dt >= folder_from)]
    rows = rows.assign(partition_last=-rows.kafka_partition, life=rows.kafka_life.fillna(1))
    order = ["kafka_timestamp", "life", "kafka_offset", "kafka_index", "partition_last"]
    rows = rows.sort_values(order, na_position="first").drop_duplicates(["symbol", "trade_date", "bar_time"], keep="last")
    rows = rows.assign(traded=(rows.volume * rows.close_usd).where(rows.close_usd > 0))
    is_daily = rows.bar_time.isna()
    daily = rows[is_daily]
    within = rows[~is_daily & ~pandas.MultiIndex.from_frame(rows[["symbol", "trade_date"]]).isin(
        pandas.MultiIndex.from_frame(daily[["symbol", "trade_date"]]))]
    if not within.empty:
        daily = pandas.concat([daily, pandas.DataFrame([_rolled_up(group) for _, group in within.groupby(["symbol", "trade_date"])])])
    return daily.sort_values(["symbol", "trade_date"]).reset_index(drop=True)


def _rolled_up(bars):
    """One bar of a day's."""
    bars = bars.sort_values("bar_time")

    def total(values):
        return values.sum() if values.notna().any() else math.nan

    def end(values, at):
        known = values.dropna()
        return math.nan if known.empty else known.iloc[at]

    return bars.iloc[-1].to_dict() | {
        "open": end(bars.open, 0), "high": bars.high.max(), "low": bars.low.min(), "close": end(bars.close, -1),
        "adj_close": end(bars.adj_close, -1), "close_usd": end(bars.close_usd, -1), "volume": total(bars.volume), "traded": total(bars.traded),
        "dt": bars.dt.max(), "kafka_timestamp": bars.kafka_timestamp.max(),
    }


def traded(group):
    """Volume times close in USD, of those that have both, and a price above zero; of a day of several bars, of each."""
    return group.traded


def by_turnover(bars):
    """Each symbol with its bars, oldest first: the largest turnover first."""
    def turnover(group):
        value = traded(group.tail(30)).mean()
        return math.inf if math.isnan(value) else -value

    groups = [(symbol, group.reset_index(drop=True)) for symbol, group in bars.groupby("symbol")]
    return sorted(groups, key=lambda item: (turnover(item[1]), item[0]))


def before(day, offset):
    return (pandas.Timestamp(day) - offset).date()


def percent(value, base):
    return 100 * (value / base - 1) if base is not None and base > 0 else None


def with_current(rows, **values):
    """Adds what only a symbol whose last bar is within 7 days of the newest one has: `current`, and copies of other values."""
    newest = max((row["last_date"] for row in rows), default=None)
    for row in rows:
        is_current = (newest - row["last_date"]).days <= 7
        row["current"] = "yes" if is_current else None
        row |= {name: row[value] if is_current else None for name, value in values.items()}
    return rows


def market_summary(bars):
    rows = []
    for place, (symbol, group) in enumerate(by_turnover(bars)):
        last, recent = group.iloc[-1], group.tail(30)
        previous = group.close.iloc[-2] if len(group) > 1 else None
        year = group[group.trade_date > before(last.trade_date, YEAR)]
        older = group[group.trade_date <= before(last.trade_date, YEAR)]
        turnover = traded(recent).mean()
        rows.append({
            "symbol": shown(symbol), "last_date": last.trade_date, "close": last.close,
            "change": None if previous is None else last.close - previous,
            "change_percent": percent(last.close, previous),
            "change_year_percent": percent(last.close, older.close.iloc[-1] if len(older) else None),
            "low": last.low, "high": last.high, "low_year": year.low.min(), "high_year": year.high.max(),
            "close_usd": last.close_usd, "turnover_usd": turnover,
            "recent_closes": list(recent.close) if place < 200 else None,
            "recent_dates": list(recent.trade_date) if place < 200 else None,
            "recent_opens": list(recent.open) if place < 200 else None,
            "recent_highs": list(recent.high) if place < 200 else None,
            "recent_lows": list(recent.low) if place < 200 else None,
        })
    return with_current(rows, current_change="change")


def top_movers(bars):
    if bars.empty:
        return []
    running = bars.groupby("symbol").trade_date.max()
    running = running[running >= before(bars.trade_date.max(), pandas.Timedelta(days=7))]
    rows = []
    periods = [
        ("Day", pandas.Timedelta(days=1), pandas.Timedelta(days=7)),
        ("Week", pandas.Timedelta(days=7), pandas.Timedelta(days=14)),
        ("Month", pandas.DateOffset(months=1), pandas.DateOffset(months=2)),
    ]
    for period, shortest, longest in periods:
        moves = []
        for symbol, last_date in running.items():
            group = bars[bars.symbol == symbol]
            close = group.close_usd.iloc[-1]
            in_period = group.trade_date.between(before(last_date, longest), before(last_date, shortest))
            earlier = group[(group.close_usd > 0) & in_period]
            if math.isnan(close) or earlier.empty:
                continue
            since, month = earlier.iloc[-1], before(last_date, pandas.DateOffset(months=1))
            latest, drawn = group[group.trade_date > month], group[group.trade_date >= month]
            moves.append({
                "period": period, "symbol": shown(symbol), "change_percent": percent(close, since.close_usd), "close_usd": close,
                "last_date": last_date, "previous_close_usd": since.close_usd, "since_date": since.trade_date,
                "turnover_usd": traded(latest).mean(),
                "month_closes_usd": list(drawn.close_usd), "month_dates": list(drawn.trade_date),
            })
        rose = [move for move in moves if move["change_percent"] > 0]
        fell = [move for move in moves if move["change_percent"] < 0]
        counts = {"compared": len(moves), "rose": len(rose), "fell": len(fell)}
        for direction, moved in (("rose", rose), ("fell", fell)):
            moved.sort(key=lambda move: (-abs(move["change_percent"]), move["symbol"]))
            rows += [move | counts | {"direction": direction, "rank": rank} for rank, move in enumerate(moved[:10], 1)]
    return rows


def trend(bars):
    rows = []
    for place, (symbol, group) in enumerate(by_turnover(bars)):
        last = group.iloc[-1]
        averages = {
            bars: [numpy.mean(group.close[end - bars:end]) if end >= bars else None for end in range(1, len(group) + 1)]
            for bars in (20, 50)
        }
        def stand(short, long):
            return "equal" if math.isclose(short, long, rel_tol=1e-9) else "above" if short > long else "below"

        states = [stand(short, long) for short, long in zip(averages[20], averages[50]) if long is not None]
        dates = list(group.trade_date)[49:]
        changes = [dates[index] for index in range(1, len(states)) if states[index] != states[index - 1]]
        year = group[group.trade_date > before(last.trade_date, YEAR)]
        highest, lowest = year[year.high == year.high.max()].iloc[-1], year[year.low == year.low.min()].iloc[-1]
        chart = {
            "dates": list(group.trade_date.tail(252)), "closes": list(group.close.tail(252)),
            "sma_20s": averages[20][-252:], "sma_50s": averages[50][-252:],
        }
        rows.append({
            "symbol": shown(symbol), "last_date": last.trade_date, "close": last.close,
            "sma_20": averages[20][-1], "from_sma_20_percent": percent(last.close, averages[20][-1]),
            "sma_50": averages[50][-1], "from_sma_50_percent": percent(last.close, averages[50][-1]),
            "averages": states[-1] if states else None, "averages_since": changes[-1] if changes else None,
            "high_year": highest.high, "high_year_date": highest.trade_date,
            "from_high_percent": percent(last.close, highest.high),
            "low_year": lowest.low, "low_year_date": lowest.trade_date, "from_low_percent": percent(last.close, lowest.low),
        } | (chart if place < 200 else dict.fromkeys(chart)))
    return with_current(rows, current_from_sma_50_percent="from_sma_50_percent")


def _adjusted(group):
    """The prices that returns are made from, and their kind."""
    return (group.adj_close, "adjusted") if group.adj_close.notna().all() else (group.close, "close")


def _annual(returns):
    return 100 * math.sqrt(252) * numpy.std(returns, ddof=1)


def volatility(bars):
    rows = []
    for place, (symbol, group) in enumerate(by_turnover(bars)):
        prices, kind = _adjusted(group)
        last_date = group.trade_date.iloc[-1]
        returns = [math.nan] + [
            math.log(price) - math.log(previous) if price > 0 and previous > 0 else math.nan
            for previous, price in zip(prices, prices[1:])
        ]
        rolling = [
            None if end < 20 or any(map(math.isnan, returns[end - 20:end])) else _annual(returns[end - 20:end])
            for end in range(1, len(returns) + 1)
        ]
        decade = group.assign(log_return=returns, value=pandas.Series(rolling, dtype="float64"))
        decade = decade[decade.trade_date > before(last_date, pandas.DateOffset(years=10))]
        year = decade[decade.trade_date > before(last_date, YEAR)]
        now, known = rolling[-1], year.value.dropna()
        months = {
            month: _annual(values.dropna())
            for month, values in decade.groupby(decade.trade_date.map(lambda day: f"{day:%Y-%m}")).log_return
            if values.count() >= 10
        }
        calmest, wildest = min(months.values(), default=None), max(months.values(), default=None)
        chart = {"dates": list(decade.trade_date.tail(252)), "volatilities": list(decade.value.tail(252))}
        rows.append({
            "symbol": shown(symbol), "last_date": last_date, "price": kind, "volatility": now,
            "volatility_year": _annual(year.log_return.dropna()) if year.log_return.count() >= 20 else None,
            "days_at_or_below_percent": None if now is None else 100 * (known <= now).sum() / len(known),
            "calmest_month": max((month for month in months if months[month] == calmest), default=None),
            "calmest_month_volatility": calmest,
            "wildest_month": max((month for month in months if months[month] == wildest), default=None),
            "wildest_month_volatility": wildest,
        } | (chart if place < 200 else dict.fromkeys(chart)))
    return with_current(rows, current_volatility="volatility")


def _falls(prices, dates):
    """From each highest price so far, the bars below it: (peak, peak date, trough, trough date, date of recovery)."""
    falls = []
    for price, day in zip(prices, dates):
        if not falls or price >= falls[-1]["peak"]:
            if falls:
                falls[-1]["recovered_date"] = day
            falls.append({"peak": price, "peak_date": day, "trough": price, "trough_date": day, "recovered_date": None})
        elif price < falls[-1]["trough"]:
            falls[-1] |= {"trough": price, "trough_date": day}
    return falls


def _days(start, end):
    return None if start is None or end is None else (end - start).days


def drawdown(bars):
    now, worst = [], []
    groups = [(symbol, group, _adjusted(group)) for symbol, group in by_turnover(bars)]
    # A fall is from a price above zero; a price of zero is none.
    groups = [group for group in groups if (group[2][0] > 0).any()]
    for place, (symbol, group, (prices, kind)) in enumerate(groups):
        has_peak = (prices != 0) & prices.notna() & (prices.cummax() > 0)
        prices, dates = prices[has_peak], list(group.trade_date[has_peak])
        falls = _falls(prices, dates)
        depths = pandas.Series(list(prices / prices.cummax() - 1), index=dates)
        first, last = group.trade_date.iloc[0], group.trade_date.iloc[-1]
        month = [12 * (day.year - first.year) + day.month - first.month for day in dates]
        step = math.ceil((12 * (last.year - first.year) + last.month - first.month + 1) / 260)
        points = [points.idxmin() for _, points in depths.groupby([number // step for number in month])]
        if points[-1] < dates[-1]:
            points.append(dates[-1])
        nothing = dict.fromkeys(["rank", "last_price", "last_date", "days_below", "days_falling", "dates", "depths"])
        nothing |= {"current": None, "current_depth_percent": None}
        current, price = falls[-1], prices.iloc[-1]
        now.append(nothing | current | {
            "section": "Below the peak now", "symbol": shown(symbol), "price": kind, "depth_percent": 100 * (price / current["peak"] - 1),
            "last_price": price, "last_date": dates[-1], "days_below": _days(current["peak_date"], dates[-1]),
            "days_to_recover": None,
            "dates": points if place < 200 else None, "depths": [100 * depths[day] for day in points] if place < 200 else None,
        })
        deepest = sorted((fall for fall in falls if fall["trough"] < fall["peak"]), key=lambda fall: fall["trough"] / fall["peak"])
        for rank, fall in enumerate(deepest[:3], 1):
            worst.append(nothing | fall | {
                "section": "Worst falls", "symbol": shown(symbol), "price": kind, "rank": rank,
                "depth_percent": 100 * (fall["trough"] / fall["peak"] - 1),
                "days_falling": _days(fall["peak_date"], fall["trough_date"]),
                "days_to_recover": _days(fall["trough_date"], fall["recovered_date"]),
            })
    return with_current(now, current_depth_percent="depth_percent") + worst


def correlation(bars):
    returns = []
    running = [(symbol, group) for symbol, group in by_turnover(bars) if (bars.trade_date.max() - group.trade_date.max()).days <= 7]
    for symbol, group in running[:12]:
        closes = group.close_usd.where(group.close_usd > 0)
        frame = pandas.DataFrame({"day": group.trade_date, "before": group.trade_date.shift(1), "value": numpy.log(closes).diff()})
        returns.append((shown(symbol), frame.dropna()))
    rows = []
    for index, (symbol, one) in enumerate(returns):
        for other, two in returns[index + 1:]:
            common = one.merge(two, on=["day", "before"]).sort_values("day").tail(250)
            is_enough = len(common) >= 20 and common.value_x.std() > 0 and common.value_y.std() > 0
            rows.append({
                "symbol": symbol, "other": other,
                "correlation": numpy.corrcoef(common.value_x, common.value_y)[0, 1] if is_enough else None,
                "days": len(common), "first_date": common.day.min() if len(common) else None,
                "last_date": common.day.max() if len(common) else None,
            })
    rows.sort(key=lambda row: (row["correlation"] is None, -(row["correlation"] or 0), row["symbol"], row["other"]))
    known = [row for row in rows if row["correlation"] is not None]
    strongest, lowest = (known[0], known[-1]) if known else (None, None)
    extremes = {
        "strongest_pair": strongest and f"{strongest['symbol']} and {strongest['other']}",
        "lowest_pair": lowest and f"{lowest['symbol']} and {lowest['other']}",
        "lowest_correlation": lowest and lowest["correlation"],
    }
    return [row | extremes for row in rows]
