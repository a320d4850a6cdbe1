WITH daily AS (
    {{daily_bars}}
),
dated AS (
    SELECT symbol, trade_date, traded_usd, close_usd, max(trade_date) OVER (PARTITION BY symbol) AS last_date
    FROM daily
),
based AS (
    SELECT
        *,
        close_usd > 0 AND trade_date < last_date AND trade_date >= last_date - INTERVAL '7' DAY AS is_day_base,
        close_usd > 0 AND trade_date BETWEEN last_date - INTERVAL '14' DAY AND last_date - INTERVAL '7' DAY AS is_week_base,
        close_usd > 0 AND trade_date BETWEEN last_date - INTERVAL '2' MONTH AND last_date - INTERVAL '1' MONTH AS is_month_base
    FROM dated
),
-- A close in USD that is missing or not above zero is no base to compare with: the bar before it is. One from before a halt is none either.
compared AS (
    SELECT
        symbol,
        last_date,
        max(close_usd) FILTER (WHERE trade_date = last_date) AS close_usd,
        max(trade_date) FILTER (WHERE is_day_base) AS day_date,
        max_by(close_usd, trade_date) FILTER (WHERE is_day_base) AS day_close,
        max(trade_date) FILTER (WHERE is_week_base) AS week_date,
        max_by(close_usd, trade_date) FILTER (WHERE is_week_base) AS week_close,
        max(trade_date) FILTER (WHERE is_month_base) AS month_date,
        max_by(close_usd, trade_date) FILTER (WHERE is_month_base) AS month_close,
        avg(traded_usd) FILTER (WHERE trade_date > last_date - INTERVAL '1' MONTH) AS turnover_usd,
        array_agg(CAST(trade_date AS varchar) ORDER BY trade_date)
            FILTER (WHERE trade_date >= last_date - INTERVAL '1' MONTH) AS month_dates,
        array_agg(close_usd ORDER BY trade_date) FILTER (WHERE trade_date >= last_date - INTERVAL '1' MONTH) AS month_closes_usd
    FROM based
    GROUP BY symbol, last_date
),
moved AS (
    SELECT
        place, period, symbol, last_date, close_usd, turnover_usd, month_dates, month_closes_usd,
        CASE place WHEN 1 THEN day_date WHEN 2 THEN week_date ELSE month_date END AS since_date,
        CASE place WHEN 1 THEN day_close WHEN 2 THEN week_close ELSE month_close END AS previous_close_usd
    FROM (SELECT *, max(last_date) OVER () AS newest_date FROM compared) AS compared
    CROSS JOIN (VALUES (1, 'Day'), (2, 'Week'), (3, 'Month')) AS periods (place, period)
    WHERE last_date >= newest_date - INTERVAL '7' DAY
),
directed AS (
    SELECT
        *,
        100 * (close_usd / previous_close_usd - 1) AS change_percent,
        CASE WHEN close_usd > previous_close_usd THEN 'rose' WHEN close_usd < previous_close_usd THEN 'fell' END AS direction
    FROM moved
    WHERE close_usd IS NOT NULL AND previous_close_usd IS NOT NULL
),
ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY place, direction ORDER BY abs(change_percent) DESC, symbol) AS rank,
        count(*) OVER (PARTITION BY place) AS compared,
        count(CASE WHEN direction = 'rose' THEN 1 END) OVER (PARTITION BY place) AS rose,
        count(CASE WHEN direction = 'fell' THEN 1 END) OVER (PARTITION BY place) AS fell
    FROM directed
)
SELECT
    period,
    direction,
    rank,
    {{symbol}} AS symbol,
    change_percent,
    close_usd,
    last_date,
    previous_close_usd,
    since_date,
    turnover_usd,
    month_closes_usd,
    month_dates,
    compared,
    rose,
    fell
FROM ranked
WHERE direction IS NOT NULL AND rank <= 10
ORDER BY place, direction DESC, rank
