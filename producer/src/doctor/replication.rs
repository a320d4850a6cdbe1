//! What becomes of a topic when one of its brokers dies: how many copies there are, how many are in sync, and where they are.

use std::collections::{BTreeMap, BTreeSet};

use crate::doctor::finding::Finding;

/// With three copies one broker may die while another restarts, and no record is lost.
const WANTED: usize = 3;

/// The copies of one partition.
pub(crate) struct Copies {
    pub(crate) partition: i32,
    /// Negative if no broker leads.
    pub(crate) leader: i32,
    /// The brokers that are to have it.
    pub(crate) replicas: Vec<i32>,
    /// How many of them have all of it.
    pub(crate) in_sync: usize,
}

/// How many copies each partition has.
pub(crate) fn fewest(copies: &[Copies]) -> usize {
    copies.iter().map(|of| of.replicas.len()).min().unwrap_or_default()
}

/// `zones` says where the brokers are; it is asked where there is more than one copy.
pub(crate) fn judge(
    topic: &str,
    copies: &[Copies],
    brokers: usize,
    zones: impl FnOnce() -> Result<BTreeMap<i32, String>, String>,
) -> Vec<Finding> {
    let replicas = fewest(copies);
    let exists = format!("topic {topic} exists, with {} partitions", copies.len());
    let more = format!(
        "; there are {brokers} brokers: have kafka-reassign-partitions.sh give each partition {WANTED} (on those of broker.yaml: spread.sh)"
    );
    let more = if brokers >= WANTED { more.as_str() } else { "" };
    let mut found = match replicas {
        0 | 1 => vec![Finding::note(format!("{exists} on one disk each: what has not landed is lost with it{more}"))],
        2 => vec![Finding::note(format!(
            "{exists} of 2 replicas: while one broker is away, what has not landed is on one disk{more}"
        ))],
        _ => Vec::new(),
    };
    if replicas >= WANTED {
        found.push(Finding::ok(format!("{exists} of {replicas} replicas")));
    }
    if replicas > 1 {
        found.push(judge_zones(topic, copies, zones()));
    }
    for Copies { partition, leader, replicas, in_sync } in copies {
        let wanted = replicas.len();
        if *leader < 0 {
            found.push(Finding::bad(format!(
                "partition {partition} of topic {topic} has no leader: is one of the brokers down?"
            )));
        } else if *in_sync < wanted {
            found.push(Finding::note(format!(
                "partition {partition} of topic {topic} has {in_sync} of {wanted} replicas in sync: is one of the brokers down?"
            )));
        }
    }
    found
}

fn judge_zones(topic: &str, copies: &[Copies], zones: Result<BTreeMap<i32, String>, String>) -> Finding {
    let zones = match zones {
        Ok(zones) => zones,
        Err(reason) => {
            return Finding::note(format!(
                "the zones of the brokers cannot be read ({reason}), so it is not judged whether the replicas of topic {topic} are lost \
                 together: let the user DescribeConfigs the cluster, or look at broker.rack of each broker"
            ));
        }
    };
    let of = |copies: &Copies| -> Option<BTreeSet<&str>> {
        copies.replicas.iter().map(|broker| zones.get(broker).map(String::as_str)).collect()
    };
    let together = copies.iter().find_map(|copies| {
        let zone = of(copies).filter(|zones| zones.len() == 1)?.pop_first()?;
        Some((copies.partition, zone))
    });
    if let Some((partition, zone)) = together {
        return Finding::note(format!(
            "partition {partition} of topic {topic} has all its replicas in the zone {zone}: they are lost together; give it brokers in others"
        ));
    }
    if copies.iter().all(|copies| of(copies).is_some_and(|zones| zones.len() == copies.replicas.len())) {
        return Finding::ok(format!("each partition of topic {topic} has its replicas in zones of their own"));
    }
    if copies.iter().all(|copies| of(copies).is_some()) {
        return Finding::ok(format!("each partition of topic {topic} has its replicas in more than one zone"));
    }
    Finding::note(format!(
        "not every broker of topic {topic} says in which zone it is, so it is not known whether its replicas are lost together: set \
         broker.rack on each, if it is up"
    ))
}

