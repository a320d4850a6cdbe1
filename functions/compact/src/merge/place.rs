//! Where each column stands in a merged file.

pub(super) const SYMBOL: usize = 0;
pub(super) const TRADE_DATE: usize = 1;
pub(super) const KAFKA_TOPIC: usize = 10;
pub(super) const KAFKA_PARTITION: usize = 11;
pub(super) const KAFKA_OFFSET: usize = 12;
pub(super) const KAFKA_INDEX: usize = 13;
pub(super) const KAFKA_TIMESTAMP: usize = 14;
pub(super) const KAFKA_LIFE: usize = 15;
pub(super) const BAR_TIME: usize = 16;
pub(super) const DT: usize = 18;
pub(super) const HOUR: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_is_where_the_schema_has_it() {
        let schema = shared::parquet_file::merged_schema();
        let places = [
            (SYMBOL, "symbol"),
            (TRADE_DATE, "trade_date"),
            (KAFKA_TOPIC, "kafka_topic"),
            (KAFKA_PARTITION, "kafka_partition"),
            (KAFKA_OFFSET, "kafka_offset"),
            (KAFKA_INDEX, "kafka_index"),
            (KAFKA_TIMESTAMP, "kafka_timestamp"),
            (KAFKA_LIFE, "kafka_life"),
            (BAR_TIME, "bar_time"),
            (DT, "dt"),
            (HOUR, "hour"),
        ];
        for (place, name) in places {
            assert_eq!(schema.get_fields()[place].name(), name);
        }
    }
}
