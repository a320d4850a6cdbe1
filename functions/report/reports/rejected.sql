-- The table rejects, its columns by name and type.
-- The local engine makes a table's columns from the JSON in its objects. Where every object is empty, as those of void runs
-- are, it knows no kafka_topic, and the name means the null outside.
SELECT rejected.*
FROM (
    SELECT
        CAST(NULL AS varchar) AS kafka_topic, CAST(NULL AS integer) AS kafka_partition,
        CAST(NULL AS bigint) AS kafka_offset, CAST(NULL AS bigint) AS kafka_timestamp,
        CAST(NULL AS varchar) AS reason, CAST(NULL AS varchar) AS landed_at, CAST(NULL AS integer) AS kafka_life
) AS columns_of_nothing
CROSS JOIN LATERAL (
    SELECT
        CAST(kafka_topic AS varchar), CAST(kafka_partition AS integer), CAST(kafka_offset AS bigint),
        CAST(kafka_timestamp AS bigint), CAST(reason AS varchar), CAST(landed_at AS varchar),
        CAST(kafka_life AS integer), dt
    FROM rejects
) AS rejected (kafka_topic, kafka_partition, kafka_offset, kafka_timestamp, reason, landed_at, kafka_life, dt)
