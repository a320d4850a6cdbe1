//! What is to go wrong: a plan of faults, each at the calls of one kind, and the log of the calls that were made.

use std::fmt;

/// A kind of call on S3: the method, the first part of the key, the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) method: &'static str,
    pub(crate) prefix: &'static str,
    pub(crate) condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    /// `If-None-Match: *`
    Absent,
    /// `If-Match: <etag>`
    Same,
}

/// One rule for each partition from 0 on.
pub(crate) fn by_partition(rules: impl IntoIterator<Item = Rule>) -> Vec<Rule> {
    (0..).zip(rules).map(|(partition, rule)| Rule { partition: Some(partition), ..rule }).collect()
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// 500 `InternalError`, and S3 does not get the request.
    Answer500,
    /// 503 `SlowDown`, and S3 does not get the request.
    Answer503,
    /// 409 `ConditionalRequestConflict`, and S3 does not get the request.
    Answer409,
    /// The connection is reset, and S3 does not get the request.
    Reset,
    /// S3 does what it is asked, and the connection is closed without an answer.
    LoseAnswer,
    /// S3 does what it is asked, and the connection is reset without an answer.
    LoseAnswerReset,
    /// S3 does what it is asked, and the connection is closed before the last byte of its answer.
    CutAnswer,
    /// The test says when S3 gets the request, if ever.
    HoldRequest,
    /// S3 does what it is asked, and the test says when its answer is passed on, if ever.
    HoldAnswer,
}

impl Fault {
    /// All but those that hold a call.
    pub(crate) const ALL: [Self; 7] = [
        Self::Answer500,
        Self::Answer503,
        Self::Answer409,
        Self::Reset,
        Self::LoseAnswer,
        Self::LoseAnswerReset,
        Self::CutAnswer,
    ];
}

impl Kind {
    pub(crate) const LEDGER_READ: Self = Self::new("GET", "ledger", Condition::None);
    pub(crate) const LEDGER_CREATE: Self = Self::new("PUT", "ledger", Condition::Absent);
    pub(crate) const LEDGER_REPLACE: Self = Self::new("PUT", "ledger", Condition::Same);
    pub(crate) const REJECTS: Self = Self::new("PUT", "rejects", Condition::Absent);
    /// The rejects of a run that is void are overwritten.
    pub(crate) const REJECTS_BLANK: Self = Self::new("PUT", "rejects", Condition::None);
    /// A run's bars, or the fence in their place.
    pub(crate) const BARS: Self = Self::new("PUT", "bars", Condition::Absent);
    pub(crate) const BARS_HEAD: Self = Self::new("HEAD", "bars", Condition::None);

    const fn new(method: &'static str, prefix: &'static str, condition: Condition) -> Self {
        Self { method, prefix, condition }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}/{}", self.method, self.prefix, self.condition)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "",
            Self::Absent => " if absent",
            Self::Same => " if same",
        })
    }
}

/// A fault at the calls of one kind.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    kind: Kind,
    fault: Fault,
    /// Of which Kafka partition only.
    partition: Option<i32>,
    /// Calls that go well before.
    spared: usize,
    times: usize,
    happened: usize,
}

impl Rule {
    /// At the first call of this kind.
    pub(crate) fn new(kind: Kind, fault: Fault) -> Self {
        Self { kind, fault, partition: None, spared: 0, times: 1, happened: 0 }
    }

    /// Not at the first call of this kind.
    pub(crate) fn second(self) -> Self {
        Self { spared: 1, ..self }
    }

    /// At so many calls in a row.
    pub(crate) fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    pub(crate) fn happened(&self) -> usize {
        self.happened
    }

    /// The fault for this call, if it is due.
    pub(crate) fn strike(&mut self, call: &Call) -> Option<Fault> {
        let meant = call.is(self.kind) && self.partition.is_none_or(|partition| call.partition == Some(partition));
        if !meant || self.happened == self.times {
            return None;
        }
        if self.spared > 0 {
            self.spared -= 1;
            return None;
        }
        self.happened += 1;
        Some(self.fault)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?} at {}", self.fault, self.kind)?;
        if let Some(partition) = self.partition {
            write!(out, " of partition {partition}")?;
        }
        write!(out, ", {} of {} times", self.happened, self.times)
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) key: String,
    pub(crate) condition: Condition,
    /// The Kafka partition in the key.
    pub(crate) partition: Option<i32>,
    pub(crate) fault: Option<Fault>,
    /// S3's answer, also where it was kept from the client; none if S3 was not asked.
    pub(crate) status: Option<u16>,
}

impl Call {
    /// `topic` is what stands before the partition in a key.
    pub(crate) fn new(method: &str, key: &str, condition: Condition, topic: &str) -> Self {
        let after = key.split_once(&format!("{topic}-")).map_or("", |(_, after)| after);
        let digits = after.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
        Self {
            method: method.to_owned(),
            key: key.to_owned(),
            condition,
            partition: digits.parse().ok(),
            fault: None,
            status: None,
        }
    }

    fn is(&self, kind: Kind) -> bool {
        self.method == kind.method
            && self.key.split('/').next() == Some(kind.prefix)
            && self.condition == kind.condition
    }
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}{} -> ", self.method, self.key, self.condition)?;
        match self.status {
            Some(status) => write!(out, "{status}")?,
            None => write!(out, "not asked")?,
        }
        self.fault.map_or(Ok(()), |fault| write!(out, ", {fault:?}"))
    }
}

/// Each on a line of its own: in an error's text.
pub(crate) fn listed<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().flat_map(|item| ["\n  ".to_owned(), item.to_string()]).collect()
}
