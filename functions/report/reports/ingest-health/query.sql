WITH landed AS (
    SELECT
        dt,
        hour,
        count(*) AS bar_rows,
        count(DISTINCT (kafka_topic, kafka_partition, coalesce(kafka_life, 1), kafka_offset)) AS records,
        count(DISTINCT symbol) AS symbols,
        max({{kafka_time}}) AS newest
    FROM {{bars}} AS bars
    WHERE dt BETWEEN {{folder_from}} AND {{folder}}
    GROUP BY dt, hour
),
rejected AS (
    SELECT
        dt,
        -- The local engine reads landed_at as a timestamp, Athena as text: as text, both have the hour at the same place.
        substr(landed_at, 12, 2) AS hour,
        count(*) AS rejects,
        count(*) FILTER (WHERE reason = 'tombstone') AS tombstone,
        count(*) FILTER (WHERE reason = 'invalid_base64') AS invalid_base64,
        count(*) FILTER (WHERE reason = 'not_json') AS not_json,
        count(*) FILTER (WHERE reason = 'not_a_bar') AS not_a_bar,
        count(*) FILTER (WHERE reason = 'missing_field') AS missing_field,
        count(*) FILTER (WHERE reason = 'invalid_field') AS invalid_field,
        count(*) FILTER (WHERE reason = 'invalid_date') AS invalid_date,
        count(*) FILTER (WHERE reason = 'too_many_rows') AS too_many_rows,
        count(*) FILTER (WHERE reason = 'too_large') AS too_large,
        count(*) FILTER (WHERE reason = 'malformed_record') AS malformed_record,
        count(*) FILTER (WHERE reason = 'undecided') AS undecided
    FROM ({{rejected}}) AS rejected
    WHERE dt BETWEEN {{folder_from}} AND {{folder}}
    GROUP BY dt, substr(landed_at, 12, 2)
),
hours AS (
    SELECT
        TRY_CAST(concat(dt, ' ', hour, ':00:00') AS timestamp) AS hour_start,
        coalesce(bar_rows, 0) AS bar_rows,
        coalesce(records, 0) AS records,
        coalesce(symbols, 0) AS symbols,
        newest,
        coalesce(rejects, 0) AS rejects,
        coalesce(tombstone, 0) AS tombstone,
        coalesce(invalid_base64, 0) AS invalid_base64,
        coalesce(not_json, 0) AS not_json,
        coalesce(not_a_bar, 0) AS not_a_bar,
        coalesce(missing_field, 0) AS missing_field,
        coalesce(invalid_field, 0) AS invalid_field,
        coalesce(invalid_date, 0) AS invalid_date,
        coalesce(too_many_rows, 0) AS too_many_rows,
        coalesce(too_large, 0) AS too_large,
        coalesce(malformed_record, 0) AS malformed_record,
        coalesce(undecided, 0) AS undecided
    FROM landed
    FULL JOIN rejected USING (dt, hour)
)
SELECT
    hour_start,
    bar_rows,
    records,
    symbols,
    -- Whole seconds: of seconds DuckDB counts the boundaries between, one too many from 11:59:59.900 to noon.
    CAST(floor(date_diff('millisecond', newest, least(hour_start + INTERVAL '1' HOUR, {{as_of}})) / 1e3) AS bigint) AS newest_lag,
    rejects,
    tombstone,
    invalid_base64,
    not_json,
    not_a_bar,
    missing_field,
    invalid_field,
    invalid_date,
    too_many_rows,
    too_large,
    malformed_record,
    undecided,
    rejects - tombstone - invalid_base64 - not_json - not_a_bar - missing_field - invalid_field - invalid_date
        - too_many_rows - too_large - malformed_record - undecided AS other
FROM hours
ORDER BY hour_start DESC