/// What the topic is set to, against its copies.
pub(crate) fn judge_settings(topic: &str, copies: &[Copies], settings: &BTreeMap<String, String>) -> Vec<Finding> {
    let replicas = fewest(copies);
    let alter = |setting: &str| {
        format!("kafka-configs.sh --alter --entity-type topics --entity-name {topic} --add-config {setting}")
    };
    let mut found = Vec::new();
    let wanted = settings.get("min.insync.replicas").and_then(|wanted| wanted.parse::<usize>().ok());
    match wanted {
        Some(1) if replicas > 1 => {
            let text = format!(
                "topic {topic} takes a record for published that one of its {replicas} replicas has (min.insync.replicas): if that broker \
                 dies then, the record is lost; {}",
                alter("min.insync.replicas=2")
            );
            // With two it is that, or nobody can publish while one is away.
            found.push(if replicas > 2 { Finding::bad(text) } else { Finding::note(text) });
        }
        Some(wanted) if wanted == replicas && replicas > 1 => found.push(Finding::note(format!(
            "topic {topic} wants all its {replicas} replicas in sync (min.insync.replicas): nothing can be published while one broker is away"
        ))),
        Some(wanted) if wanted > 1 && wanted < replicas => found.push(Finding::ok(format!(
            "topic {topic} takes a record for published that {wanted} of its {replicas} replicas have (min.insync.replicas)"
        ))),
        _ => {}
    }
    for Copies { partition, leader, in_sync, replicas } in copies {
        if let Some(wanted) = wanted
            && *leader >= 0
            && (*in_sync..=replicas.len()).contains(&wanted)
            && *in_sync < wanted
        {
            found.push(Finding::bad(format!(
                "partition {partition} of topic {topic} has {in_sync} replicas in sync and wants {wanted} (min.insync.replicas): nothing can be \
                 published to it until a broker is back"
            )));
        }
    }
    if replicas > 1 && settings.get("unclean.leader.election.enable").is_some_and(|unclean| unclean == "true") {
        found.push(Finding::note(format!(
            "topic {topic} lets a broker lead that was not in sync (unclean.leader.election.enable): what it lacks is lost, published or \
             not; {}",
            alter("unclean.leader.election.enable=false")
        )));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    fn copies(replicas: &[i32], in_sync: usize) -> Vec<Copies> {
        vec![Copies { partition: 0, leader: 1, replicas: replicas.to_vec(), in_sync }]
    }

    fn zones(named: &[(i32, &str)]) -> BTreeMap<i32, String> {
        named.iter().map(|(broker, zone)| (*broker, (*zone).to_owned())).collect()
    }

    fn judged(copies: &[Copies], brokers: usize, named: &[(i32, &str)]) -> Vec<(Verdict, String)> {
        let found = judge("bars", copies, brokers, || Ok(zones(named)));
        found.into_iter().map(|finding| (finding.verdict, finding.text)).collect()
    }

    fn settled(copies: &[Copies], settings: &[(&str, &str)]) -> Vec<(Verdict, String)> {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let found = judge_settings("bars", copies, &settings);
        found.into_iter().map(|finding| (finding.verdict, finding.text)).collect()
    }

    #[track_caller]
    fn says(found: &[(Verdict, String)], verdict: Verdict, words: &str) {
        assert!(
            found.iter().any(|(of, text)| *of == verdict && text.contains(words)),
            "no {verdict:?} {words}: {found:?}"
        );
    }

    const APART: [(i32, &str); 3] = [(1, "a"), (2, "b"), (3, "c")];

    #[test]
    fn three_replicas_in_three_zones_are_well() {
        let found = judged(&copies(&[1, 2, 3], 3), 3, &APART);
        assert!(found.iter().all(|(verdict, _)| *verdict == Verdict::Ok), "{found:?}");
        says(&found, Verdict::Ok, "1 partitions of 3 replicas");
        says(&found, Verdict::Ok, "zones of their own");
    }

    #[test]
    fn fewer_replicas_than_the_brokers_could_have_are_told() {
        says(
            &judged(&copies(&[1], 1), 3, &APART),
            Verdict::Note,
            "on one disk each: what has not landed is lost with it; there are 3",
        );
        says(&judged(&copies(&[1, 2], 2), 3, &APART), Verdict::Note, "of 2 replicas");
        let alone = judged(&copies(&[1], 1), 1, &[]);
        assert!(alone.len() == 1 && !alone[0].1.contains("there are"), "{alone:?}");
    }

    #[test]
    fn replicas_that_are_lost_together_are_told() {
        let together = [(1, "a"), (2, "a"), (3, "a")];
        says(&judged(&copies(&[1, 2, 3], 3), 3, &together), Verdict::Note, "all its replicas in the zone a");
        let two = [(1, "a"), (2, "a"), (3, "b")];
        says(&judged(&copies(&[1, 2, 3], 3), 3, &two), Verdict::Ok, "more than one zone");
        says(&judged(&copies(&[1, 2, 3], 3), 3, &[(1, "a")]), Verdict::Note, "not every broker");
        let unread = judge("bars", &copies(&[1, 2], 2), 2, || Err("the user may not".to_owned()));
        assert!(unread.iter().any(|finding| finding.text.contains("cannot be read (the user may not)")), "{unread:?}");
    }

    #[test]
    fn replicas_that_are_not_in_sync_are_told_and_too_few_are_bad() {
        says(&judged(&copies(&[1, 2, 3], 2), 2, &APART), Verdict::Note, "2 of 3 replicas in sync");
        let wants_two = [("min.insync.replicas", "2")];
        assert!(settled(&copies(&[1, 2, 3], 2), &wants_two).iter().all(|(verdict, _)| *verdict == Verdict::Ok));
        says(&settled(&copies(&[1, 2, 3], 1), &wants_two), Verdict::Bad, "has 1 replicas in sync and wants 2");
        let leaderless = vec![Copies { partition: 0, leader: -1, replicas: vec![1], in_sync: 1 }];
        says(&judged(&leaderless, 1, &[]), Verdict::Bad, "has no leader");
    }

    #[test]
    fn settings_that_let_a_published_record_be_lost_are_told() {
        let three = copies(&[1, 2, 3], 3);
        says(
            &settled(&three, &[("min.insync.replicas", "1")]),
            Verdict::Bad,
            "if that broker dies then, the record is lost",
        );
        let two = copies(&[1, 2], 2);
        says(&settled(&two, &[("min.insync.replicas", "1")]), Verdict::Note, "the record is lost");
        says(&settled(&three, &[("min.insync.replicas", "3")]), Verdict::Note, "while one broker is away");
        says(&settled(&three, &[("unclean.leader.election.enable", "true")]), Verdict::Note, "was not in sync");
        assert_eq!(settled(&copies(&[1], 1), &[("min.insync.replicas", "1")]), []);
    }
}
