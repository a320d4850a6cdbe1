-- One bar per symbol and trade date. A replayed feed or a correction leaves several: the newest on the topic counts.
-- Newest by timestamp first: after a topic was made anew its offsets begin again.
-- A bar should land no earlier than the UTC day before its trade date: the report data-quality tells those that do. So the
-- folders from so many days before the report's day on hold every bar with a trade date within that many days. They can hold
-- older bars as well: a replay lands years in an hour.
SELECT symbol, trade_date, open, high, low, close, adj_close, volume, close_usd, dt
FROM (
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, close_usd, dt,
        row_number() OVER (
            PARTITION BY symbol, trade_date
            ORDER BY kafka_timestamp DESC NULLS LAST, kafka_offset DESC, kafka_index DESC, kafka_partition, kafka_topic
        ) AS newest_first
    FROM bars
    WHERE trade_date <= {{date}} AND dt >= {{folder_from}}
) AS ranked
WHERE newest_first = 1
