"""The reports' queries over small lakes, against results computed without SQL.

golden.py FOLDER: the folder has a file REPORT.DATE.sql for each report and each date of dates.txt, rendered as the function
does it, as of noon of the date.
"""

import datetime
import functools
import math
import pathlib
import re
import shutil
import sys
import tempfile
import tomllib
import unittest

import trino_sql_validator

import lake as lakes
import intraday
import operations
import prices
import quality

HERE = pathlib.Path(__file__).resolve().parent
REPORTS = HERE.parents[1] / "functions" / "report" / "reports"
DATES = (HERE / "dates.txt").read_text(encoding="utf-8").split()
LAST_DATE = DATES[0]
PRICES = {
    "market-summary": prices.market_summary, "top-movers": prices.top_movers, "trend": prices.trend,
    "volatility": prices.volatility, "drawdown": prices.drawdown, "correlation": prices.correlation,
}
OTHERS = {"data-quality": quality.data_quality, "intraday": intraday.intraday}
FOLDER = None
# What gives a connection to the tables over a folder; tests/athena puts another engine here.
CONNECT = lakes._tables


def sql(report, date):
    return pathlib.Path(FOLDER, f"{report}.{date}.sql").read_text(encoding="utf-8")


def declaration(report):
    return tomllib.loads((REPORTS / report / "report.toml").read_text(encoding="utf-8"))


def expected(report, lake, date):
    """The rows that a report must have, by what pandas makes of the lake."""
    day, lookback = datetime.date.fromisoformat(date), declaration(report).get("lookback_days")
    folder_from = str(day - datetime.timedelta(days=lookback)) if lookback else ""
    if report in OTHERS:
        return OTHERS[report](lake, day, folder_from)
    return PRICES[report](prices.daily_bars(lake, day, folder_from))


