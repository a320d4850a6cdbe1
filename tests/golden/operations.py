"""A small lake of records and rejects, and what ingest-health and integrity say of it, counted by hand."""

import datetime

import lake as lakes


def _moment(day, hour, minute, second=0, millisecond=0):
    return datetime.datetime(2026, 11, day, hour, minute, second, millisecond * 1000)


def lake():
    """Three partitions: one with a hole, a row that is there twice and a rejected record; one whose topic was made anew before there were
    lives; one that has two."""
    result = lakes.Lake()
    def add(symbol, partition, offset, index, landed, hour, moment, life=1):
        result.add(symbol, landed, 10.0, hour=hour, kafka_partition=partition, kafka_offset=offset, kafka_index=index,
                   kafka_timestamp=moment, kafka_life=life)

    day, before, older = lakes.LAST_DAY, datetime.date(2026, 11, 19), datetime.date(2026, 11, 1)
    add("OLD", 0, 0, 0, older, "03", _moment(1, 3, 0))
    # An array of two bars in one record, then its next; offsets 4 and 5 are a hole.
    add("A", 0, 1, 0, before, "22", _moment(19, 22, 10))
    add("B", 0, 1, 1, before, "22", _moment(19, 22, 10))
    add("A", 0, 2, 0, before, "22", _moment(19, 22, 59, 30))
    # A minute and a tenth of a second before noon: a minute.
    add("A", 0, 6, 0, day, "12", _moment(20, 11, 58, 59, 900))
    # The same row twice.
    add("B", 0, 7, 0, day, "12", _moment(20, 11, 58))
    add("B", 0, 7, 0, day, "12", _moment(20, 11, 58))
    # Offset 0 of partition 1 again, with a newer time.
    add("C", 1, 0, 0, before, "22", _moment(19, 22, 30), None)
    add("C", 1, 0, 0, day, "09", _moment(20, 9, 30), None)
    # The same offset and time in two lives is two records; the second life has a hole, and a row twice.
    for offset, life in ((0, 1), (1, 1), (0, 2), (2, 2), (2, 2)):
        add("D", 2, offset, 0, older, "03", _moment(1, 3, 30), life)
    # After the day.
    add("LATER", 0, 100, 0, datetime.date(2026, 11, 21), "00", _moment(21, 0, 1))
    milliseconds = int(datetime.datetime(2026, 11, 20, 11, 0, tzinfo=datetime.UTC).timestamp() * 1000)
    def reject(partition, offset, reason, landed_at, life=None):
        result.rejects.append((landed_at[:10], ("bars", partition, offset, milliseconds, reason, "", landed_at, life)))

    reject(0, 3, "tombstone", "2026-11-20T11:00:01Z", 1)
    reject(0, 3, "tombstone", "2026-11-20T11:00:02Z", 1)
    reject(2, 3, "undecided", "2026-11-18T08:00:00Z", 2)
    # Kept twice, of an offset that has a row: no duplicate.
    for _ in range(2):
        reject(2, 0, "undecided", "2026-11-18T08:00:00Z", 2)
    reject(1, 1, "a_new_reason", "2026-11-20T12:30:00Z")
    reject(None, None, "malformed_record", "2026-11-19T08:00:00Z")
    reject(1, 2, "not_json", "2026-11-18T08:00:00Z")
    return result


_REASONS = ["tombstone", "invalid_base64", "not_json", "not_a_bar", "missing_field", "invalid_field", "invalid_date",
            "too_many_rows", "too_large", "malformed_record", "undecided", "other"]


def _hour(start, bars, records, symbols, lag, **reasons):
    row = {"hour_start": datetime.datetime.fromisoformat(start), "bar_rows": bars, "records": records, "symbols": symbols,
           "newest_lag": lag, "rejects": sum(reasons.values())}
    return row | dict.fromkeys(_REASONS, 0) | reasons


