-- Trino runs an expression of WITH once for each time it is named. Pairs name the symbols' days twice, so bars is read twice.
WITH daily AS (
    {{daily_bars}}
),
aged AS (
    SELECT
        symbol, trade_date, traded_usd, close_usd,
        row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS age,
        max(trade_date) OVER (PARTITION BY symbol) AS last_date,
        lead(trade_date) OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS previous_date,
        lead(close_usd) OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS previous_close_usd
    FROM daily
),
measured AS (
    SELECT
        *,
        avg(CASE WHEN age <= 30 THEN traded_usd END) OVER (PARTITION BY symbol) AS turnover_usd,
        max(trade_date) OVER () AS newest_date
    FROM aged
),
placed AS (
    SELECT *, dense_rank() OVER (ORDER BY turnover_usd DESC NULLS LAST, symbol) AS place
    FROM measured
    WHERE last_date >= newest_date - INTERVAL '7' DAY
),
-- Each symbol has one row more, of a day that is none: so each pair is there, also if no day is common to it.
daily_returns AS (
    SELECT
        {{symbol}} AS symbol,
        place,
        CASE WHEN is_day THEN trade_date ELSE DATE '0001-01-01' END AS trade_date,
        CASE WHEN is_day THEN previous_date ELSE DATE '0001-01-01' END AS previous_date,
        -- A difference of logarithms is finite, whatever the prices are.
        ln(CASE WHEN is_day AND close_usd > 0 AND previous_close_usd > 0 THEN close_usd END)
            - ln(CASE WHEN is_day AND close_usd > 0 AND previous_close_usd > 0 THEN previous_close_usd END) AS log_return
    FROM placed
    CROSS JOIN (VALUES (true), (false)) AS copies (is_day)
    WHERE place <= 12 AND (is_day OR age = 1)
),
paired AS (
    SELECT
        a.symbol,
        a.place,
        b.symbol AS other,
        b.place AS other_place,
        a.trade_date,
        a.log_return AS log_return,
        b.log_return AS other_log_return,
        a.log_return + b.log_return IS NOT NULL AS is_common,
        row_number() OVER (
            PARTITION BY a.place, b.place, a.log_return + b.log_return IS NOT NULL ORDER BY a.trade_date DESC
        ) AS newest_first
    FROM daily_returns AS a
    JOIN daily_returns AS b ON a.trade_date = b.trade_date AND a.previous_date = b.previous_date AND a.place < b.place
),
correlated AS (
    SELECT
        symbol,
        other,
        CASE
            WHEN count(*) FILTER (WHERE is_common) >= 20
                AND stddev_samp(log_return) FILTER (WHERE is_common) > 0
                AND stddev_samp(other_log_return) FILTER (WHERE is_common) > 0
            THEN corr(log_return, other_log_return) FILTER (WHERE is_common)
        END AS correlation,
        count(*) FILTER (WHERE is_common) AS days,
        min(trade_date) FILTER (WHERE is_common) AS first_date,
        max(trade_date) FILTER (WHERE is_common) AS last_date
    FROM paired
    WHERE newest_first <= 250
    GROUP BY place, other_place, symbol, other
)
SELECT
    symbol,
    other,
    correlation,
    days,
    first_date,
    last_date,
    first_value(pair) OVER (ORDER BY correlation DESC NULLS LAST, pair) AS strongest_pair,
    first_value(pair) OVER (ORDER BY correlation NULLS LAST, pair) AS lowest_pair,
    min(correlation) OVER () AS lowest_correlation
FROM (SELECT *, CASE WHEN correlation IS NOT NULL THEN concat(symbol, ' and ', other) END AS pair FROM correlated) AS named
ORDER BY correlation DESC NULLS LAST, symbol, other
