-- Of each symbol, trade date and time within it (a daily bar has none) the bar that counts: the newest on the topic.
-- Newest by timestamp, then by life: after a topic was made anew its offsets begin again. What landed before there were lives is of
-- the first.
-- A bar should land no earlier than the UTC day before its trade date: the report data-quality tells those that do. So the
-- folders from so many days before the report's day on hold every bar with a trade date within that many days. They can hold
-- older bars as well: a replay lands years in an hour.
-- What no report can count with is left out, and data-quality tells it: a date before the year 1 (an earlier version took the
-- year 0000), a price that is no number, a time beyond the years 1 to 9999. Prices may be negative, a volume may be missing.
-- {{daily}} has of each symbol, day and time within it the newest row, and of what has landed since all rows: so the newest is to be found
-- once more. It also has those that are the newest where rows of earlier folders are left out.
-- (Infinity less itself is no number, and what is none equals nothing. A comparison with the largest number would be left out by
-- DuckDB, which believes the statistics of a file, in which NaN is not.)
SELECT
    symbol, trade_date, bar_time, bar_interval, dt,
    CASE WHEN open - open = 0 THEN open END AS open,
    CASE WHEN high - high = 0 THEN high END AS high,
    CASE WHEN low - low = 0 THEN low END AS low,
    CASE WHEN close - close = 0 THEN close END AS close,
    CASE WHEN adj_close - adj_close = 0 THEN adj_close END AS adj_close,
    CASE WHEN close_usd - close_usd = 0 THEN close_usd END AS close_usd,
    CASE WHEN volume - volume = 0 AND volume >= 0 THEN volume END AS volume,
    -- A price that is not above zero says nothing of what was paid.
    CASE WHEN close_usd - close_usd = 0 AND close_usd > 0 AND volume - volume = 0 AND volume >= 0 THEN volume * close_usd END AS traded_usd,
    kafka_time
FROM (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY symbol, trade_date, bar_time
            ORDER BY
                kafka_time DESC NULLS LAST, coalesce(kafka_life, 1) DESC, kafka_offset DESC, kafka_index DESC,
                kafka_partition, kafka_topic
        ) AS newest_first
    FROM (
        SELECT
            symbol, trade_date, bar_time, bar_interval, open, high, low, close, adj_close, volume, close_usd, dt,
            {{kafka_time}} AS kafka_time,
            kafka_offset, kafka_index, kafka_partition, kafka_topic, kafka_life
        FROM {{daily}} AS daily_rows
        WHERE trade_date BETWEEN DATE '0001-01-01' AND {{date}} AND dt >= {{folder_from}}
    ) AS known
) AS ranked
WHERE newest_first = 1
