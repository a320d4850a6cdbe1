//! The topic: whether it is there, whether it is whole, and whether its settings fit Lambda.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::metadata::MetadataTopic;

use crate::doctor::cluster::Cluster;
use crate::doctor::finding::Finding;

type Settings = BTreeMap<String, String>;

/// The largest value that surely fits: an event has 6 MB, and base64 makes four bytes of three.
const LARGEST_RECORD: u64 = 4_400_000;
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
    let mut found = replicas(topic);
    match cluster.settings(name, patience) {
        Ok(settings) => found.extend(judge(name, &settings, fewest(topic, |partition| partition.replicas().len()))),
        Err(reason) => found.push(Finding::note(format!(
            "the settings of topic {name} cannot be read ({reason}), so its size limit and retention are not judged: let \
             the user DescribeConfigs it, or look with kafka-configs.sh --describe"
        ))),
    }
    found
}

fn fewest(topic: &MetadataTopic, count: impl Fn(&rdkafka::metadata::MetadataPartition) -> usize) -> usize {
    topic.partitions().iter().map(count).min().unwrap_or_default()
}

fn replicas(topic: &MetadataTopic) -> Vec<Finding> {
    let name = topic.name();
    let partitions = topic.partitions();
    let replicas = fewest(topic, |partition| partition.replicas().len());
    let exists = format!("topic {name} exists, with {} partitions", partitions.len());
    let mut found = vec![if replicas > 1 {
        Finding::ok(format!("{exists} of {replicas} replicas"))
    } else {
        Finding::note(format!("{exists} on one disk each: what has not landed is lost with it"))
    }];
    for partition in partitions {
        let id = partition.id();
        let (in_sync, wanted) = (partition.isr().len(), partition.replicas().len());
        if partition.leader() < 0 {
            found.push(Finding::bad(format!(
                "partition {id} of topic {name} has no leader: is one of the brokers down?"
            )));
        } else if in_sync < wanted {
            found.push(Finding::note(format!(
                "partition {id} of topic {name} has {in_sync} of {wanted} replicas in sync: is one of the brokers down?"
            )));
        }
    }
    found
}

/// `replicas` is how many each partition has.
fn judge(topic: &str, settings: &Settings, replicas: usize) -> Vec<Finding> {
    let alter = |setting: &str| {
        format!("kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}")
    };
    let number = |name: &str| settings.get(name).and_then(|value| value.parse::<i64>().ok());
    let mut found = Vec::new();

    if let Some(limit) = number("max.message.bytes").and_then(|limit| u64::try_from(limit).ok()) {
        found.push(if limit > LARGEST_RECORD {
            Finding::bad(format!(
                "topic {topic} takes records of {limit} bytes (max.message.bytes), and Lambda's events hold 6 MB in base64: a \
                 record above {LARGEST_RECORD} bytes could never be delivered and would block its partition for ever; {}",
                alter("max.message.bytes=1048588")
            ))
        } else {
            Finding::ok(format!("topic {topic} takes {limit} bytes at a time (max.message.bytes); Lambda's events hold 6 MB"))
        });
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
            ("max.message.bytes", "1048588"),
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
    fn kafkas_own_defaults_are_well() {
        assert_eq!(troubles(&[], ""), []);
        assert_eq!(troubles(&[("retention.ms", "-1")], ""), []);
    }

    #[test]
    fn each_setting_is_judged_at_its_limit() {
        assert_eq!(troubles(&[("max.message.bytes", "4400000")], ""), []);
        assert_eq!(troubles(&[("max.message.bytes", "4400001")], "max.message.bytes"), [Verdict::Bad]);
        assert_eq!(troubles(&[("retention.ms", "86400000")], ""), []);
        assert_eq!(troubles(&[("retention.ms", "86399999")], "retention.ms"), [Verdict::Note]);
        assert_eq!(troubles(&[("retention.bytes", "1")], "retention.bytes"), [Verdict::Note]);
        assert_eq!(troubles(&[("cleanup.policy", "compact,delete")], "cleanup.policy"), [Verdict::Note]);
        assert_eq!(troubles(&[("min.insync.replicas", "4")], "min.insync.replicas"), [Verdict::Bad]);
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
