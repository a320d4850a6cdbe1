WITH daily AS (
    {{daily_bars}}
),
-- Adjusted and plain closes are never mixed: that would show dividends and splits as moves.
priced AS (
    SELECT
        symbol, trade_date, traded_usd,
        max(trade_date) OVER (PARTITION BY symbol) AS last_date,
        row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS age,
        CASE WHEN count(adj_close) OVER (PARTITION BY symbol) = count(*) OVER (PARTITION BY symbol) THEN 'adjusted' ELSE 'close' END AS price,
        CASE WHEN count(adj_close) OVER (PARTITION BY symbol) = count(*) OVER (PARTITION BY symbol) THEN adj_close ELSE close END AS level,
        CASE WHEN count(adj_close) OVER (PARTITION BY symbol) = count(*) OVER (PARTITION BY symbol)
            THEN lead(adj_close) OVER (PARTITION BY symbol ORDER BY trade_date DESC)
            ELSE lead(close) OVER (PARTITION BY symbol ORDER BY trade_date DESC)
        END AS level_before
    FROM daily
),
returned AS (
    SELECT
        *,
        trade_date > last_date - INTERVAL '1' YEAR AS in_year,
        -- A difference of logarithms is finite, whatever the prices are.
        ln(CASE WHEN level > 0 AND level_before > 0 THEN level END) - ln(CASE WHEN level > 0 AND level_before > 0 THEN level_before END)
            AS log_return
    FROM priced
),
rolling AS (
    SELECT
        *,
        CASE WHEN count(log_return) OVER (PARTITION BY symbol ORDER BY trade_date DESC ROWS BETWEEN CURRENT ROW AND 19 FOLLOWING) = 20
            THEN 100 * sqrt(252)
                * stddev_samp(log_return) OVER (PARTITION BY symbol ORDER BY trade_date DESC ROWS BETWEEN CURRENT ROW AND 19 FOLLOWING)
        END AS volatility
    FROM returned
),
known AS (
    SELECT
        *,
        substr(CAST(trade_date AS varchar), 1, 7) AS month,
        max(CASE WHEN age = 1 THEN volatility END) OVER (PARTITION BY symbol) AS volatility_now,
        CASE WHEN count(CASE WHEN in_year THEN log_return END) OVER (PARTITION BY symbol) >= 20
            THEN 100 * sqrt(252) * stddev_samp(CASE WHEN in_year THEN log_return END) OVER (PARTITION BY symbol)
        END AS volatility_year,
        avg(CASE WHEN age <= 30 THEN traded_usd END) OVER (PARTITION BY symbol) AS turnover_usd
    FROM rolling
    WHERE trade_date > last_date - INTERVAL '10' YEAR
),
months AS (
    SELECT
        symbol,
        month,
        max(last_date) AS last_date,
        max(price) AS price,
        max(volatility_now) AS volatility,
        max(volatility_year) AS volatility_year,
        max(turnover_usd) AS turnover_usd,
        count(*) FILTER (WHERE in_year AND volatility <= volatility_now) AS days_at_or_below,
        count(*) FILTER (WHERE in_year AND volatility IS NOT NULL AND volatility_now IS NOT NULL) AS days,
        CASE WHEN count(log_return) >= 10 THEN 100 * sqrt(252) * stddev_samp(log_return) END AS month_volatility,
        array_agg(CAST(trade_date AS varchar) ORDER BY trade_date) FILTER (WHERE age <= 252) AS dates,
        array_agg(volatility ORDER BY trade_date) FILTER (WHERE age <= 252) AS volatilities
    FROM known
    GROUP BY symbol, month
),
compared AS (
    SELECT
        *,
        min(month_volatility) OVER (PARTITION BY symbol) AS calmest_month_volatility,
        max(month_volatility) OVER (PARTITION BY symbol) AS wildest_month_volatility
    FROM months
),
summary AS (
    SELECT
        symbol,
        calmest_month_volatility,
        wildest_month_volatility,
        max(month) FILTER (WHERE month_volatility = calmest_month_volatility) AS calmest_month,
        max(month) FILTER (WHERE month_volatility = wildest_month_volatility) AS wildest_month,
        max(last_date) AS last_date,
        max(price) AS price,
        max(volatility) AS volatility,
        max(volatility_year) AS volatility_year,
        max(turnover_usd) AS turnover_usd,
        1e2 * sum(days_at_or_below) / nullif(sum(days), 0) AS days_at_or_below_percent,
        array_agg(dates ORDER BY month) FILTER (WHERE dates IS NOT NULL) AS dates,
        array_agg(volatilities ORDER BY month) FILTER (WHERE volatilities IS NOT NULL) AS volatilities
    FROM compared
    GROUP BY symbol, calmest_month_volatility, wildest_month_volatility
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
    price,
    volatility,
    volatility_year,
    days_at_or_below_percent,
    calmest_month,
    calmest_month_volatility,
    wildest_month,
    wildest_month_volatility,
    CASE WHEN is_current THEN 'yes' END AS current,
    CASE WHEN is_current THEN volatility END AS current_volatility,
    CASE WHEN place <= 200 THEN flatten(dates) END AS dates,
    CASE WHEN place <= 200 THEN flatten(volatilities) END AS volatilities
FROM placed
ORDER BY place
