//! The end of the demo: what went in, what came out, and where it is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};

use super::producer::Published;
use crate::{Progress, Stack};

/// Records and rows as Athena counts them: nothing here comes from what `ingest` said of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measured {
    /// Rows in `bars`; an array value is one record and several rows.
    rows: u64,
    /// Records with a row in `bars`.
    landed: u64,
    /// Records in `rejects`.
    rejected: u64,
    /// Rows that say again what another row says.
    duplicates: u64,
}

const BARS: &str = "\
SELECT count(*) AS records, coalesce(sum(copies), 0) AS rows_landed, coalesce(sum(copies - places), 0) AS duplicates
FROM (
    SELECT kafka_partition, kafka_offset, count(*) AS copies, count(DISTINCT kafka_index) AS places
    FROM bars GROUP BY kafka_partition, kafka_offset
) AS record";

const REJECTS: &str = "\
SELECT count(*) AS records, coalesce(sum(copies), 0) AS rows_landed, coalesce(sum(copies - 1), 0) AS duplicates
FROM (
    SELECT kafka_partition, kafka_offset, count(*) AS copies
    FROM rejects GROUP BY kafka_partition, kafka_offset
) AS record";

impl Measured {
    pub(super) async fn take(stack: &Stack) -> Result<Self> {
        let [landed, rows, bars_duplicates] = counts(stack, BARS).await?;
        let [rejected, _, rejects_duplicates] = counts(stack, REJECTS).await?;
        Ok(Self { rows, landed, rejected, duplicates: bars_duplicates + rejects_duplicates })
    }
}

async fn counts(stack: &Stack, sql: &str) -> Result<[u64; 3]> {
    let rows = stack.athena_query(sql).await?;
    let number = |column: usize| -> Option<u64> { rows.first()?.get(column)?.as_deref()?.parse().ok() };
    let counts = (number(0), number(1), number(2));
    let (Some(records), Some(rows), Some(duplicates)) = counts else {
        bail!("athena answered {rows:?} where three numbers were asked for");
    };
    Ok([records, rows, duplicates])
}

/// The objects of the lake by the first part of their key, and their copies.
#[derive(Debug, Clone)]
pub(super) struct Lake {
    bucket: String,
    folder: PathBuf,
    /// Number and bytes.
    objects: BTreeMap<String, (u64, u64)>,
    reports: Vec<PathBuf>,
}

/// What the user may want to open.
const COPIED: [&str; 3] = ["bars/", "rejects/", "reports/"];

impl Lake {
    pub(super) async fn copy(stack: &Stack) -> Result<Self> {
        let bucket = stack.outputs().lake_bucket.clone();
        let folder = stack.folder().lake();
        let listed = stack.aws().list(&bucket, "").await?;
        let mut objects = BTreeMap::<String, (u64, u64)>::new();
        for (key, bytes) in &listed {
            let first = key.split('/').next().unwrap_or(key);
            let sum = objects.entry(first.to_owned()).or_default();
            *sum = (sum.0 + 1, sum.1 + bytes);
        }
        let keys: Vec<String> = listed
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| COPIED.iter().any(|prefix| key.starts_with(prefix)))
            .collect();
        stack.aws().download(&bucket, &keys, &folder).await.context("cannot copy the lake")?;
        let copies = keys.iter().map(|key| folder.join(key));
        let reports: Vec<PathBuf> = copies.filter(|path| path.extension().is_some_and(|kind| kind == "html")).collect();
        ensure!(!reports.is_empty(), "there is no HTML report below s3://{bucket}/reports/");
        Ok(Self { bucket, folder, objects, reports })
    }
}

/// Everything a person needs to check the demo.
#[derive(Debug)]
pub(super) struct Summary {
    published: Published,
    progress: Progress,
    land_seconds: f64,
    measured: Measured,
    lake: Lake,
    database: String,
    topic: String,
    bootstrap_servers: String,
}

impl Summary {
    pub(super) fn new(
        stack: &Stack,
        published: Published,
        progress: Progress,
        land_seconds: f64,
        measured: Measured,
        lake: Lake,
    ) -> Self {
        Self {
            published,
            progress,
            land_seconds,
            measured,
            lake,
            database: stack.outputs().database.clone(),
            topic: stack.topic().to_owned(),
            bootstrap_servers: stack.bootstrap_servers().to_owned(),
        }
    }

    /// Whether each published record is in the lake once, as a bar or as a reject.
    pub(super) fn agrees(&self) -> bool {
        self.sums_agree() && self.measured.duplicates == 0
    }

