-- One bar per symbol and trade date. A replayed feed or a correction leaves several: the newest on the topic counts.
-- Newest by timestamp, then by life: after a topic was made anew its offsets begin again. What landed before there were lives is of
-- the first.
-- Where a symbol has no daily bar of a day, its bars within the day, the newest of each time, make one: the first open, the highest high,
-- the lowest low, the last close, all volume.
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
    symbol, trade_date,
    CASE WHEN is_daily THEN daily_dt ELSE max_dt END AS dt,
    CASE WHEN is_daily THEN daily_open ELSE first_open END AS open,
    CASE WHEN is_daily THEN daily_high ELSE highest END AS high,
    CASE WHEN is_daily THEN daily_low ELSE lowest END AS low,
    CASE WHEN is_daily THEN daily_close ELSE last_close END AS close,
    CASE WHEN is_daily THEN daily_adj_close ELSE last_adj_close END AS adj_close,
    CASE WHEN is_daily THEN daily_close_usd ELSE last_close_usd END AS close_usd,
    CASE WHEN is_daily THEN daily_volume ELSE all_volume END AS volume,
    CASE WHEN is_daily THEN daily_traded_usd ELSE all_traded_usd END AS traded_usd,
    CASE WHEN is_daily THEN daily_kafka_time ELSE max_kafka_time END AS kafka_time
FROM (
    SELECT
        symbol, trade_date,
        count(*) FILTER (WHERE bar_time IS NULL) > 0 AS is_daily,
        max(dt) FILTER (WHERE bar_time IS NULL) AS daily_dt,
        max(open) FILTER (WHERE bar_time IS NULL) AS daily_open,
        max(high) FILTER (WHERE bar_time IS NULL) AS daily_high,
        max(low) FILTER (WHERE bar_time IS NULL) AS daily_low,
        max(close) FILTER (WHERE bar_time IS NULL) AS daily_close,
        max(adj_close) FILTER (WHERE bar_time IS NULL) AS daily_adj_close,
        max(close_usd) FILTER (WHERE bar_time IS NULL) AS daily_close_usd,
        max(volume) FILTER (WHERE bar_time IS NULL) AS daily_volume,
        max(traded_usd) FILTER (WHERE bar_time IS NULL) AS daily_traded_usd,
        max(kafka_time) FILTER (WHERE bar_time IS NULL) AS daily_kafka_time,
        max(dt) AS max_dt,
        min_by(open, bar_time) FILTER (WHERE open IS NOT NULL) AS first_open,
        max(high) AS highest,
        min(low) AS lowest,
        max_by(close, bar_time) FILTER (WHERE close IS NOT NULL) AS last_close,
        max_by(adj_close, bar_time) FILTER (WHERE adj_close IS NOT NULL) AS last_adj_close,
        max_by(close_usd, bar_time) FILTER (WHERE close_usd IS NOT NULL) AS last_close_usd,
        sum(volume) AS all_volume,
        sum(traded_usd) AS all_traded_usd,
        max(kafka_time) AS max_kafka_time
    FROM (
        SELECT
            symbol, trade_date, bar_time, dt,
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
                    symbol, trade_date, bar_time, open, high, low, close, adj_close, volume, close_usd, dt,
                    {{kafka_time}} AS kafka_time,
                    kafka_offset, kafka_index, kafka_partition, kafka_topic, kafka_life
                FROM {{daily}} AS daily_rows
                WHERE trade_date BETWEEN DATE '0001-01-01' AND {{date}} AND dt >= {{folder_from}}
            ) AS known
        ) AS ranked
        WHERE newest_first = 1
    ) AS newest
    GROUP BY symbol, trade_date
) AS of_day
