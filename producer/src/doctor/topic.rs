//! The topic: whether it is there, whether it is whole, and whether its settings fit Lambda.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::metadata::{MetadataPartition, MetadataTopic};

use crate::doctor::cluster::Cluster;
use crate::doctor::finding::Finding;
use crate::doctor::replication::{self, Copies};

type Settings = BTreeMap<String, String>;

/// Lambda's limit for an event, in bytes of its JSON.
const EVENT: u64 = 6_291_456;
/// The largest value that surely fits: base64 makes four bytes of three.
const LARGEST_VALUE: u64 = 4_400_000;
/// The largest record of any kind that surely fits: each byte of a header's value is a number of up to four characters and a comma, and of
/// its name an escape of up to six.
const LARGEST_RECORD: u64 = 1_000_000;
const HOUR_MS: i64 = 3_600_000;
/// An outage over a night or a day must not cost a record.
const SHORT_RETENTION_MS: i64 = 24 * HOUR_MS;

pub(crate) fn examine(name: &str, cluster: &Cluster, patience: Duration) -> Vec<Finding> {
    let Some(topic) = cluster.topic(name) else {
        return vec![Finding::bad(format!(
            "topic {name} does not exist, or this user may not see it: create it (producer --create-topic, or \
             kafka-topics.sh --create), or let the user Describe and Read it"
        ))];
    };
    let copies = copies(topic);
    let fewest = replication::fewest(&copies);
    let mut found = replication::judge(name, &copies, cluster.brokers(), || cluster.zones());
    match cluster.settings(name, patience) {
        Ok(settings) => {
            found.extend(judge(name, &settings, fewest));
            found.extend(replication::judge_settings(name, &copies, &settings));
        }
        Err(reason) => found.push(Finding::note(format!(
            "the settings of topic {name} cannot be read ({reason}), so its size limit and retention are not judged: let \
             the user DescribeConfigs it, or look with kafka-configs.sh --describe"
        ))),
    }
    found
}

fn copies(topic: &MetadataTopic) -> Vec<Copies> {
    let of = |partition: &MetadataPartition| Copies {
        partition: partition.id(),
        leader: partition.leader(),
        replicas: partition.replicas().to_vec(),
        in_sync: partition.isr().len(),
    };
    topic.partitions().iter().map(of).collect()
}

/// `replicas` is how many each partition has.
fn judge(topic: &str, settings: &Settings, replicas: usize) -> Vec<Finding> {
    let alter = |setting: &str| {
        format!("kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}")
    };
    let number = |name: &str| settings.get(name).and_then(|value| value.parse::<i64>().ok());
    let mut found = Vec::new();

    if let Some(limit) = number("max.message.bytes").and_then(|limit| u64::try_from(limit).ok()) {
        let is_uncompressed = settings.get("compression.type").is_some_and(|compression| compression == "uncompressed");
        found.push(judge_size(topic, limit, is_uncompressed, alter));
    }
    match number("retention.ms") {
        Some(kept @ 0..SHORT_RETENTION_MS) => found.push(Finding::note(format!(
            "topic {topic} keeps records for {} (retention.ms): an outage that lasts longer loses them; {}",
            in_hours(kept),
            alter("retention.ms=604800000")
        ))),
        Some(kept) => found.push(Finding::ok(format!(
            "topic {topic} keeps records {} (retention.ms): so long may an outage last",
            if kept < 0 { "for ever".to_owned() } else { format!("for {}", in_hours(kept)) }
        ))),
        None => {}
    }
    if let Some(bytes @ 0..) = number("retention.bytes") {
        found.push(Finding::note(format!(
            "topic {topic} keeps {bytes} bytes of each partition (retention.bytes), however young: see that this is more than \
             an outage's records, or {}",
            alter("retention.bytes=-1")
        )));
    }
    if settings.get("cleanup.policy").is_some_and(|policy| policy.contains("compact")) {
        found.push(Finding::note(format!(
            "topic {topic} is compacted (cleanup.policy): of a symbol's bars only the newest is kept, and the others are lost \
             if they are removed before they land; {}",
            alter("cleanup.policy=delete")
        )));
    }
    if let Some(wanted) = number("min.insync.replicas").and_then(|wanted| usize::try_from(wanted).ok())
        && wanted > replicas
    {
        found.push(Finding::bad(format!(
            "topic {topic} wants {wanted} replicas in sync (min.insync.replicas) and has {replicas}: the producer can write \
             nothing; {}",
            alter("min.insync.replicas=1")
        )));
    }
    found
}

