//! One producer at a time: who has the topic is the one member of a consumer group, which the broker keeps.
//!
//! The member reads nothing. When its process dies, the broker strikes it off after the session's time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::groups::GroupInfo;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

use crate::delivery::{in_words, refused};

/// After so long the broker takes a silent producer for dead.
const SESSION_MS: u64 = 10_000;
/// Beyond the session, for the broker to notice.
const GRACE: Duration = Duration::from_secs(5);
/// One who was struck off knows it by its own clock, which is looked at once a second, and sends no more then.
const SETTLING: Duration = Duration::from_millis(1500);
/// How long it is waited for to say who has the topic instead.
const TELLING: Duration = Duration::from_secs(2);
/// How long joining may take.
const JOINING: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);
/// How long a broker may take for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How long this process may send, as it can tell by itself: one that stood still does not wait for the broker's word. It is over for good
/// once the broker has struck it off, or when nobody has looked for so long that the broker may have.
#[derive(Clone)]
pub(crate) struct Lease {
    was_lost: Arc<AtomicBool>,
    since: Instant,
    /// When it was last looked at: milliseconds since then.
    looked: Arc<AtomicU64>,
    most: Duration,
}

impl Lease {
    pub(crate) fn begin(was_lost: Arc<AtomicBool>, most: Duration) -> Lease {
        Lease { was_lost, since: Instant::now(), looked: Arc::default(), most }
    }

    pub(crate) fn is_over(&self) -> bool {
        if !self.was_lost.load(Ordering::Acquire) {
            let looked = Duration::from_millis(self.looked.load(Ordering::Acquire));
            if self.since.elapsed().saturating_sub(looked) <= self.most {
                return false;
            }
            self.was_lost.store(true, Ordering::Release);
        }
        true
    }

    /// Looks, and goes on with it if it is not over.
    fn renew(&self) -> bool {
        let is_over = self.is_over();
        if !is_over {
            let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.looked.store(now, Ordering::Release);
        }
        !is_over
    }
}

/// Kept while this process sends. Dropping it makes room for the next.
pub(crate) struct Lock {
    has_ended: Arc<AtomicBool>,
    lease: Lease,
    /// Who has it since, as far as that is known.
    taken_by: Arc<Mutex<Option<Other>>>,
    thread: Option<JoinHandle<()>>,
}

/// Whoever else is there.
struct Other {
    client: String,
    host: String,
}

impl Lock {
    /// Joins, when nobody is there; waits for one who may be dead.
    pub(crate) fn take(kafka: &ClientConfig, topic: &str, mut say: impl FnMut(&str)) -> Result<Lock> {
        let typed = kafka.get("group.id").filter(|group| !group.is_empty());
        let group = typed.map_or_else(|| format!("tickerlake-producer-{topic}"), ToOwned::to_owned);
        if typed.is_some() {
            say(&format!(
                "group.id={group}: only producers with the same group are kept from sending at the same time"
            ));
        }
        let name = format!("producer-{}-{:08x}", std::process::id(), rand::random::<u32>());
        let session = kafka.get("session.timeout.ms").and_then(|typed| typed.parse().ok()).unwrap_or(SESSION_MS);
        let mut settings = kafka.clone();
        settings
            .set("group.id", &group)
            .set("client.id", &name)
            .set("session.timeout.ms", session.to_string())
            .set("heartbeat.interval.ms", (session / 5).to_string())
            .set("enable.auto.commit", "false");
        let context = Member::default();
        let (is_member, was_lost) = (context.is_member.clone(), context.was_lost.clone());
        let consumer: BaseConsumer<Member> = settings.create_with_context(context).map_err(refused)?;

        let patience = Duration::from_millis(session) + GRACE;
        let started = Instant::now();
        let (mut has_said, mut was_taken) = (false, false);
        loop {
            let (what, refusal) = match others(&consumer, &group, &name) {
                Ok(None) => break,
                Ok(Some(other)) => {
                    was_taken = true;
                    let Other { client, host } = &other;
                    let what = format!("{client} at {host} has this topic, or had it until it died a moment ago");
                    (what, refusal(topic, &group, &other))
                }
                // A broker that does not answer, or has just begun.
                Err(error) => (format!("{error:#}"), error),
            };
            ensure!(started.elapsed() < patience, refusal);
            if !std::mem::replace(&mut has_said, true) {
                say(&format!("{what}: waiting up to {} s", patience.as_secs()));
            }
            thread::sleep(POLL);
        }
        if was_taken {
            thread::sleep(SETTLING);
        }

        consumer.subscribe(&[topic])?;
        let started = Instant::now();
        while !is_member.load(Ordering::Acquire) {
            if let Some(Err(error)) = consumer.poll(POLL)
                && let Some(reason) = denied(&error)
            {
                bail!("--resume needs the consumer group {group}, so that no two producers send the same: {reason}");
            }
            ensure!(
                started.elapsed() < JOINING,
                "the broker does not let this producer into the consumer group {group}"
            );
        }
        // Two that came at the same moment both see each other, and neither stays.
        if let Some(other) = others(&consumer, &group, &name)? {
            bail!(refusal(topic, &group, &other));
        }
        // The last heartbeat was a fifth of the session ago at most.
        let lease = Lease::begin(was_lost, Duration::from_millis(session - session / 5));
        Ok(Lock::keep(consumer, group, name, lease))
    }

