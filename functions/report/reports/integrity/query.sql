-- A record is (topic, partition, offset, timestamp): a topic that was made anew has old offsets with newer timestamps. Its
-- rows in bars differ by kafka_index, which a reject has not. A time beyond the years 1 to 9999 is none, in bars and in rejects.
WITH found AS (
    SELECT
        kafka_topic, kafka_partition, kafka_offset, kafka_index,
        date_diff('millisecond', TIMESTAMP '1970-01-01 00:00:00', {{kafka_time}}) AS timestamp_ms
    FROM bars
    WHERE dt <= {{folder}}
    UNION ALL
    SELECT
        kafka_topic, kafka_partition, kafka_offset, NULL,
        CASE WHEN kafka_timestamp BETWEEN -62135596800000 AND 253402300799999 THEN kafka_timestamp END
    FROM ({{rejected}}) AS rejected
    WHERE dt <= {{folder}} AND kafka_partition IS NOT NULL AND kafka_offset IS NOT NULL
),
records AS (
    SELECT
        kafka_topic, kafka_partition, kafka_offset,
        count(kafka_index) AS bar_rows,
        count(*) - count(kafka_index) AS reject_rows,
        -- A landed record needs a row for each place in its value, a rejected one needs one.
        count(*) - greatest(count(DISTINCT kafka_index), 1) AS duplicates,
        -- The same offset again where a topic was made anew; then only the last of them sees a distance.
        lead(kafka_offset) OVER (PARTITION BY kafka_topic, kafka_partition ORDER BY kafka_offset)
            -- What Kafka never gives would be too far from what it gives.
            - CASE WHEN kafka_offset >= 0 THEN kafka_offset END AS distance
    FROM found
    GROUP BY kafka_topic, kafka_partition, kafka_offset, timestamp_ms
)
SELECT
    kafka_topic,
    kafka_partition,
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
GROUP BY kafka_topic, kafka_partition
ORDER BY kafka_topic, kafka_partition