/// The broker counts a batch as it is compressed, Lambda the JSON of the record in an event.
fn judge_size(topic: &str, limit: u64, is_uncompressed: bool, alter: impl Fn(&str) -> String) -> Finding {
    let takes = format!("topic {topic} takes {limit} bytes at a time (max.message.bytes)");
    let counted = format!(
        "Lambda counts the JSON of an event, at most {EVENT} bytes, in which a key or value is a third longer and a header up to six times"
    );
    let fate = "cannot be delivered, and lands as a reject only";
    if limit > LARGEST_VALUE {
        return Finding::bad(format!(
            "{takes}. {counted}: a value above {LARGEST_VALUE} bytes {fate}; {}",
            alter("max.message.bytes=1048588")
        ));
    }
    match (is_uncompressed, limit <= LARGEST_RECORD) {
        (true, true) => Finding::ok(format!("{takes}, not compressed. {counted}: every record fits")),
        (true, false) => Finding::note(format!(
            "{takes}, not compressed. {counted}: a record of more than {LARGEST_RECORD} bytes of headers may be too large, and then {fate}"
        )),
        (false, _) => Finding::note(format!(
            "{takes}, as they are compressed. {counted}: a record that compresses well may be too large, and then {fate}. Producers keep \
             below 1 MB (max.request.size, message.max.bytes) unless told otherwise; to have the broker see to it, at the price of its \
             disk: {}",
            alter("compression.type=uncompressed,max.message.bytes=1000000")
        )),
    }
}

fn in_hours(milliseconds: i64) -> String {
    match milliseconds / HOUR_MS {
        hours @ 48.. => format!("{} days", hours / 24),
        1 => "1 hour".to_owned(),
        hours @ 2.. => format!("{hours} hours"),
        _ => format!("{} s", milliseconds / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    fn settings(changed: &[(&str, &str)]) -> Settings {
        let usual = [
            ("max.message.bytes", "1000000"),
            ("compression.type", "uncompressed"),
            ("retention.ms", "604800000"),
            ("retention.bytes", "-1"),
            ("cleanup.policy", "delete"),
            ("min.insync.replicas", "2"),
        ];
        [&usual, changed].concat().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// What is not well, by the property that it names.
    fn troubles(changed: &[(&str, &str)], property: &str) -> Vec<Verdict> {
        let found = judge("bars", &settings(changed), 3);
        let troubles = found.iter().filter(|finding| finding.verdict != Verdict::Ok);
        assert!(troubles.clone().all(|finding| finding.text.contains(property)), "{found:?}");
        troubles.map(|finding| finding.verdict).collect()
    }

    #[test]
    fn settings_that_let_no_record_be_lost_are_well() {
        assert_eq!(troubles(&[], ""), []);
        assert_eq!(troubles(&[("retention.ms", "-1")], ""), []);
    }

    #[test]
    fn each_setting_is_judged_at_its_limit() {
        assert_eq!(troubles(&[("max.message.bytes", "1000001")], "of headers may be too large"), [Verdict::Note]);
        assert_eq!(troubles(&[("max.message.bytes", "4400000")], "of headers may be too large"), [Verdict::Note]);
        assert_eq!(troubles(&[("max.message.bytes", "4400001")], "max.message.bytes"), [Verdict::Bad]);
        assert_eq!(troubles(&[("retention.ms", "86400000")], ""), []);
        assert_eq!(troubles(&[("retention.ms", "86399999")], "retention.ms"), [Verdict::Note]);
        assert_eq!(troubles(&[("retention.bytes", "1")], "retention.bytes"), [Verdict::Note]);
        assert_eq!(troubles(&[("cleanup.policy", "compact,delete")], "cleanup.policy"), [Verdict::Note]);
        assert_eq!(troubles(&[("min.insync.replicas", "4")], "min.insync.replicas"), [Verdict::Bad]);
    }

    #[test]
    fn a_limit_on_what_is_compressed_is_none_on_what_lambda_counts() {
        for compression in ["producer", "zstd"] {
            let kafkas_own = [("max.message.bytes", "1048588"), ("compression.type", compression)];
            assert_eq!(troubles(&kafkas_own, "a record that compresses well may be too large"), [Verdict::Note]);
        }
    }

    #[test]
    fn a_time_is_said_in_the_unit_that_fits() {
        for (milliseconds, said) in
            [(604_800_000, "7 days"), (86_400_000, "24 hours"), (3_600_000, "1 hour"), (60_000, "60 s")]
        {
            assert_eq!(in_hours(milliseconds), said);
        }
    }
}