    fn keep(consumer: BaseConsumer<Member>, group: String, name: String, lease: Lease) -> Lock {
        let has_ended = Arc::new(AtomicBool::new(false));
        let taken_by = Arc::new(Mutex::new(None));
        let (ended, looked, by) = (has_ended.clone(), lease.clone(), taken_by.clone());
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Acquire) {
                // Nothing is ever assigned: it is called for the group's sake.
                let _ = consumer.poll(POLL);
                // By a network or a machine that stood still: another may have come, and gone again.
                if !looked.renew() {
                    let other = others(&consumer, &group, &name).ok().flatten();
                    *by.lock().unwrap_or_else(PoisonError::into_inner) = other;
                    return;
                }
            }
        });
        Lock { has_ended, lease, taken_by, thread: Some(thread) }
    }

    pub(crate) fn lease(&self) -> Lease {
        self.lease.clone()
    }

    /// Why it was lost. Waits a moment for the broker's word on who has it.
    pub(crate) fn why_lost(&self) -> String {
        let asked = Instant::now();
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && asked.elapsed() < TELLING {
            thread::sleep(POLL);
        }
        let by = match &*self.taken_by.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Other { client, host }) => format!(", and {client} at {host} has taken over"),
            None => "; started again, it goes on behind what is on the topic".to_owned(),
        };
        format!("the broker has not heard of this producer for a while{by}")
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            // The consumer goes with it, and takes leave of its group.
            let _ = thread.join();
        }
    }
}

fn others(consumer: &BaseConsumer<Member>, group: &str, name: &str) -> Result<Option<Other>> {
    let list = consumer.fetch_group_list(Some(group), ANSWER).map_err(|error| {
        anyhow!(
            "--resume needs the consumer group {group}, so that no two producers send the same: {}",
            in_words(&error)
        )
    })?;
    let members = list.groups().iter().filter(|found| found.name() == group).flat_map(GroupInfo::members);
    let other = members.into_iter().find(|member| member.client_id() != name);
    Ok(other.map(|member| Other {
        client: member.client_id().to_owned(),
        host: member.client_host().trim_start_matches('/').to_owned(),
    }))
}

fn refusal(topic: &str, group: &str, Other { client, host }: &Other) -> anyhow::Error {
    anyhow!(
        "another producer with --resume sends to topic {topic}: {client} at {host} (the number is its process). Two would send the same \
         rows twice: stop one of them, or give each a topic (consumer group {group})"
    )
}

/// What does not pass by waiting.
fn denied(error: &KafkaError) -> Option<String> {
    use rdkafka::error::RDKafkaErrorCode::{GroupAuthorizationFailed, InvalidSessionTimeout, TopicAuthorizationFailed};
    let code = error.rdkafka_error_code()?;
    match code {
        GroupAuthorizationFailed => {
            Some(format!("{code}; let the user Read it (kafka-acls.sh --operation Read --group ...)"))
        }
        TopicAuthorizationFailed => Some(format!("{code}; let the user Read the topic")),
        InvalidSessionTimeout => Some(format!("{code}; -X session.timeout.ms=... sets one that the broker allows")),
        _ => None,
    }
}

/// A member of a group that reads nothing.
#[derive(Default)]
struct Member {
    is_member: Arc<AtomicBool>,
    was_lost: Arc<AtomicBool>,
}

impl ClientContext for Member {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ConsumerContext for Member {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, _partitions: &mut TopicPartitionList) {
        // Its partitions are not read. An error would come again at the next poll.
        if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let _ = consumer.assign(&TopicPartitionList::new());
            self.is_member.store(true, Ordering::Release);
        } else {
            if consumer.assignment_lost() {
                self.was_lost.store(true, Ordering::Release);
            }
            let _ = consumer.unassign();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_over_when_nobody_has_looked_for_so_long_and_cannot_be_renewed_then() {
        let lease = |most| Lease::begin(Arc::default(), most);
        let kept = lease(Duration::from_hours(1));
        assert!(kept.renew() && !kept.is_over());
        let left = lease(Duration::ZERO);
        while !left.is_over() {
            thread::yield_now();
        }
        assert!(!left.renew() && left.is_over());
        kept.was_lost.store(true, Ordering::Release);
        assert!(!kept.renew() && kept.is_over());
    }
}
