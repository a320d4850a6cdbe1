-- Trino runs an expression of WITH once for each time it is named. Each here is named once, so that bars is read once.
WITH daily AS (
    {{daily_bars}}
),
-- Adjusted and plain closes are never mixed: that would show dividends and splits as falls.
peaked AS (
    SELECT
        symbol, trade_date, traded_usd,
        count(*) OVER (PARTITION BY symbol) - row_number() OVER (PARTITION BY symbol ORDER BY trade_date) + 1 AS age,
        min(trade_date) OVER (PARTITION BY symbol) AS first_date,
        max(trade_date) OVER (PARTITION BY symbol) AS last_date,
        CASE WHEN count(adj_close) OVER (PARTITION BY symbol) = count(*) OVER (PARTITION BY symbol) THEN 'adjusted' ELSE 'close' END AS price_kind,
        CASE WHEN count(adj_close) OVER (PARTITION BY symbol) = count(*) OVER (PARTITION BY symbol) THEN adj_close ELSE close END AS price,
        CASE WHEN count(adj_close) OVER (PARTITION BY symbol) = count(*) OVER (PARTITION BY symbol)
            THEN max(adj_close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS UNBOUNDED PRECEDING)
            ELSE max(close) OVER (PARTITION BY symbol ORDER BY trade_date ROWS UNBOUNDED PRECEDING)
        END AS peak
    FROM daily
),
turned_over AS (
    SELECT *, avg(CASE WHEN age <= 30 THEN traded_usd END) OVER (PARTITION BY symbol) AS turnover_usd
    FROM peaked
),
-- A fall begins at each bar that is as high as any before it, and has the bars below it that follow.
fallen AS (
    SELECT
        *,
        price / peak - 1 AS depth,
        count(CASE WHEN price = peak THEN 1 END) OVER (PARTITION BY symbol ORDER BY trade_date ROWS UNBOUNDED PRECEDING)
            AS fall,
        max(trade_date) OVER (PARTITION BY symbol) AS last_priced_date,
        12 * (extract(YEAR FROM trade_date) - extract(YEAR FROM first_date))
            + extract(MONTH FROM trade_date) - extract(MONTH FROM first_date) AS month,
        12 * (extract(YEAR FROM last_date) - extract(YEAR FROM first_date))
            + extract(MONTH FROM last_date) - extract(MONTH FROM first_date) + 1 AS months
    FROM turned_over
    -- A depth is in percent of a peak above zero. What falls from it may fall below zero.
    WHERE price <> 0 AND peak > 0
),
-- A point of the chart is the worst of a month, or of as many months as leave 260 points.
pointed AS (
    SELECT *, floor(month / ceil(months / 26e1)) AS point
    FROM fallen
),
-- A row per fall, whose point is null, and a row per point, whose fall is null.
grouped AS (
    SELECT
        symbol,
        fall,
        point,
        max(price_kind) AS price_kind,
        max(turnover_usd) AS turnover_usd,
        max(last_priced_date) AS last_date,
        max(price) FILTER (WHERE trade_date = last_priced_date) AS last_price,
        min(trade_date) AS peak_date,
        max(peak) AS peak,
        min(ROW(depth, trade_date, price)) AS deepest
    FROM pointed
    GROUP BY GROUPING SETS ((symbol, fall), (symbol, point))
),
ranked AS (
    SELECT
        *,
        lead(peak_date) OVER (PARTITION BY symbol, point IS NULL ORDER BY fall) AS recovered_date,
        row_number() OVER (PARTITION BY symbol, point IS NULL ORDER BY deepest[1], peak_date) AS rank
    FROM grouped
),
sectioned AS (
    SELECT section_place, section, symbol,
        CASE WHEN section_place = 2 THEN rank END AS rank,
        max(turnover_usd) AS turnover_usd,
        max(price_kind) AS price_kind,
        max(peak_date) FILTER (WHERE point IS NULL) AS peak_date,
        max(peak) FILTER (WHERE point IS NULL) AS peak,
        max(last_date) FILTER (WHERE point IS NULL) AS last_date,
        max(last_price) FILTER (WHERE point IS NULL) AS last_price,
        max(deepest[1]) FILTER (WHERE point IS NULL) AS depth,
        max(deepest[2]) FILTER (WHERE point IS NULL) AS trough_date,
        max(deepest[3]) FILTER (WHERE point IS NULL) AS trough,
        max(recovered_date) FILTER (WHERE point IS NULL) AS recovered_date,
        max(deepest[2]) FILTER (WHERE point IS NOT NULL) AS last_point_date,
        array_agg(CAST(deepest[2] AS varchar) ORDER BY point) FILTER (WHERE point IS NOT NULL) AS dates,
        array_agg(100 * deepest[1] ORDER BY point) FILTER (WHERE point IS NOT NULL) AS depths
    FROM ranked
    CROSS JOIN (VALUES (1, 'Below the peak now'), (2, 'Worst falls')) AS sections (section_place, section)
    WHERE (section_place = 1 AND (point IS NOT NULL OR recovered_date IS NULL))
        OR (section_place = 2 AND point IS NULL AND rank <= 3 AND deepest[1] < 0)
    GROUP BY section_place, section, symbol, CASE WHEN section_place = 2 THEN rank END
),
placed AS (
    SELECT
        *,
        100 * (last_price / peak - 1) AS last_depth_percent,
        last_point_date < last_date AS is_line_open,
        last_date >= max(last_date) OVER () - INTERVAL '7' DAY AS is_current,
        dense_rank() OVER (ORDER BY turnover_usd DESC NULLS LAST, symbol) AS place
    FROM sectioned
)
SELECT
    section,
    {{symbol}} AS symbol,
    rank,
    CASE WHEN section_place = 1 THEN last_depth_percent ELSE 100 * depth END AS depth_percent,
    peak,
    peak_date,
    CASE WHEN section_place = 1 THEN last_price END AS last_price,
    CASE WHEN section_place = 1 THEN last_date END AS last_date,
    CASE WHEN section_place = 1 THEN date_diff('day', peak_date, last_date) END AS days_below,
    trough,
    trough_date,
    CASE WHEN section_place = 2 THEN date_diff('day', peak_date, trough_date) END AS days_falling,
    recovered_date,
    date_diff('day', trough_date, recovered_date) AS days_to_recover,
    price_kind AS price,
    CASE WHEN section_place = 1 AND is_current THEN 'yes' END AS current,
    CASE WHEN section_place = 1 AND is_current THEN last_depth_percent END AS current_depth_percent,
    CASE WHEN place <= 200 THEN CASE WHEN is_line_open THEN dates || ARRAY[CAST(last_date AS varchar)] ELSE dates END END AS dates,
    CASE WHEN place <= 200 THEN CASE WHEN is_line_open THEN depths || ARRAY[last_depth_percent] ELSE depths END END AS depths
FROM placed
WHERE section_place = 1 OR place <= 200
ORDER BY section_place, place, rank
