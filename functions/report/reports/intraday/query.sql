-- The bars within the newest day that has any, of each symbol.
WITH bars_of_days AS (
    SELECT *, max(trade_date) OVER (PARTITION BY symbol) AS last_date
    FROM (
        {{newest_bars}}
    ) AS newest
    WHERE bar_time IS NOT NULL
),
spaced AS (
    SELECT
        *,
        date_diff('millisecond', lag(bar_time) OVER (PARTITION BY symbol ORDER BY bar_time), bar_time) / 60000e0 AS minutes
    FROM bars_of_days
    WHERE trade_date = last_date
),
-- Bars are as far apart as the nearest two are.
stepped AS (
    SELECT *, min(minutes) OVER (PARTITION BY symbol) AS step_minutes
    FROM spaced
),
summary AS (
    SELECT
        symbol,
        last_date,
        count(*) AS bars,
        min(bar_time) AS first_time,
        max(bar_time) AS last_time,
        max_by(bar_interval, bar_time) FILTER (WHERE bar_interval IS NOT NULL) AS bar_interval,
        min_by(open, bar_time) FILTER (WHERE open IS NOT NULL) AS open,
        max(high) AS high,
        min(low) AS low,
        max_by(close, bar_time) FILTER (WHERE close IS NOT NULL) AS close,
        sum(volume) AS volume,
        sum((high + low + close) / 3 * volume) AS traded,
        sum(CASE WHEN high + low + close IS NOT NULL THEN volume END) AS priced_volume,
        count(*) FILTER (WHERE minutes > 1.5e0 * step_minutes) AS gaps,
        coalesce(sum(minutes - step_minutes) FILTER (WHERE minutes > 1.5e0 * step_minutes), 0) AS gap_minutes,
        coalesce(max(minutes - step_minutes) FILTER (WHERE minutes > 1.5e0 * step_minutes), 0) AS longest_gap_minutes,
        -- Trino has a part of a second there, also if it is none.
        array_agg(substr(CAST(bar_time AS varchar), 1, 19) ORDER BY bar_time) AS times,
        array_agg(open ORDER BY bar_time) AS opens,
        array_agg(high ORDER BY bar_time) AS highs,
        array_agg(low ORDER BY bar_time) AS lows,
        array_agg(close ORDER BY bar_time) AS closes
    FROM stepped
    GROUP BY symbol, last_date
),
placed AS (
    SELECT
        *,
        CASE WHEN priced_volume > 0 THEN traded / priced_volume END AS vwap,
        row_number() OVER (ORDER BY traded DESC NULLS LAST, symbol) AS place
    FROM summary
)
SELECT
    {{symbol}} AS symbol,
    last_date,
    first_time,
    last_time,
    bars,
    bar_interval,
    open,
    high,
    low,
    close,
    100 * (close / CASE WHEN open > 0 THEN open END - 1) AS change_percent,
    100 * ((high - low) / CASE WHEN open > 0 THEN open END) AS range_percent,
    volume,
    vwap,
    gaps,
    gap_minutes,
    longest_gap_minutes,
    CASE WHEN place <= 200 AND bars <= 1500 THEN times END AS times,
    CASE WHEN place <= 200 AND bars <= 1500 THEN opens END AS opens,
    CASE WHEN place <= 200 AND bars <= 1500 THEN highs END AS highs,
    CASE WHEN place <= 200 AND bars <= 1500 THEN lows END AS lows,
    CASE WHEN place <= 200 AND bars <= 1500 THEN closes END AS closes
FROM placed
ORDER BY place