@functools.cache
def written(make):
    """A lake, and a connection to its tables."""
    lake, folder = make(), tempfile.mkdtemp(prefix="golden-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    lake.write(folder)
    connection = CONNECT(folder)
    unittest.addModuleCleanup(connection.close)
    return lake, connection


class GoldenCase(unittest.TestCase):
    """Runs queries over one lake and compares every cell."""

    maxDiff = None

    def run_query(self, report, date, make):
        _, connection = written(make)
        result = connection.execute(sql(report, date))
        names = [column[0] for column in result.description]
        return names, result.fetchall()

    def check(self, report, date, make, rows=None):
        rows = expected(report, written(make)[0], date) if rows is None else rows
        formats = {column["name"]: column["format"] for column in declaration(report)["columns"]}
        names, found = self.run_query(report, date, make)
        self.assertEqual(sorted(names), sorted(formats), "the columns of the query and of report.toml")
        place = [(row.get("section"), row["symbol"]) if "symbol" in row else None for row in rows]
        position = {name: index for index, name in enumerate(names)}
        if place and place[0]:
            found_place = [(row[position["section"]] if "section" in position else None, row[position["symbol"]]) for row in found]
            self.assertEqual(found_place, place, "the order of the rows")
        self.assertEqual(len(found), len(rows), "the number of rows")
        for number, (found_row, row) in enumerate(zip(found, rows), 1):
            self.assertEqual(sorted(row), sorted(formats), f"the columns expected of row {number}")
            for name, cell in zip(names, found_row):
                value = read(formats[name], cell)
                self.assertTrue(alike(value, plain(row[name])), f"row {number}, {row.get('symbol')}, {name}: {value!r} for {row[name]!r}")
        return rows


def read(format, cell):
    """A cell as the function reads it: from the text of its value."""
    if cell is None:
        return None
    text = str(cell)
    if format in ("numbers", "dates", "times"):
        items = [item.strip().strip("'") for item in text[1:-1].split(",")] if text != "[]" else []
        return [None if item in ("None", "nan") else float(item) if format == "numbers" else item for item in items]
    if format in ("integer", "duration"):
        return int(text)
    if format in ("decimal", "amount", "percent"):
        number = float(text)
        return number if math.isfinite(number) else None
    return text


def is_readable(format, cell):
    """Whether the function's parser takes it: as table.rs does."""
    if cell is None or format in ("text", "month"):
        return True
    text = str(cell)
    if format in ("integer", "duration"):
        return re.fullmatch(r"-?\d+", text) is not None and -2**63 <= int(text) < 2**63
    if format in ("decimal", "amount", "percent"):
        return isinstance(float(text), float)
    if format == "date":
        return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None
    if format == "timestamp":
        return re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", text) is not None
    items = [item.strip().strip("'") for item in text[1:-1].split(",")] if text != "[]" else []
    single = {"numbers": "decimal", "dates": "date", "times": "timestamp"}[format]
    return all(item == "None" or is_readable(single, item) for item in items)


def plain(value):
    """An expected value in the form of one that was read."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return str(value)
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


def alike(found, wanted):
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(alike, found, wanted))
    if isinstance(wanted, float) and isinstance(found, float):
        return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)
    return type(found) is type(wanted) and found == wanted


def walk(symbols, days, **changes):
    """A lake of symbols with bars on so many days."""
    lake = lakes.Lake()
    for name in symbols:
        for day, price in zip(lakes.business_days(days), lakes.random_walk(name, days)):
            lake.add(name, day, price, **changes)
    return lake


def one_bar():
    lake = lakes.Lake()
    lake.add("ALONE", lakes.LAST_DAY, 12.5)
    return lake


def flat():
    lake = lakes.Lake()
    for name, price in (("FLAT", 0.1), ("LEVEL", 7.3)):
        for day in lakes.business_days(80):
            lake.add(name, day, price)
    return lake


def just_enough():
    """Months of ten returns, a year of twenty, and a pair with nineteen common days."""
    lake = lakes.Lake()
    for name, count in (("ENOUGH", 21), ("ALSO", 21), ("SHORT", 20)):
        for day, price in zip(lakes.business_days(count, datetime.date(2026, 11, 13)), lakes.random_walk(name, count)):
            lake.add(name, day, price)
    return lake


def decades():
    """A bar a month for thirty years: more months than a chart has points."""
    lake = lakes.Lake()
    prices = lakes.random_walk("decades", 360)
    for number, price in enumerate(prices):
        lake.add("OLD", datetime.date(1997 + number // 12, number % 12 + 1, 15), price, landed=lakes.LAST_DAY)
    return lake


def two_falls():
    lake = lakes.Lake()
    for day, price in zip(lakes.business_days(8), [10.0, 8.0, 5.0, 5.0, 9.0, 10.0, 12.0, 9.0]):
        lake.add("HAND", day, price, adj_close=None)
    return lake


def ended():
    """Last bars of the newest day, of 7 and of 8 days before it: the last one has ended."""
    lake = lakes.Lake()
    for name, before in (("RUNNING", 0), ("WEEK", 7), ("EIGHT", 8)):
        last = lakes.LAST_DAY - datetime.timedelta(days=before)
        for day, price in zip(lakes.business_days(60, last), lakes.random_walk(name, 60)):
            lake.add(name, day, price)
    return lake


def halted():
    """Two bars each, the earlier one so many days before: at the ends of a week, of two, and of two months, and past them."""
    lake = lakes.Lake()
    for before in (7, 8, 14, 15, 61, 62, 200):
        lake.add(f"H{before}", lakes.LAST_DAY - datetime.timedelta(days=before), 10.0)
        lake.add(f"H{before}", lakes.LAST_DAY, 11.0)
    return lake


LAKES = {
    "a lake of everything": lakes.everything,
    "no bars at all": lakes.Lake,
    "one bar": one_bar,
    "one symbol": lambda: walk(["ALONE"], 70),
    "flat prices": flat,
    "no adjusted close": lambda: walk(["ONE", "TWO"], 90, adj_close=None),
    "no close in USD": lambda: walk(["ONE", "TWO"], 60, close_usd=None),
    "just enough": just_enough,
    "symbols that ended": ended,
    "symbols that were halted": halted,
    "decades of months": decades,
    "prices below zero": lakes.below_zero,
    "indices without volume": lambda: walk(["ONE", "TWO", "THREE"], 60, volume=None),
    "what an earlier version landed": lakes.earlier_version,
    "symbols of any kind": lakes.names,
    "bars within days": lakes.within_days,
    "more symbols than charts": lambda: walk([f"S{number:02}" for number in range(30)], 45),
}


class PricesTest(GoldenCase):
    """Each report on each lake."""


def _add_tests():
    for name, make in LAKES.items():
        for report in [*PRICES, *OTHERS]:
            for date in DATES if name == "a lake of everything" else [LAST_DATE]:
                def test(self, report=report, date=date, make=make):
                    self.check(report, date, make)

                sentence = f"test_{report}_of_{name}_on_{date}".replace(" ", "_").replace("-", "_")
                setattr(PricesTest, sentence, test)


_add_tests()


class FixedPointsTest(GoldenCase):
    """That the lake of everything has in it what the comparison is meant to see."""

    def test_each_kind_of_finding_is_there(self):
        makes = (lakes.everything, lakes.below_zero, lakes.earlier_version)
        rows = [row for make in makes for row in expected("data-quality", written(make)[0], LAST_DATE)]
        self.assertEqual({row["finding"] for row in rows if row["finding"]}, set(quality.KINDS))

    def test_nothing_is_before_the_data(self):
        for report in [*PRICES, *OTHERS]:
            self.assertEqual(self.run_query(report, "2019-01-01", lakes.everything)[1], [], report)

    def test_a_symbol_is_text_whatever_is_in_it(self):
        _, rows = self.run_query("market-summary", LAST_DATE, lakes.everything)
        self.assertIn('<img src=x onerror="alert(1)">,\'&', [row[0] for row in rows])

    def test_a_price_that_does_not_move_has_no_fall_no_rank_and_no_correlation(self):
        self.assertEqual([row["section"] for row in self.check("drawdown", LAST_DATE, flat)], ["Below the peak now"] * 2)
        self.assertEqual(self.check("top-movers", LAST_DATE, flat), [])
        self.assertEqual([row["correlation"] for row in self.check("correlation", LAST_DATE, flat)], [None])

    def test_a_fall_and_its_recovery_are_as_computed_by_hand(self):
        now, *worst = self.check("drawdown", LAST_DATE, two_falls)
        self.assertEqual((now["depth_percent"], str(now["peak_date"]), now["days_below"]), (-25.0, "2026-11-19", 1))
        found = [(row["depth_percent"], str(row["trough_date"]), row["days_falling"], row["days_to_recover"]) for row in worst]
        self.assertEqual(found, [(-50.0, "2026-11-13", 2, 5), (-25.0, "2026-11-20", 1, None)])

    def test_a_move_is_not_over_a_halt(self):
        found = {}
        for row in self.check("top-movers", LAST_DATE, halted):
            found.setdefault(row["period"], set()).add(row["symbol"])
        self.assertEqual(found, {"Day": {"H7"}, "Week": {"H7", "H8", "H14"}, "Month": {"H61"}})

    def test_a_symbol_is_current_until_its_last_bar_is_more_than_a_week_before_the_newest(self):
        for report in ("market-summary", "trend", "volatility", "drawdown"):
            rows = self.check(report, LAST_DATE, ended)
            self.assertEqual({row["symbol"] for row in rows if row["current"]}, {"RUNNING", "WEEK"}, report)
        pairs = [(row["symbol"], row["other"]) for row in self.check("correlation", LAST_DATE, ended)]
        self.assertEqual([set(pair) for pair in pairs], [{"RUNNING", "WEEK"}])


    def test_no_change_is_over_a_price_that_is_not_above_zero(self):
        rows = {row["symbol"]: row for row in self.check("market-summary", LAST_DATE, lakes.below_zero)}
        self.assertEqual([rows[name]["change_percent"] for name in ("RATE", "ZERO", "NEGATIVE LAST")], [None, None, -130.0])
        self.assertEqual([rows[name]["change"] for name in ("ZERO", "NEGATIVE LAST")], [2.0, -13.0])
        self.assertEqual(rows["INDEX"]["turnover_usd"] is None or math.isnan(rows["INDEX"]["turnover_usd"]), True)
        worst = [row for row in self.check("drawdown", LAST_DATE, lakes.below_zero) if row["section"] == "Worst falls"]
        crude = next(row for row in worst if row["symbol"] == "CRUDE")
        self.assertEqual((crude["trough"], crude["depth_percent"] < -100), (-37.63, True))
        self.assertEqual({"RATE", "ZERO"} & {row["symbol"] for row in worst}, set())

    def test_an_index_without_volume_has_no_finding_for_it(self):
        rows = self.check("data-quality", LAST_DATE, LAKES["indices without volume"])
        self.assertEqual([(row["findings"], row["missing_volume"], row["bars"]) for row in rows], [(0, 60, 60)] * 3)

    def test_a_price_below_zero_is_a_finding_where_it_comes_up(self):
        rows = self.check("data-quality", LAST_DATE, lakes.below_zero)
        counts = {row["symbol"]: (row["below_zero"], row["negative"]) for row in rows if row["section"] == "Symbols"}
        self.assertEqual((counts["CRUDE"], counts["RATE"], counts["INDEX"]), ((1, 1), (0, 300), (0, 0)))

    def test_what_an_earlier_version_landed_is_told_and_left_out(self):
        rows = self.check("data-quality", LAST_DATE, lakes.earlier_version)
        told = [(row["symbol"], row["finding"]) for row in rows if row["section"] == "Newest findings" and row["trade_date"] is None]
        untimed = [(f"TIME {number}", "time out of range") for number in range(4)]
        self.assertEqual(told, [("HURT", "date before the year 1"), ("HURT", "time out of range"), *untimed, ("YEAR 0", "date before the year 1")])
        prices = {row["symbol"]: row["close"] for row in self.check("market-summary", LAST_DATE, lakes.earlier_version)}
        self.assertEqual((prices["TIME 0"], prices["IN TIME"], "YEAR 0" in prices), (7.0, 8.0, False))


class AnyLakeTest(GoldenCase):
    """Nothing that may be in a lake makes a report fail."""

    def test_each_report_of_each_lake_can_be_read(self):
        makes = (lakes.extreme, lakes.below_zero, lakes.earlier_version, lakes.names, lakes.within_days, operations.hostile)
        for report in [*PRICES, *OTHERS, "ingest-health", "integrity"]:
            formats = {column["name"]: column["format"] for column in declaration(report)["columns"]}
            for make in makes:
                for date in DATES:
                    with self.subTest(report, lake=make.__name__, date=date):
                        names, rows = self.run_query(report, date, make)
                        for row in rows:
                            for name, cell in zip(names, row):
                                self.assertTrue(is_readable(formats[name], cell), (name, cell))

    def test_no_report_reads_the_fields_that_are_no_columns(self):
        for path in pathlib.Path(FOLDER).glob("*.sql"):
            query = re.sub("--.*", "", path.read_text(encoding="utf-8"))
            self.assertNotRegex(query, r"(?i)\bextra\b|\bjson", path.name)


class OperationsTest(GoldenCase):
    """Ingest health and integrity, whose results are written down by hand."""

    def test_ingest_health_is_as_counted_by_hand(self):
        self.check("ingest-health", LAST_DATE, operations.lake, operations.INGEST_HEALTH)

    def test_integrity_is_as_counted_by_hand(self):
        self.check("integrity", LAST_DATE, operations.lake, operations.INTEGRITY)

    def test_offsets_and_times_at_the_end_of_what_a_number_holds_are_counted(self):
        self.check("ingest-health", LAST_DATE, operations.hostile, operations.HOSTILE_HEALTH)
        self.check("integrity", LAST_DATE, operations.hostile, operations.HOSTILE_INTEGRITY)

    def test_both_are_empty_where_nothing_landed(self):
        for report in ("ingest-health", "integrity"):
            self.check(report, LAST_DATE, lakes.Lake, [])


class TrinoTest(unittest.TestCase):
    """Each query in the eyes of Trino's grammar."""

    def test_each_report_has_a_query_for_each_date(self):
        reports = {path.parent.name for path in REPORTS.glob("*/query.sql")}
        self.assertEqual(reports, {*PRICES, *OTHERS, "ingest-health", "integrity"}, "a new report needs golden results")

    def test_each_query_is_valid_trino_and_names_only_what_trino_has(self):
        for path in sorted(pathlib.Path(FOLDER).glob("*.sql")):
            with self.subTest(path.name):
                result = trino_sql_validator.validate(path.read_text(encoding="utf-8"), jinja="reject")
                self.assertTrue(result.valid, result.error)
                self.assertEqual(result.warnings, ())

    def test_no_window_has_a_filter_which_trino_parses_and_then_refuses(self):
        nested = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
        for path in sorted(pathlib.Path(FOLDER).glob("*.sql")):
            found = re.search(rf"FILTER\s*{nested}\s*OVER", path.read_text(encoding="utf-8"))
            self.assertIsNone(found, path.name)

    def test_no_window_has_a_name_which_athena_does_not_list(self):
        # Trino has the clause WINDOW; the synopsis of SELECT in Athena's guide has not.
        for path in sorted(pathlib.Path(FOLDER).glob("*.sql")):
            query = re.sub("--.*", "", path.read_text(encoding="utf-8"))
            self.assertNotRegex(query, r"(?i)\bwindow\s+\w+\s+as\b|\bover\s+[^\s(]", path.name)


if __name__ == "__main__":
    FOLDER = sys.argv.pop(1)
    unittest.main(verbosity=2)