# As of noon: the hour that has just begun is looked at as of its start.
INGEST_HEALTH = [
    _hour("2026-11-20T12:00:00", 3, 2, 2, 60, other=1),
    _hour("2026-11-20T11:00:00", 0, 0, 0, None, tombstone=2),
    _hour("2026-11-20T09:00:00", 1, 1, 1, 1800),
    _hour("2026-11-19T22:00:00", 4, 3, 3, 30),
    _hour("2026-11-19T08:00:00", 0, 0, 0, None, malformed_record=1),
]
INTEGRITY = [
    {"kafka_topic": "bars", "kafka_partition": 0, "life": 1, "first_offset": 0, "last_offset": 7, "offsets": 6, "landed": 5,
     "rejected": 1, "bar_rows": 7, "duplicates": 2, "holes": 1, "hole_offsets": 2, "first_hole": 4},
    {"kafka_topic": "bars", "kafka_partition": 1, "life": 1, "first_offset": 0, "last_offset": 2, "offsets": 3, "landed": 2,
     "rejected": 2, "bar_rows": 2, "duplicates": 0, "holes": 0, "hole_offsets": 0, "first_hole": None},
    {"kafka_topic": "bars", "kafka_partition": 2, "life": 1, "first_offset": 0, "last_offset": 1, "offsets": 2, "landed": 2,
     "rejected": 0, "bar_rows": 2, "duplicates": 0, "holes": 0, "hole_offsets": 0, "first_hole": None},
    {"kafka_topic": "bars", "kafka_partition": 2, "life": 2, "first_offset": 0, "last_offset": 3, "offsets": 3, "landed": 2,
     "rejected": 2, "bar_rows": 3, "duplicates": 1, "holes": 1, "hole_offsets": 1, "first_hole": 1},
]


def hostile():
    """A partition with the first and the last offset there can be, one with what Kafka never gives, and times that no engine has."""
    result = lakes.Lake()
    day, moment = lakes.LAST_DAY, _moment(20, 11, 30)

    def add(partition, offset, when=moment, **changes):
        result.add("A", day, 1.0, hour="11", kafka_partition=partition, kafka_offset=offset, kafka_timestamp=when, **changes)

    for offset in (0, 1, 2**63 - 2, 2**63 - 1):
        add(0, offset)
    for offset in (-2**63, -1, 3):
        add(1, offset)
    # The only record of its hour, and it has no time that counts; rejected too, with the same time.
    result.add_raw("B", 1.0, hour="10", kafka_partition=2, microseconds=-9223372036854775616)
    result.raw[-1]["kafka_offset"] = 5
    result.rejects.append(("2026-11-20", ("bars", 2, 5, 9223372036854776, "tombstone", "", "2026-11-20T10:00:00Z")))
    result.rejects.append(("2026-11-20", ("bars", 2, 6, 2**63 - 1, "tombstone", "", "2026-11-20T10:00:00Z")))
    return result


HOSTILE_HEALTH = [_hour("2026-11-20T11:00:00", 7, 7, 1, 1800), _hour("2026-11-20T10:00:00", 1, 1, 1, None, tombstone=2)]
HOSTILE_INTEGRITY = [
    {"kafka_topic": "bars", "kafka_partition": 0, "life": 1, "first_offset": 0, "last_offset": 2**63 - 1, "offsets": 4, "landed": 4,
     "rejected": 0, "bar_rows": 4, "duplicates": 0, "holes": 1, "hole_offsets": 2**63 - 4, "first_hole": 2},
    {"kafka_topic": "bars", "kafka_partition": 1, "life": 1, "first_offset": -2**63, "last_offset": 3, "offsets": 3, "landed": 3,
     "rejected": 0, "bar_rows": 3, "duplicates": 0, "holes": 0, "hole_offsets": 0, "first_hole": None},
    {"kafka_topic": "bars", "kafka_partition": 2, "life": 1, "first_offset": 5, "last_offset": 6, "offsets": 2, "landed": 1,
     "rejected": 2, "bar_rows": 1, "duplicates": 1, "holes": 0, "hole_offsets": 0, "first_hole": None},
]
