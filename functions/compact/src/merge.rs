//! Merges the rows of many Parquet files into one, sorted.