    fn sums_agree(&self) -> bool {
        let published = self.published.acknowledged;
        let on_topic = u64::try_from(self.progress.on_topic()).ok();
        on_topic == Some(published) && published == self.measured.landed + self.measured.rejected
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Measured { rows, landed, rejected, duplicates } = self.measured;
        let published = self.published.acknowledged;
        let on_topic = u64::try_from(self.progress.on_topic()).unwrap_or_default();
        let database = &self.database;
        let counts = &self.progress.counts;
        let row = |out: &mut fmt::Formatter<'_>, name: &str, number: u64, what: &str| {
            writeln!(out, "  {name:<10} {:>9}  {what}", grouped(number))
        };
        writeln!(out)?;
        row(
            out,
            "published",
            published,
            &format!("acknowledged by the broker; {} skipped by the producer", self.published.skipped),
        )?;
        row(out, "on topic", on_topic, &format!("{} partitions of {}", self.progress.partitions.len(), self.topic))?;
        row(out, "landed", landed, &format!("records in {} rows of {database}.bars", grouped(rows)))?;
        row(out, "rejected", rejected, &format!("records in {database}.rejects"))?;
        row(out, "duplicates", duplicates, "rows that are there twice")?;
        let verdict = match (self.sums_agree(), duplicates) {
            (true, 0) => "yes",
            (true, _) => "yes, but NOT each once",
            (false, _) => "NO",
        };
        writeln!(out, "  published = landed + rejected: {verdict}")?;
        writeln!(out)?;
        row(
            out,
            "events",
            counts.events,
            &format!("invocations of ingest ({}), {} repeated", size(counts.bytes), counts.retries),
        )?;
        if counts.given_up > 0 {
            row(out, "given up", counts.given_up, counts.last_error.as_deref().unwrap_or("unknown"))?;
        }
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate for people"
        )]
        let rate = (published as f64 / self.land_seconds) as u64;
        let from_to = format!("records/s, from the first published to the last landed ({:.1} s)", self.land_seconds);
        row(out, "throughput", rate, &from_to)?;
        for (first, (objects, bytes)) in &self.lake.objects {
            row(out, first, *objects, &format!("objects, {}", size(*bytes)))?;
        }
        writeln!(out)?;
        writeln!(out, "  topic      {} on {} (ended with this command)", self.topic, self.bootstrap_servers)?;
        writeln!(out, "  lake       s3://{}/ (on the emulator, ended with this command)", self.lake.bucket)?;
        writeln!(out, "  copies     {}", self.lake.folder.display())?;
        writeln!(out)?;
        for report in &self.lake.reports {
            writeln!(out, "  report     {}", report.display())?;
        }
        Ok(())
    }
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let bytes_as_float = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes_as_float / 1e3),
        _ => format!("{:.1} MB", bytes_as_float / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counts, PartitionOffsets, PartitionProgress};

    fn summary(acknowledged: u64, measured: Measured) -> Summary {
        let partition = |partition, end| PartitionProgress {
            offsets: PartitionOffsets { partition, start: 0, end },
            committed: Some(end),
        };
        Summary {
            published: Published { line: String::new(), skipped: 2, acknowledged },
            progress: Progress {
                partitions: vec![partition(0, 30_000), partition(1, 20_568)],
                counts: Counts { events: 6, records: 50_568, bytes: 21_912_345, retries: 1, ..Counts::default() },
            },
            land_seconds: 12.5,
            measured,
            lake: Lake {
                bucket: "tickerlake-lake".to_owned(),
                folder: "/project/target/local/lake".into(),
                objects: [("bars".to_owned(), (12, 1_234_567)), ("reports".to_owned(), (4, 999))].into(),
                reports: vec!["/project/target/local/lake/reports/market-summary/dt=2026-11-22/report.html".into()],
            },
            database: "tickerlake".to_owned(),
            topic: "stock-bars".to_owned(),
            bootstrap_servers: "127.0.0.1:40001".to_owned(),
        }
    }

    const RIGHT: Measured = Measured { rows: 50_570, landed: 50_560, rejected: 8, duplicates: 0 };

    #[test]
    fn a_summary_can_be_checked_by_a_person() {
        let summary = summary(50_568, RIGHT);
        assert!(summary.agrees());
        insta::assert_snapshot!(summary);
    }

    #[test]
    fn a_lost_an_invented_or_a_doubled_record_is_seen() {
        let lost = summary(50_568, Measured { landed: 50_559, ..RIGHT });
        assert!(!lost.agrees());
        assert!(lost.to_string().contains("published = landed + rejected: NO"));
        assert!(!summary(50_568, Measured { rejected: 9, ..RIGHT }).agrees());
        let doubled = summary(50_568, Measured { duplicates: 1, ..RIGHT });
        assert!(!doubled.agrees());
        assert!(doubled.to_string().contains("published = landed + rejected: yes, but NOT each once"));
        // The broker holds more than this producer sent.
        assert!(!summary(50_567, Measured { rejected: 7, ..RIGHT }).agrees());
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts = [0, 999, 1_000, 50_568, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "50,568", "1,234,567"]);
    }
}
