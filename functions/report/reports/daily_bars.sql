-- One bar per symbol and trade date. A replayed feed or a correction leaves several: the newest on the topic counts.
SELECT symbol, trade_date, open, high, low, close, adj_close, volume, close_usd
FROM (
    SELECT
        symbol, trade_date, open, high, low, close, adj_close, volume, close_usd,
        row_number() OVER (
            PARTITION BY symbol, trade_date
            ORDER BY kafka_timestamp DESC NULLS LAST, kafka_offset DESC, kafka_index DESC, kafka_partition, kafka_topic
        ) AS newest_first
    FROM bars
    WHERE trade_date <= {{date}}
) AS ranked
WHERE newest_first = 1
