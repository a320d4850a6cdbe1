WITH daily AS (
    {{daily_bars}}
),
averaged AS (
    SELECT
        symbol, trade_date, high, low, close, traded_usd,
        row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS age,
        max(trade_date) OVER (PARTITION BY symbol) AS last_date,
        CASE WHEN count(*) OVER (PARTITION BY symbol ORDER BY trade_date DESC ROWS BETWEEN CURRENT ROW AND 19 FOLLOWING) = 20
            THEN avg(close) OVER (PARTITION BY symbol ORDER BY trade_date DESC ROWS BETWEEN CURRENT ROW AND 19 FOLLOWING)
        END AS sma_20,
        CASE WHEN count(*) OVER (PARTITION BY symbol ORDER BY trade_date DESC ROWS BETWEEN CURRENT ROW AND 49 FOLLOWING) = 50
            THEN avg(close) OVER (PARTITION BY symbol ORDER BY trade_date DESC ROWS BETWEEN CURRENT ROW AND 49 FOLLOWING)
        END AS sma_50
    FROM daily
),
-- Averages of the same prices differ by a rounding error: that is no crossing.
compared AS (
    SELECT
        *,
        trade_date > last_date - INTERVAL '1' YEAR AS in_year,
        CASE
            WHEN sma_20 - sma_50 > 1e-9 * abs(sma_50) THEN 'above'
            WHEN sma_50 - sma_20 > 1e-9 * abs(sma_50) THEN 'below'
            WHEN sma_50 IS NOT NULL THEN 'equal'
        END AS averages
    FROM averaged
),
placed_in_year AS (
    SELECT
        *,
        lead(averages) OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS averages_before,
        max(CASE WHEN in_year THEN high END) OVER (PARTITION BY symbol) AS high_year,
        min(CASE WHEN in_year THEN low END) OVER (PARTITION BY symbol) AS low_year
    FROM compared
),
summary AS (
    SELECT
        symbol,
        last_date,
        high_year,
        low_year,
        max(close) FILTER (WHERE age = 1) AS close,
        max(sma_20) FILTER (WHERE age = 1) AS sma_20,
        max(sma_50) FILTER (WHERE age = 1) AS sma_50,
        max(averages) FILTER (WHERE age = 1) AS averages,
        max(trade_date) FILTER (WHERE averages <> averages_before) AS averages_since,
        max(trade_date) FILTER (WHERE in_year AND high = high_year) AS high_year_date,
        max(trade_date) FILTER (WHERE in_year AND low = low_year) AS low_year_date,
        avg(traded_usd) FILTER (WHERE age <= 30) AS turnover_usd,
        array_agg(CAST(trade_date AS varchar) ORDER BY trade_date) FILTER (WHERE age <= 252) AS dates,
        array_agg(close ORDER BY trade_date) FILTER (WHERE age <= 252) AS closes,
        array_agg(sma_20 ORDER BY trade_date) FILTER (WHERE age <= 252) AS sma_20s,
        array_agg(sma_50 ORDER BY trade_date) FILTER (WHERE age <= 252) AS sma_50s
    FROM placed_in_year
    GROUP BY symbol, last_date, high_year, low_year
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
    sma_20,
    100 * (close / CASE WHEN sma_20 > 0 THEN sma_20 END - 1) AS from_sma_20_percent,
    sma_50,
    100 * (close / CASE WHEN sma_50 > 0 THEN sma_50 END - 1) AS from_sma_50_percent,
    averages,
    averages_since,
    high_year,
    high_year_date,
    100 * (close / CASE WHEN high_year > 0 THEN high_year END - 1) AS from_high_percent,
    low_year,
    low_year_date,
    100 * (close / CASE WHEN low_year > 0 THEN low_year END - 1) AS from_low_percent,
    CASE WHEN is_current THEN 'yes' END AS current,
    CASE WHEN is_current THEN 100 * (close / CASE WHEN sma_50 > 0 THEN sma_50 END - 1) END AS current_from_sma_50_percent,
    CASE WHEN place <= 200 THEN dates END AS dates,
    CASE WHEN place <= 200 THEN closes END AS closes,
    CASE WHEN place <= 200 THEN sma_20s END AS sma_20s,
    CASE WHEN place <= 200 THEN sma_50s END AS sma_50s
FROM placed
ORDER BY place
