WITH daily AS (
    {{daily_bars}}
),
-- Days with more than one row, or more than one of a time, of which daily has only the newest.
repeated AS (
    SELECT symbol, trade_date, max(bar_rows) AS day_rows, bool_or(bars_differ) AS differ
    FROM (
        SELECT symbol, trade_date, bar_time, sum(same_rows) AS bar_rows, count(*) > 1 AS bars_differ
        FROM (
            SELECT symbol, trade_date, bar_time, count(*) AS same_rows
            FROM {{bars}} AS bars
            WHERE trade_date BETWEEN DATE '0001-01-01' AND {{date}} AND dt >= {{folder_from}}
            GROUP BY symbol, trade_date, bar_time, open, high, low, close, adj_close, volume, close_usd
        ) AS different
        GROUP BY symbol, trade_date, bar_time
        HAVING sum(same_rows) > 1
    ) AS bars_repeated
    GROUP BY symbol, trade_date
),
counted AS (
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, close_usd, kafka_time, dt,
        coalesce(day_rows, 1) AS day_rows,
        coalesce(differ, false) AS differ,
        row_number() OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS age,
        lead(trade_date) OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS previous_date,
        lead(close) OVER (PARTITION BY symbol ORDER BY trade_date DESC) AS previous_close,
        coalesce(open < 0 OR high < 0 OR low < 0 OR close < 0, false) AS is_negative,
        lead(coalesce(open < 0 OR high < 0 OR low < 0 OR close < 0, false)) OVER (PARTITION BY symbol ORDER BY trade_date DESC)
            AS was_negative,
        -- The first of January of the year 1 was a Monday.
        date_diff('day', DATE '0001-01-01', trade_date) AS day_number
    FROM daily
    LEFT JOIN repeated USING (symbol, trade_date)
),
weekdays AS (
    SELECT
        *,
        5 * floor(day_number / 7e0) + least(day_number % 7 + 1, 5) AS weekdays_through,
        date_diff('day', DATE '0001-01-01', previous_date) AS previous_number
    FROM counted
),
checked AS (
    SELECT
        *,
        high < low AS is_high_below_low,
        open > high OR open < low AS is_open_outside,
        close > high OR close < low AS is_close_outside,
        open = 0 OR high = 0 OR low = 0 OR close = 0 OR open + high + low + close IS NULL AS is_without_price,
        day_rows > 1 AND NOT differ AS is_repeated,
        day_rows > 1 AND differ AS is_corrected,
        coalesce(
            weekdays_through - 5 * floor(previous_number / 7e0) - least(previous_number % 7 + 1, 5)
                - CASE WHEN day_number % 7 < 5 THEN 1 ELSE 0 END,
            0
        ) AS missing_weekdays,
        coalesce(is_negative AND NOT was_negative, false) AS is_newly_negative,
        100 * (close / CASE WHEN previous_close > 0 THEN previous_close END - 1) AS jump_percent,
        CAST(trade_date AS varchar) > dt AS is_early
    FROM weekdays
),
found AS (
    SELECT
        symbol, trade_date, age, dt, day_rows, previous_date,
        open, high, low, close, previous_close, jump_percent,
        is_high_below_low, is_open_outside, is_close_outside, is_without_price, is_newly_negative, is_repeated, is_corrected, is_early,
        CAST(missing_weekdays AS bigint) AS missing_weekdays,
        close > 0 AND abs(jump_percent) > 20 AS is_jump,
        is_high_below_low OR is_open_outside OR is_close_outside OR is_without_price OR is_newly_negative OR is_corrected
            OR is_early OR missing_weekdays >= 5 OR (close > 0 AND abs(jump_percent) > 20) AS is_found,
        count(*) OVER (PARTITION BY symbol) AS bars,
        min(trade_date) OVER (PARTITION BY symbol) AS first_date,
        count(CASE WHEN is_high_below_low THEN 1 END) OVER (PARTITION BY symbol) AS high_below_low,
        count(CASE WHEN is_open_outside THEN 1 END) OVER (PARTITION BY symbol) AS open_outside,
        count(CASE WHEN is_close_outside THEN 1 END) OVER (PARTITION BY symbol) AS close_outside,
        count(CASE WHEN is_without_price THEN 1 END) OVER (PARTITION BY symbol) AS without_price,
        count(CASE WHEN is_negative THEN 1 END) OVER (PARTITION BY symbol) AS negative,
        count(CASE WHEN is_newly_negative THEN 1 END) OVER (PARTITION BY symbol) AS below_zero,
        count(CASE WHEN is_repeated THEN 1 END) OVER (PARTITION BY symbol) AS repeated_days,
        count(CASE WHEN is_corrected THEN 1 END) OVER (PARTITION BY symbol) AS corrected_days,
        sum(missing_weekdays) OVER (PARTITION BY symbol) AS all_missing_weekdays,
        max(missing_weekdays) OVER (PARTITION BY symbol) AS longest_gap,
        count(CASE WHEN missing_weekdays >= 5 THEN 1 END) OVER (PARTITION BY symbol) AS gaps,
        count(CASE WHEN close > 0 AND abs(jump_percent) > 20 THEN 1 END) OVER (PARTITION BY symbol) AS jumps,
        count(CASE WHEN is_early THEN 1 END) OVER (PARTITION BY symbol) AS early,
        count(*) OVER (PARTITION BY symbol) - count(adj_close) OVER (PARTITION BY symbol) AS missing_adj_close,
        count(*) OVER (PARTITION BY symbol) - count(close_usd) OVER (PARTITION BY symbol) AS missing_close_usd,
        count(*) OVER (PARTITION BY symbol) - count(volume) OVER (PARTITION BY symbol) AS missing_volume,
        count(*) OVER (PARTITION BY symbol) - count(kafka_time) OVER (PARTITION BY symbol) AS missing_time
    FROM checked
),
newest AS (
    SELECT *, row_number() OVER (PARTITION BY is_found ORDER BY trade_date DESC, symbol) AS newest_first
    FROM found
    WHERE age = 1 OR is_found
),
-- Numbers as text alike in both engines: without an exponent, at most six decimal places, or twelve below one.
numbered AS (
    SELECT
        *,
        date_diff('day', trade_date, max(trade_date) OVER ()) > 7 AS is_ended,
        max(trade_date) OVER () AS newest_date,
        coalesce(TRY_CAST(CASE WHEN abs(open) < 1 THEN open END AS decimal(38, 12)), TRY_CAST(open AS decimal(30, 6)))
            AS open_number,
        coalesce(TRY_CAST(CASE WHEN abs(high) < 1 THEN high END AS decimal(38, 12)), TRY_CAST(high AS decimal(30, 6)))
            AS high_number,
        coalesce(TRY_CAST(CASE WHEN abs(low) < 1 THEN low END AS decimal(38, 12)), TRY_CAST(low AS decimal(30, 6)))
            AS low_number,
        coalesce(TRY_CAST(CASE WHEN abs(close) < 1 THEN close END AS decimal(38, 12)), TRY_CAST(close AS decimal(30, 6)))
            AS close_number,
        coalesce(TRY_CAST(CASE WHEN abs(previous_close) < 1 THEN previous_close END AS decimal(38, 12)), TRY_CAST(previous_close AS decimal(30, 6)))
            AS previous_number
    FROM newest
    WHERE age = 1 OR newest_first <= 200
),
worded AS (
    SELECT
        *,
        CAST(previous_date AS varchar) AS day_before,
        CAST(newest_date AS varchar) AS newest_day,
        coalesce(regexp_replace(CAST(open_number AS varchar), '[.]?0+$', ''), CASE WHEN open IS NULL THEN 'none' ELSE 'huge' END)
            AS open_text,
        coalesce(regexp_replace(CAST(high_number AS varchar), '[.]?0+$', ''), CASE WHEN high IS NULL THEN 'none' ELSE 'huge' END)
            AS high_text,
        coalesce(regexp_replace(CAST(low_number AS varchar), '[.]?0+$', ''), CASE WHEN low IS NULL THEN 'none' ELSE 'huge' END)
            AS low_text,
        coalesce(regexp_replace(CAST(close_number AS varchar), '[.]?0+$', ''), CASE WHEN close IS NULL THEN 'none' ELSE 'huge' END)
            AS close_text,
        coalesce(regexp_replace(CAST(previous_number AS varchar), '[.]?0+$', ''), 'huge') AS previous_text,
        coalesce(CAST(TRY_CAST(jump_percent AS decimal(30, 1)) AS varchar), 'huge') AS jump_text
    FROM numbered
),
listed AS (
    SELECT
        *,
        CASE kind
            WHEN 1 THEN concat('high ', high_text, ' is below low ', low_text)
            WHEN 2 THEN concat('open ', open_text, ' is outside ', low_text, ' to ', high_text)
            WHEN 3 THEN concat('close ', close_text, ' is outside ', low_text, ' to ', high_text)
            WHEN 4 THEN concat('open ', open_text, ', high ', high_text, ', low ', low_text, ', close ', close_text)
            WHEN 5 THEN concat(CAST(day_rows AS varchar), ' rows whose values differ: the newest counts')
            WHEN 6 THEN concat(CAST(missing_weekdays AS varchar), ' weekdays without a bar since ', day_before)
            WHEN 7 THEN concat('close ', close_text, ' after ', previous_text, ' on ', day_before, ': ', jump_text, ' %')
            WHEN 8 THEN concat('landed on ', dt, ', before its day')
            WHEN 9 THEN concat('no bar since, and the newest of the lake is of ', newest_day)
            WHEN 10 THEN concat('open ', open_text, ', high ', high_text, ', low ', low_text, ', close ', close_text, ': the bar before was not below zero')
        END AS detail
    FROM worded
    CROSS JOIN (VALUES
        (0, NULL), (1, 'high below low'), (2, 'open outside the range'), (3, 'close outside the range'),
        (4, 'price zero or missing'), (5, 'corrected day'), (6, 'gap'), (7, 'jump'), (8, 'early'), (9, 'ended'), (10, 'price below zero')
    ) AS kinds (kind, finding)
    WHERE CASE kind
        WHEN 0 THEN age = 1
        WHEN 1 THEN is_high_below_low
        WHEN 2 THEN is_open_outside
        WHEN 3 THEN is_close_outside
        WHEN 4 THEN is_without_price
        WHEN 5 THEN is_corrected
        WHEN 6 THEN missing_weekdays >= 5
        WHEN 7 THEN is_jump
        WHEN 8 THEN is_early
        WHEN 10 THEN is_newly_negative
        ELSE age = 1 AND is_ended
    END
),
-- What the reports leave out: bars of days that none reaches yet; bars of a day before the year 1; times beyond the years 1 to
-- 9999. A row per symbol, and a row per day or for all such bars of a symbol.
left_out AS (
    SELECT
        symbol,
        later_date,
        coalesce(kind_left_out, 0) AS kind,
        count(CASE WHEN kind_left_out = 11 THEN 1 END) AS after_day,
        coalesce(sum(CASE WHEN kind_left_out = 12 THEN bars_left_out END), 0) AS undated,
        coalesce(sum(CASE WHEN kind_left_out = 13 THEN bars_left_out END), 0) AS untimed,
        CASE max(kind_left_out)
            WHEN 11 THEN concat('landed on ', min(dt), ': not in the reports of the days before it')
            WHEN 12 THEN concat(CAST(sum(bars_left_out) AS varchar), ' bars of a day before the year 1: in no report')
            WHEN 13 THEN concat(CAST(sum(bars_left_out) AS varchar), ' bars of records with a time beyond the years 1 to 9999: each counts as the oldest of its day')
        END AS left_out_detail
    FROM (
        SELECT symbol, later_date, kind_left_out, min(dt) AS dt, count(*) AS bars_left_out
        FROM (
            SELECT
                symbol,
                dt,
                CASE WHEN trade_date > {{date}} THEN trade_date END AS later_date,
                CASE
                    WHEN trade_date > {{date}} THEN CASE WHEN dt <= {{folder}} THEN 11 END
                    WHEN trade_date < DATE '0001-01-01' THEN 12
                    WHEN kafka_timestamp IS NOT NULL AND {{kafka_time}} IS NULL THEN 13
                END AS kind_left_out
            FROM {{bars}} AS bars
            WHERE dt >= {{folder_from}}
        ) AS judged
        WHERE kind_left_out IS NOT NULL
        GROUP BY symbol, later_date, kind_left_out
    ) AS kinds_left_out
    GROUP BY GROUPING SETS ((symbol), (symbol, later_date, kind_left_out))
),
sectioned AS (
    SELECT
        *,
        kind = 0 AS is_symbol,
        CASE WHEN is_ended THEN 1 ELSE 0 END AS ended,
        coalesce(high_below_low + open_outside + close_outside + without_price + below_zero + corrected_days + gaps + jumps + early, 0)
            + CASE WHEN is_ended THEN 1 ELSE 0 END + coalesce(after_day + undated + untimed, 0) AS findings,
        coalesce(trade_date, later_date) AS listed_date,
        row_number() OVER (
            PARTITION BY kind = 0, coalesce(trade_date, later_date) IS NULL
            ORDER BY coalesce(trade_date, later_date) DESC, symbol, kind
        ) AS listed_first
    FROM listed
    -- A symbol may have no other bars.
    FULL JOIN left_out USING (symbol, kind)
)
SELECT
    CASE WHEN is_symbol THEN 'Symbols' ELSE 'Newest findings' END AS section,
    {{symbol}} AS symbol,
    CASE WHEN NOT is_symbol THEN listed_date END AS trade_date,
    CASE kind
        WHEN 11 THEN 'date after the day'
        WHEN 12 THEN 'date before the year 1'
        WHEN 13 THEN 'time out of range'
        ELSE finding
    END AS finding,
    CASE WHEN kind > 10 THEN left_out_detail ELSE detail END AS detail,
    CASE WHEN is_symbol THEN findings END AS findings,
    CASE WHEN is_symbol THEN coalesce(bars, 0) END AS bars,
    CASE WHEN is_symbol THEN first_date END AS first_date,
    CASE WHEN is_symbol THEN trade_date END AS last_date,
    CASE WHEN is_symbol THEN coalesce(high_below_low, 0) END AS high_below_low,
    CASE WHEN is_symbol THEN coalesce(open_outside, 0) END AS open_outside,
    CASE WHEN is_symbol THEN coalesce(close_outside, 0) END AS close_outside,
    CASE WHEN is_symbol THEN coalesce(without_price, 0) END AS without_price,
    CASE WHEN is_symbol THEN coalesce(jumps, 0) END AS jumps,
    CASE WHEN is_symbol THEN coalesce(below_zero, 0) END AS below_zero,
    CASE WHEN is_symbol THEN ended END AS ended,
    CASE WHEN is_symbol THEN coalesce(early, 0) END AS early,
    CASE WHEN is_symbol THEN coalesce(after_day, 0) END AS after_day,
    CASE WHEN is_symbol THEN coalesce(CAST(undated AS bigint), 0) END AS undated,
    CASE WHEN is_symbol THEN coalesce(CAST(untimed AS bigint), 0) END AS untimed,
    CASE WHEN is_symbol THEN coalesce(corrected_days, 0) END AS corrected_days,
    CASE WHEN is_symbol THEN coalesce(repeated_days, 0) END AS repeated_days,
    CASE WHEN is_symbol THEN coalesce(CAST(all_missing_weekdays AS bigint), 0) END AS missing_weekdays,
    CASE WHEN is_symbol THEN coalesce(gaps, 0) END AS gaps,
    CASE WHEN is_symbol THEN coalesce(CAST(longest_gap AS bigint), 0) END AS longest_gap,
    CASE WHEN is_symbol THEN coalesce(missing_adj_close, 0) END AS missing_adj_close,
    CASE WHEN is_symbol THEN coalesce(missing_close_usd, 0) END AS missing_close_usd,
    CASE WHEN is_symbol THEN coalesce(missing_volume, 0) END AS missing_volume,
    CASE WHEN is_symbol THEN coalesce(missing_time, 0) END AS missing_time,
    CASE WHEN is_symbol THEN coalesce(negative, 0) END AS negative
FROM sectioned
-- What has no date would be listed after all that has one.
WHERE is_symbol OR listed_first <= CASE WHEN listed_date IS NULL THEN 20 ELSE 200 END
ORDER BY
    is_symbol DESC, CASE WHEN is_symbol THEN findings END DESC, CASE WHEN is_symbol THEN symbol END,
    CASE WHEN listed_date IS NULL THEN 0 ELSE 1 END, listed_first
