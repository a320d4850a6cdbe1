WITH daily AS (
    {{daily_bars}}
),
aged AS (
    SELECT
        symbol, trade_date, open, high, low, close, close_usd, traded_usd,
        row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS age,
        max(trade_date) OVER (PARTITION BY symbol) AS last_date
    FROM daily
),
summary AS (
    SELECT
        symbol,
        last_date,
        max(close) FILTER (WHERE age = 1) AS close,
        max(close) FILTER (WHERE age = 2) AS previous_close,
        max_by(close, trade_date) FILTER (WHERE trade_date <= last_date - INTERVAL '1' YEAR) AS close_year_ago,
        max(close_usd) FILTER (WHERE age = 1) AS close_usd,
        max(low) FILTER (WHERE age = 1) AS low,
        max(high) FILTER (WHERE age = 1) AS high,
        min(low) FILTER (WHERE trade_date > last_date - INTERVAL '1' YEAR) AS low_year,
        max(high) FILTER (WHERE trade_date > last_date - INTERVAL '1' YEAR) AS high_year,
        avg(traded_usd) FILTER (WHERE age <= 30) AS turnover_usd,
        array_agg(CAST(trade_date AS varchar) ORDER BY trade_date) FILTER (WHERE age <= 30) AS recent_dates,
        array_agg(open ORDER BY trade_date) FILTER (WHERE age <= 30) AS recent_opens,
        array_agg(high ORDER BY trade_date) FILTER (WHERE age <= 30) AS recent_highs,
        array_agg(low ORDER BY trade_date) FILTER (WHERE age <= 30) AS recent_lows,
        array_agg(close ORDER BY trade_date) FILTER (WHERE age <= 30) AS recent_closes
    FROM aged
    GROUP BY symbol, last_date
),
placed AS (
    SELECT
        *,
        row_number() OVER (ORDER BY turnover_usd DESC NULLS LAST, symbol) AS place,
        last_date >= max(last_date) OVER () - INTERVAL '7' DAY AS is_current
    FROM summary
)
SELECT
    {{symbol}} AS symbol,
    last_date,
    close,
    close - previous_close AS change,
    100 * (close / CASE WHEN previous_close > 0 THEN previous_close END - 1) AS change_percent,
    100 * (close / CASE WHEN close_year_ago > 0 THEN close_year_ago END - 1) AS change_year_percent,
    low,
    high,
    low_year,
    high_year,
    close_usd,
    turnover_usd,
    CASE WHEN is_current THEN 'yes' END AS current,
    CASE WHEN is_current THEN close - previous_close END AS current_change,
    CASE WHEN place <= 200 THEN recent_closes END AS recent_closes,
    CASE WHEN place <= 200 THEN recent_dates END AS recent_dates,
    CASE WHEN place <= 200 THEN recent_opens END AS recent_opens,
    CASE WHEN place <= 200 THEN recent_highs END AS recent_highs,
    CASE WHEN place <= 200 THEN recent_lows END AS recent_lows
FROM placed
ORDER BY place
