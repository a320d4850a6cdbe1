-- One bar per symbol and trade date. Where a symbol has no daily bar of a day, its bars within the day make one: the first open, the highest
-- high, the lowest low, the last close, all volume. Which bar of a time counts is said in newest_bars.sql.
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
        {{newest_bars}}
    ) AS newest
    GROUP BY symbol, trade_date
) AS of_day
