//! The end of the demo: what went in, what came out, and where it is. What came out is what the report `integrity` counts;
//! nothing here comes from what `ingest` said of itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::producer::Published;
use crate::{Integrity, Progress, Stack};

/// The objects of the lake by the first part of their key, and their copies.
#[derive(Debug, Clone)]
pub(super) struct Lake {
    bucket: String,
    folder: PathBuf,
    /// Number and bytes.
    objects: BTreeMap<String, (u64, u64)>,
    /// How many pages the index links.
    reports: usize,
}

/// What the user is to open.
const INDEX: &str = "reports/index.html";

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
        let reports = keys.iter().filter(|key| key.ends_with("/report.html")).count();
        ensure!(keys.iter().any(|key| key == INDEX), "there is no index at s3://{bucket}/{INDEX}");
        Ok(Self { bucket, folder, objects, reports })
    }
}

/// Everything a person needs to check the demo.
#[derive(Debug)]
pub(super) struct Summary {
    published: Published,
    progress: Progress,
    land_seconds: f64,
    integrity: Integrity,
    lake: Lake,
    /// Why one of the rejected records was, if nothing landed.
    reject: Option<String>,
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
        integrity: Integrity,
        lake: Lake,
        reject: Option<String>,
    ) -> Self {
        Self {
            published,
            progress,
            land_seconds,
            integrity,
            lake,
            reject,
            database: stack.outputs().database.clone(),
            topic: stack.topic().to_owned(),
            bootstrap_servers: stack.bootstrap_servers().to_owned(),
        }
    }

    /// Where the lake is copied to.
    pub(super) fn lake(&self) -> &Path {
        &self.lake.folder
    }

    /// Whether each published record is in the lake exactly once, as a bar or as a reject, and any as a bar; if not, what is wrong.
    pub(super) fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        if !self.sums_agree() {
            wrong.push("what was published is not what landed and was rejected".to_owned());
        }
        if self.integrity.duplicates() > 0 {
            wrong.push(format!("duplicates: {}", grouped(self.integrity.duplicates())));
        }
        if self.integrity.holes() > 0 {
            wrong.push(format!("offsets in holes: {}", grouped(self.integrity.hole_offsets())));
        }
        ensure!(
            wrong.is_empty(),
            "not every record is in the lake exactly once: {}; see the report integrity",
            wrong.join(", ")
        );
        ensure!(
            self.published.acknowledged > 0,
            "nothing was published: the producer skipped all rows, and says why above"
        );
        ensure!(
            self.integrity.landed() > 0,
            "no bar landed: all {} records were rejected, one for {}; the others are in the table rejects, and in the report ingest-health",
            grouped(self.integrity.rejected()),
            self.reject.as_deref().unwrap_or("an unknown reason")
        );
        Ok(())
    }

    fn sums_agree(&self) -> bool {
        let published = self.published.acknowledged;
        let on_topic = u64::try_from(self.progress.on_topic()).ok();
        on_topic == Some(published) && published == self.integrity.landed() + self.integrity.rejected()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let integrity = &self.integrity;
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
        let bar_rows = grouped(integrity.bar_rows());
        row(out, "landed", integrity.landed(), &format!("records in {bar_rows} rows of {database}.bars"))?;
        row(out, "rejected", integrity.rejected(), &format!("records in {database}.rejects"))?;
        row(out, "duplicates", integrity.duplicates(), "rows that are there twice")?;
        row(
            out,
            "holes",
            integrity.holes(),
            &format!("gaps between the offsets; {} are missing", grouped(integrity.hole_offsets())),
        )?;
        for unclean in integrity.partitions.iter().filter(|partition| !partition.is_clean()) {
            writeln!(out, "             {unclean}")?;
        }
        let verdict = if self.sums_agree() { "yes" } else { "NO" };
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
        writeln!(out, "  reports    {}, all of them linked from", self.lake.reports)?;
        writeln!(out, "             {}", self.lake.folder.join(INDEX).display())?;
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
    use crate::{Counts, PartitionIntegrity, PartitionOffsets, PartitionProgress};

    fn summary(acknowledged: u64, integrity: Integrity) -> Summary {
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
            integrity,
            lake: Lake {
                bucket: "tickerlake-lake".to_owned(),
                folder: "/project/target/local/lake".into(),
                objects: [("bars".to_owned(), (12, 1_234_567)), ("reports".to_owned(), (4, 999))].into(),
                reports: 9,
            },
            reject: None,
            database: "tickerlake".to_owned(),
            topic: "stock-bars".to_owned(),
            bootstrap_servers: "127.0.0.1:40001".to_owned(),
        }
    }

    /// Two partitions without fault: 50,560 records in 50,570 rows, and 8 rejects.
    fn right() -> Integrity {
        let partition_0 = PartitionIntegrity {
            topic: "stock-bars".to_owned(),
            partition: 0,
            life: 1,
            first_offset: 0,
            last_offset: 29_999,
            offsets: 30_000,
            landed: 29_992,
            rejected: 8,
            bar_rows: 30_002,
            duplicates: 0,
            holes: 0,
            hole_offsets: 0,
            first_hole: None,
        };
        let (offsets, last_offset) = (20_568, 20_567);
        let partition_1 = PartitionIntegrity {
            partition: 1,
            last_offset,
            offsets,
            landed: offsets,
            rejected: 0,
            bar_rows: offsets,
            ..partition_0.clone()
        };
        Integrity { partitions: vec![partition_0, partition_1] }
    }

    fn wrong(acknowledged: u64, spoil: impl FnOnce(&mut PartitionIntegrity)) -> Summary {
        let mut integrity = right();
        spoil(&mut integrity.partitions[1]);
        summary(acknowledged, integrity)
    }

    #[test]
    fn a_summary_can_be_checked_by_a_person() {
        let summary = summary(50_568, right());
        summary.check().unwrap();
        insta::assert_snapshot!(summary);
    }

    #[test]
    fn a_lost_an_invented_or_a_doubled_record_is_seen_and_named() {
        let lost = wrong(50_568, |partition| partition.landed -= 1);
        assert!(lost.to_string().contains("published = landed + rejected: NO"));
        let invented = wrong(50_568, |partition| partition.rejected += 1);
        // The broker holds more than this producer sent.
        let foreign = wrong(50_567, |partition| partition.landed -= 1);
        let doubled = wrong(50_568, |partition| partition.duplicates = 1);
        let missing = wrong(50_568, |partition| {
            (partition.holes, partition.hole_offsets, partition.first_hole) = (2, 1_700, Some(11));
        });
        assert!(missing.to_string().contains("stock-bars, partition 1: 0 duplicates, 2 holes from offset 11"));
        let messages =
            [lost, invented, foreign, doubled, missing].map(|summary| summary.check().unwrap_err().to_string());
        let sums = "not every record is in the lake exactly once: what was published is not what landed and was rejected; see the report integrity";
        assert_eq!(messages[..3], [sums; 3]);
        assert_eq!(
            messages[3],
            "not every record is in the lake exactly once: duplicates: 1; see the report integrity"
        );
        assert_eq!(
            messages[4],
            "not every record is in the lake exactly once: offsets in holes: 1,700; see the report integrity"
        );
    }

    #[test]
    fn nothing_that_landed_is_no_success() {
        let rejected = |partition: &PartitionIntegrity| PartitionIntegrity {
            landed: 0,
            rejected: partition.offsets,
            bar_rows: 0,
            ..partition.clone()
        };
        let partitions = right().partitions.iter().map(rejected).collect();
        let mut all_rejected = summary(50_568, Integrity { partitions });
        all_rejected.reject = Some("invalid_date: Date is not a day".to_owned());
        assert!(all_rejected.to_string().contains("published = landed + rejected: yes"));
        assert_eq!(
            all_rejected.check().unwrap_err().to_string(),
            "no bar landed: all 50,568 records were rejected, one for invalid_date: Date is not a day; the others are in the table \
             rejects, and in the report ingest-health"
        );

        let mut nothing = summary(0, Integrity { partitions: Vec::new() });
        nothing.progress.partitions.clear();
        let error = nothing.check().unwrap_err().to_string();
        assert!(error.starts_with("nothing was published"), "{error}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts = [0, 999, 1_000, 50_568, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "50,568", "1,234,567"]);
    }
}
