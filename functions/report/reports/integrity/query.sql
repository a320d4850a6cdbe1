-- A record is (topic, partition, life, offset). What landed before there were lives has none: it is of the first, and there an offset that
-- was used again differs by its timestamp; a time beyond the years 1 to 9999 is none. A record's rows in bars differ by kafka_index, which a reject has not.
-- What is sealed was audited once: there a row tells of many offsets. All else is read.
WITH found AS (
    SELECT
        kafka_topic, kafka_partition, kafka_offset, kafka_index, kafka_life, FALSE AS undecided,
        CASE WHEN kafka_life IS NULL
            THEN date_diff('millisecond', TIMESTAMP '1970-01-01 00:00:00', {{kafka_time}})
        END AS timestamp_ms
    FROM {{unaudited_bars}} AS bars
    WHERE dt <= {{folder}}
    UNION ALL
    SELECT
        kafka_topic, kafka_partition, kafka_offset, NULL, kafka_life, coalesce(reason = 'undecided', FALSE),
        CASE WHEN kafka_life IS NULL AND kafka_timestamp BETWEEN -62135596800000 AND 253402300799999 THEN kafka_timestamp END
    FROM ({{rejected}}) AS rejected
    WHERE dt <= {{folder}} AND {{unaudited_rejects}} AND kafka_partition IS NOT NULL AND kafka_offset IS NOT NULL
),
records AS (
    SELECT
        kafka_topic, kafka_partition, coalesce(kafka_life, 1) AS life, kafka_offset,
        count(kafka_index) AS bar_rows,
        count(*) - count(kafka_index) AS reject_rows,
        -- A landed record needs a row for each place in its value, a rejected one needs one. What is kept as undecided may have landed as well.
        greatest(count(*) FILTER (WHERE NOT undecided) - greatest(count(DISTINCT kafka_index), 1), 0) AS duplicates,
        -- Whether it may be there only once: neither what nobody could decide, nor an offset of before there were lives.
        count(*) FILTER (WHERE NOT undecided AND kafka_life IS NOT NULL) > 0 AS is_certain
    FROM found
    GROUP BY kafka_topic, kafka_partition, coalesce(kafka_life, 1), kafka_offset, timestamp_ms
),
-- Offsets in a row.
pieces AS (
    SELECT
        kafka_topic, kafka_partition, life, kafka_offset AS first_offset, kafka_offset AS last_offset,
        count(*) FILTER (WHERE bar_rows > 0) AS landed,
        count(*) FILTER (WHERE reject_rows > 0) AS rejected,
        CAST(sum(bar_rows) AS bigint) AS bar_rows,
        CAST(sum(duplicates) AS bigint) AS duplicates,
        count(*) FILTER (WHERE is_certain) > 0 AS is_certain
    FROM records
    GROUP BY kafka_topic, kafka_partition, life, kafka_offset
    UNION ALL
    SELECT
        kafka_topic, kafka_partition, kafka_life, first_offset, last_offset, landed, rejected, bar_rows, duplicates, NOT undecided
    FROM {{audits}} AS audits
    WHERE dt <= {{folder}}
),
-- How far those before it go, and those among them that may be there only once.
chain AS (
    SELECT
        *,
        max(last_offset) OVER (
            PARTITION BY kafka_topic, kafka_partition, life
            ORDER BY first_offset, last_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached,
        max(last_offset) OVER (
            PARTITION BY kafka_topic, kafka_partition, life, is_certain
            ORDER BY first_offset, last_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached_alike,
        max(CASE WHEN landed > 0 THEN last_offset END) OVER (
            PARTITION BY kafka_topic, kafka_partition, life
            ORDER BY first_offset, last_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached_landed,
        max(CASE WHEN rejected > 0 THEN last_offset END) OVER (
            PARTITION BY kafka_topic, kafka_partition, life
            ORDER BY first_offset, last_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS reached_rejected
    FROM pieces
),
links AS (
    SELECT
        *,
        CASE WHEN reached >= first_offset THEN greatest(last_offset - reached, 0) ELSE last_offset - first_offset + 1 END AS new_offsets,
        -- A record that is there again is one all the same.
        landed - CASE WHEN landed > 0 AND is_certain AND reached_landed >= first_offset
            THEN least(last_offset, reached_landed) - first_offset + 1 ELSE 0 END AS new_landed,
        rejected - CASE WHEN rejected > 0 AND reached_rejected >= first_offset
            THEN least(last_offset, reached_rejected) - first_offset + 1 ELSE 0 END AS new_rejected,
        CASE WHEN is_certain AND reached_alike >= first_offset THEN least(last_offset, reached_alike) - first_offset + 1 ELSE 0 END AS repeated,
        -- What Kafka never gives would be too far from what it gives.
        CASE WHEN reached >= 0 AND first_offset - reached > 1 THEN first_offset - reached - 1 END AS missing
    FROM chain
)
SELECT
    kafka_topic,
    kafka_partition,
    life,
    min(first_offset) AS first_offset,
    max(last_offset) AS last_offset,
    CAST(sum(new_offsets) AS bigint) AS offsets,
    CAST(sum(new_landed) AS bigint) AS landed,
    CAST(sum(new_rejected) AS bigint) AS rejected,
    CAST(sum(bar_rows) AS bigint) AS bar_rows,
    CAST(sum(duplicates) + sum(repeated) AS bigint) AS duplicates,
    count(missing) AS holes,
    CAST(coalesce(sum(missing), 0) AS bigint) AS hole_offsets,
    -- The last offset has no distance, so that the largest of all is not counted on from.
    min(CASE WHEN missing > 0 THEN reached END) + 1 AS first_hole
FROM links
GROUP BY kafka_topic, kafka_partition, life
ORDER BY kafka_topic, kafka_partition, life
