-- A lake that an earlier version began may hold any number of milliseconds, of which Trino makes any time.
CASE WHEN kafka_timestamp BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP '9999-12-31 23:59:59.999' THEN kafka_timestamp END
