//! What the report `integrity` says: per partition what is in the lake, what is there twice, and what is not there.

use std::fmt;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::Stack;
use crate::aws::Aws;

/// The rows of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrity {
    /// By topic, partition and life.
    pub partitions: Vec<PartitionIntegrity>,
}

/// One row: a life of a partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PartitionIntegrity {
    /// Kafka topic.
    #[serde(rename = "kafka_topic")]
    pub topic: String,
    /// Kafka partition.
    #[serde(rename = "kafka_partition")]
    pub partition: i32,
    /// How often its offsets were used again, from 1.
    pub life: u32,
    /// The lowest offset in the lake.
    pub first_offset: i64,
    /// The highest offset in the lake.
    pub last_offset: i64,
    /// How many different offsets are in the lake.
    pub offsets: u64,
    /// Records with a row in `bars`.
    pub landed: u64,
    /// Records in `rejects`; strays are not counted.
    pub rejected: u64,
    /// Rows in `bars`; an array value is one record and several rows.
    pub bar_rows: u64,
    /// Rows that say again what another row says, and records that both landed and were rejected.
    pub duplicates: u64,
    /// Gaps between the first and the last offset.
    pub holes: u64,
    /// Offsets in those gaps.
    pub hole_offsets: u64,
    /// The lowest offset that is missing.
    pub first_hole: Option<i64>,
}

impl PartitionIntegrity {
    /// No row is there twice and no offset is missing.
    pub fn is_clean(&self) -> bool {
        self.duplicates == 0 && self.holes == 0
    }
}

impl fmt::Display for PartitionIntegrity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, partition, duplicates, holes, .. } = self;
        write!(out, "{topic}, partition {partition}: {duplicates} duplicates, {holes} holes")?;
        self.first_hole.map_or(Ok(()), |offset| write!(out, " from offset {offset}"))
    }
}

/// What the report function answers.
#[derive(Deserialize)]
struct Answer {
    reports: Vec<Publication>,
}

#[derive(Deserialize)]
struct Publication {
    report: String,
    /// `s3://bucket/key`.
    csv: String,
}

impl Integrity {
    /// Has the report made now, of everything that is in the lake, and reads it.
    ///
    /// # Errors
    /// The report function failed, or its CSV cannot be read.
    pub async fn of(stack: &Stack) -> Result<Self> {
        Self::made_by(&stack.outputs().report_function, stack.aws()).await
    }

    /// As [`Integrity::of`], of the lake of this report function.
    pub async fn made_by(report_function: &str, aws: &Aws) -> Result<Self> {
        let answer = aws.invoke(report_function, br#"{"report":"integrity"}"#.to_vec()).await?;
        Self::published(aws, &answer).await
    }

    /// Reads the report that an invocation of the report function has published, by its answer.
    pub(crate) async fn published(aws: &Aws, answer: &str) -> Result<Self> {
        let csv = place(answer).with_context(|| format!("no integrity report in the answer {answer}"))?;
        let (bucket, key) = csv.trim_start_matches("s3://").split_once('/').unwrap_or_default();
        let object = aws.s3.get_object().bucket(bucket).key(key).send().await;
        let object = object.with_context(|| format!("cannot read {csv}"))?;
        Self::parse(&object.body.collect().await?.into_bytes()).with_context(|| format!("cannot understand {csv}"))
    }

    fn parse(csv: &[u8]) -> Result<Self> {
        let partitions = csv::Reader::from_reader(csv).into_deserialize().collect::<Result<_, _>>()?;
        Ok(Self { partitions })
    }

    /// No row is there twice and no offset is missing.
    pub fn is_clean(&self) -> bool {
        self.partitions.iter().all(PartitionIntegrity::is_clean)
    }

    /// Records with a row in `bars`.
    pub fn landed(&self) -> u64 {
        self.sum(|row| row.landed)
    }

    /// Records in `rejects`.
    pub fn rejected(&self) -> u64 {
        self.sum(|row| row.rejected)
    }

    /// Rows in `bars`.
    pub fn bar_rows(&self) -> u64 {
        self.sum(|row| row.bar_rows)
    }

    /// Rows too many.
    pub fn duplicates(&self) -> u64 {
        self.sum(|row| row.duplicates)
    }

    /// Gaps in the offsets.
    pub fn holes(&self) -> u64 {
        self.sum(|row| row.holes)
    }

    /// Offsets in the gaps.
    pub fn hole_offsets(&self) -> u64 {
        self.sum(|row| row.hole_offsets)
    }

    fn sum(&self, column: impl Fn(&PartitionIntegrity) -> u64) -> u64 {
        self.partitions.iter().map(column).sum()
    }
}

fn place(answer: &str) -> Option<String> {
    let answer: Answer = serde_json::from_str(answer).ok()?;
    answer.reports.into_iter().find(|publication| publication.report == "integrity").map(|publication| publication.csv)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "kafka_topic,kafka_partition,life,first_offset,last_offset,offsets,landed,rejected,bar_rows,\
                        duplicates,holes,hole_offsets,first_hole\n";

    #[test]
    fn the_sums_are_those_of_all_partitions() {
        let csv = format!("{HEAD}stock-bars,0,1,0,9,7,5,2,6,0,1,3,4\nstock-bars,1,1,2,2,1,1,0,1,0,0,0,\n");
        let integrity = Integrity::parse(csv.as_bytes()).unwrap();
        assert_eq!((integrity.landed(), integrity.rejected(), integrity.bar_rows()), (6, 2, 7));
        assert_eq!((integrity.duplicates(), integrity.holes(), integrity.hole_offsets()), (0, 1, 3));
        assert_eq!(integrity.partitions.iter().map(|row| row.first_hole).collect::<Vec<_>>(), [Some(4), None]);
        assert!(!integrity.is_clean());
    }

    #[test]
    fn an_empty_lake_is_clean_and_a_csv_of_another_report_is_an_error() {
        assert!(Integrity::parse(HEAD.as_bytes()).unwrap().is_clean());
        assert!(Integrity::parse(b"symbol,close\nHSI,1\n").is_err());
    }

    #[test]
    fn the_report_is_found_among_others_in_the_answer() {
        let answer =
            r#"{"reports":[{"report":"ingest-health","csv":"s3://b/1"},{"report":"integrity","csv":"s3://b/2"}]}"#;
        assert_eq!(place(answer).as_deref(), Some("s3://b/2"));
        assert_eq!(place(r#"{"reports":[]}"#), None);
    }
}
