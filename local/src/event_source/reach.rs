//! How far partitions are read and committed, also where nothing is handed over: the marker that ends a transaction, the records of one that
//! was aborted and what compaction took away have offsets, and no reader is given them.

use std::collections::HashMap;

/// The partitions that a poller has.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// Where the partition ended when all of it had been read.
    ends: HashMap<i32, i64>,
    committed: HashMap<i32, i64>,
}

impl Reach {
    /// After a rebalance: the partitions may be others, and are read from what is committed.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// All that is before `position` has been read, and there is no more.
    pub(crate) fn ended(&mut self, partition: i32, position: i64) {
        self.ends.insert(partition, position);
    }

    /// What to commit of a partition of which everything that was read is settled, if that is more than is committed.
    pub(crate) fn settled(&self, partition: i32) -> Option<i64> {
        let end = *self.ends.get(&partition)?;
        self.committed.get(&partition).is_none_or(|committed| *committed < end).then_some(end)
    }

    /// What to commit when the records before `next` are settled, which are all that were read. The end may be behind the last of
    /// them, and the next record is never before it.
    pub(crate) fn beyond(&self, partition: i32, next: i64) -> i64 {
        self.ends.get(&partition).map_or(next, |end| next.max(*end))
    }

    pub(crate) fn committed(&mut self, next_offsets: Vec<(i32, i64)>) {
        self.committed.extend(next_offsets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_the_last_record_is_committed_with_it() {
        let mut reach = Reach::default();
        assert_eq!(reach.beyond(0, 3), 3);
        reach.ended(0, 4);
        assert_eq!((reach.beyond(0, 3), reach.beyond(1, 3)), (4, 3));
        // Records came behind that end.
        assert_eq!(reach.beyond(0, 9), 9);
    }

    #[test]
    fn what_has_no_record_is_committed_by_itself_and_once() {
        let mut reach = Reach::default();
        assert_eq!(reach.settled(0), None);
        reach.ended(0, 4);
        assert_eq!(reach.settled(0), Some(4));
        reach.committed(vec![(0, 4)]);
        assert_eq!(reach.settled(0), None);
        reach.ended(0, 7);
        assert_eq!(reach.settled(0), Some(7));
        reach.forget();
        assert_eq!((reach.settled(0), reach.beyond(0, 3)), (None, 3));
    }
}
