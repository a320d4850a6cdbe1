-- A record is (topic, partition, life, offset). What landed before there were lives has none: it is of the first, and there an offset that
-- was used again differs by its timestamp; a time beyond the years 1 to 9999 is none. A record's rows in bars differ by kafka_index, which a reject has not.
WITH found AS (
    SELECT
        kafka_topic, kafka_partition, kafka_offset, kafka_index, coalesce(kafka_life, 1) AS life, FALSE AS undecided,
        CASE WHEN kafka_life IS NULL
            THEN date_diff('millisecond', TIMESTAMP '1970-01-01 00:00:00', {{kafka_time}})
        END AS timestamp_ms
    FROM {{bars}} AS bars
    WHERE dt <= {{folder}}
    UNION ALL
    SELECT
        kafka_topic, kafka_partition, kafka_offset, NULL, coalesce(kafka_life, 1), coalesce(reason = 'undecided', FALSE),
        CASE WHEN kafka_life IS NULL AND kafka_timestamp BETWEEN -62135596800000 AND 253402300799999 THEN kafka_timestamp END
    FROM ({{rejected}}) AS rejected
    WHERE dt <= {{folder}} AND kafka_partition IS NOT NULL AND kafka_offset IS NOT NULL
),
records AS (
    SELECT
        kafka_topic, kafka_partition, life, kafka_offset,
        count(kafka_index) AS bar_rows,
        count(*) - count(kafka_index) AS reject_rows,
        -- A landed record needs a row for each place in its value, a rejected one needs one. What is kept as undecided may have landed as well.
        greatest(count(*) FILTER (WHERE NOT undecided) - greatest(count(DISTINCT kafka_index), 1), 0) AS duplicates,
        -- The same offset again where one was used again before there were lives; then only the last of them sees a distance.
        lead(kafka_offset) OVER (PARTITION BY kafka_topic, kafka_partition, life ORDER BY kafka_offset)
            -- What Kafka never gives would be too far from what it gives.
            - CASE WHEN kafka_offset >= 0 THEN kafka_offset END AS distance
    FROM found
    GROUP BY kafka_topic, kafka_partition, life, kafka_offset, timestamp_ms
)
SELECT
    kafka_topic,
    kafka_partition,
    life,
    min(kafka_offset) AS first_offset,
    max(kafka_offset) AS last_offset,
    count(*) FILTER (WHERE distance > 0 OR distance IS NULL) AS offsets,
    count(*) FILTER (WHERE bar_rows > 0) AS landed,
    count(*) FILTER (WHERE reject_rows > 0) AS rejected,
    sum(bar_rows) AS bar_rows,
    sum(duplicates) AS duplicates,
    count(*) FILTER (WHERE distance > 1) AS holes,
    coalesce(sum(distance - 1) FILTER (WHERE distance > 1), 0) AS hole_offsets,
    -- The last offset has no distance, so that the largest of all is not counted on from.
    min(kafka_offset) FILTER (WHERE distance > 1) + 1 AS first_hole
FROM records
GROUP BY kafka_topic, kafka_partition, life
ORDER BY kafka_topic, kafka_partition, life
