WITH daily AS (
    {{daily_bars}}
),
aged AS (
    SELECT
        symbol, trade_date, high, low, close, close_usd,
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
        max(close_usd) FILTER (WHERE age = 1) AS close_usd,
        max(low) FILTER (WHERE age = 1) AS low,
        max(high) FILTER (WHERE age = 1) AS high,
        min(low) FILTER (WHERE trade_date > last_date - INTERVAL '1' YEAR) AS low_year,
        max(high) FILTER (WHERE trade_date > last_date - INTERVAL '1' YEAR) AS high_year,
        array_agg(CAST(trade_date AS varchar) ORDER BY trade_date) FILTER (WHERE age <= 30) AS recent_dates,
        array_agg(close ORDER BY trade_date) FILTER (WHERE age <= 30) AS recent_closes
    FROM aged
    GROUP BY symbol, last_date
)
SELECT
    symbol,
    last_date,
    close,
    close - previous_close AS change,
    100 * (close / nullif(previous_close, 0) - 1) AS change_percent,
    low,
    high,
    low_year,
    high_year,
    close_usd,
    recent_closes,
    recent_dates
FROM summary
ORDER BY symbol
