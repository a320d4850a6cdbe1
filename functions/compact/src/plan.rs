//! What one switch takes: whole hours, as many as fit, and the small parts that are merged with them.

use shared::key::Hour;
use shared::manifest::Part;
use store::{Listed, Store, StoreError};

/// How much is done at once. What a part is made of lies on disk while it is made; so its size bounds the disk, and nothing the memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Landed objects of one switch, but for an hour that has more.
    pub objects: usize,
    /// Their bytes, but for an hour that has more; and what a part is made of at most.
    pub bytes: u64,
    /// Bytes of a part that is merged of others.
    pub part_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { objects: 10_000, bytes: 256 << 20, part_bytes: 512 << 20 }
    }
}

/// What one request lists.
const A_PAGE: usize = 1000;

/// The landed objects of hours in a row.
#[derive(Debug, PartialEq)]
pub(crate) struct Batch {
    /// The first hour that has an object.
    pub(crate) from: Hour,
    /// All folders before it are in the batch, or were before.
    pub(crate) through: Hour,
    pub(crate) objects: Vec<(Hour, Listed)>,
    /// Keys that are in no folder of an hour: nobody merges them.
    pub(crate) astray: usize,
}

/// The next batch of the folders from one hour on and before another; none if there is no object.
pub(crate) async fn next_batch<S: Store>(
    store: &S,
    from: Hour,
    until: Hour,
    limits: &Limits,
) -> Result<Option<Batch>, StoreError> {
    let mut after = before_hour(from);
    let mut batch = Batch { from, through: until, objects: Vec::new(), astray: 0 };
    let mut bytes = 0;
    loop {
        let page = store.list("bars/", &after, limits.objects.max(1)).await?;
        let is_last = page.len() < limits.objects.max(1);
        if let Some(last) = page.last() {
            after.clone_from(&last.key);
        }
        for object in page {
            let Some(hour) = Hour::of_key(&object.key) else {
                batch.astray += 1;
                continue;
            };
            let full = batch.objects.len() >= limits.objects || bytes >= limits.bytes;
            let begins_another = batch.objects.last().is_some_and(|(last, _)| *last < hour);
            if hour >= until || (full && begins_another) {
                batch.through = hour.min(until);
                return Ok(batch.begun());
            }
            bytes += object.bytes;
            batch.objects.push((hour, object));
        }
        if is_last {
            return Ok(batch.begun());
        }
    }
}

/// The hour of the first object in the folders from one hour on; none if there is none.
pub(crate) async fn first_hour<S: Store>(store: &S, from: Hour) -> Result<Option<Hour>, StoreError> {
    let mut after = before_hour(from);
    loop {
        let page = store.list("bars/", &after, A_PAGE).await?;
        let first = page.iter().find_map(|object| Hour::of_key(&object.key));
        match page.last() {
            Some(last) if first.is_none() && page.len() == A_PAGE => after.clone_from(&last.key),
            _ => return Ok(first),
        }
    }
}

/// What all keys in the folders from this hour on come after.
fn before_hour(hour: Hour) -> String {
    if hour == Hour::default() { String::new() } else { format!("bars/dt={}/hour={}", hour.dt(), hour.hour()) }
}

impl Batch {
    fn begun(mut self) -> Option<Self> {
        self.from = self.objects.first()?.0;
        Some(self)
    }
}

/// Objects in groups of so many bytes: each becomes a part.
pub(crate) fn groups(objects: &[(Hour, Listed)], bytes: u64) -> Vec<&[(Hour, Listed)]> {
    let mut groups = Vec::new();
    let (mut start, mut sum) = (0, 0);
    for (place, (_, object)) in objects.iter().enumerate() {
        if sum > 0 && sum + object.bytes > bytes {
            groups.push(&objects[start..place]);
            (start, sum) = (place, 0);
        }
        sum += object.bytes;
    }
    groups.push(&objects[start..]);
    groups
}

/// How many of the newest parts are merged with so many new bytes: those that are not more than twice as large as all that is merged with
/// them. So of what is left each part is more than twice the next one, or as large as parts may be: there are few of them, and each row is
/// written anew a number of times that grows with the logarithm of the table.
pub(crate) fn absorbed(parts: &[Part], new_bytes: u64, part_bytes: u64) -> usize {
    let mut sum = new_bytes;
    let small = parts.iter().rev().take_while(|part| {
        let takes = part.bytes <= sum.saturating_mul(2) && sum.saturating_add(part.bytes) <= part_bytes;
        if takes {
            sum += part.bytes;
        }
        takes
    });
    small.count()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use shared::landing::{Kind, Object};
    use store::Memory;

    use super::*;

    fn memory(keys: &[(&str, usize)]) -> Memory {
        let memory = Memory::default();
        for (key, bytes) in keys {
            let object = Object { key: (*key).to_owned(), body: vec![0; *bytes], kind: Kind::Bars };
            memory.create(object).now_or_never().unwrap().unwrap();
        }
        memory
    }

    fn hour(text: &str) -> Hour {
        text.parse().unwrap()
    }

    fn taken(memory: &Memory, from: Hour, until: &str, limits: Limits) -> Option<(usize, String)> {
        let batch = next_batch(memory, from, hour(until), &limits).now_or_never().unwrap().unwrap();
        batch.map(|batch| (batch.objects.len(), batch.through.to_string()))
    }

    #[test]
    fn whole_hours_are_taken_until_they_are_enough() {
        let memory = memory(&[
            ("bars/dt=2026-11-22/hour=18/a", 5),
            ("bars/dt=2026-11-22/hour=18/b", 5),
            ("bars/dt=2026-11-22/hour=18/c", 5),
            ("bars/dt=2026-11-22/hour=19/a", 5),
            ("bars/dt=2026-11-22/somewhere", 5),
            ("bars/dt=2026-11-23/hour=01/a", 5),
            ("bars/dt=2026-11-23/hour=02/a", 5),
        ]);
        let first = Hour::default();
        let all = Limits::default();
        let until = "2026-11-23T02";
        assert_eq!(taken(&memory, first, until, all), Some((5, until.to_owned())));
        assert_eq!(taken(&memory, first, "2026-11-22T18", all), None);
        assert_eq!(taken(&memory, hour("2026-11-22T20"), until, all), Some((1, until.to_owned())));
        assert_eq!(taken(&memory, hour("2026-11-23T00"), "2026-11-23T01", all), None);
        for objects in [1, 2, 3] {
            let few = Limits { objects, ..all };
            assert_eq!(taken(&memory, first, until, few), Some((3, "2026-11-22T19".to_owned())), "{objects}");
        }
        assert_eq!(taken(&memory, first, until, Limits { objects: 4, ..all }), Some((4, "2026-11-23T01".to_owned())));
        assert_eq!(taken(&memory, first, until, Limits { bytes: 15, ..all }), Some((3, "2026-11-22T19".to_owned())));
        assert_eq!(taken(&memory, first, until, Limits { bytes: 16, ..all }), Some((4, "2026-11-23T01".to_owned())));
    }

    #[test]
    fn the_first_hour_is_that_of_the_first_object_in_a_folder_of_one() {
        let keys: Vec<_> = (0..1500).map(|number| format!("bars/dt=2026-11-21/{number:04}")).collect();
        let mut objects: Vec<_> = keys.iter().map(|key| (key.as_str(), 1)).collect();
        objects.extend([("bars/dt=2026-11-22/hour=18/a", 5), ("bars/dt=2026-11-22/hour=20/a", 5)]);
        let memory = memory(&objects);
        let first = |from| first_hour(&memory, from).now_or_never().unwrap().unwrap().map(|hour| hour.to_string());
        assert_eq!(first(Hour::default()).as_deref(), Some("2026-11-22T18"));
        assert_eq!(first(hour("2026-11-22T19")).as_deref(), Some("2026-11-22T20"));
        assert_eq!(first(hour("2026-11-22T21")), None);
    }

    #[test]
    fn an_hour_that_is_too_large_becomes_several_parts() {
        let memory = memory(&[
            ("bars/dt=2026-11-22/hour=18/a", 5),
            ("bars/dt=2026-11-22/hour=18/b", 5),
            ("bars/dt=2026-11-22/hour=18/c", 50),
            ("bars/dt=2026-11-22/hour=18/d", 1),
        ]);
        let until = hour("2026-11-22T19");
        let limits = Limits::default();
        let batch = next_batch(&memory, Hour::default(), until, &limits);
        let batch = batch.now_or_never().unwrap().unwrap().unwrap();
        let sizes: Vec<_> = groups(&batch.objects, 10).into_iter().map(<[_]>::len).collect();
        assert_eq!(sizes, [2, 1, 1]);
        assert_eq!(groups(&batch.objects, 100).len(), 1);
    }

    #[test]
    fn a_year_of_hours_is_in_a_dozen_parts_and_four_for_each_gigabyte() {
        let Limits { part_bytes, .. } = Limits::default();
        for bytes in [1_000, 100_000, 300_000, 1_000_000, 10_000_000] {
            let (mut parts, mut total) = (Vec::<Part>::new(), 0);
            for hour in 0..8760 {
                let merged = parts.split_off(parts.len() - absorbed(&parts, bytes, part_bytes));
                let merged: u64 = merged.iter().map(|part| part.bytes).sum();
                parts.push(Part { bytes: bytes + merged, ..Part::default() });
                total += bytes;
                // Those that are as large as may be are at least half as large as that, by and large.
                let most = 12 + usize::try_from(total * 2 / part_bytes).unwrap();
                assert!(parts.len() <= most, "{} parts of {total} bytes after {hour} hours", parts.len());
            }
        }
    }

    #[test]
    fn parts_stay_few_and_rows_are_rewritten_seldom() {
        for (hours, bytes_of) in [
            (10_000_u64, (|_| 1_000) as fn(u64) -> u64),
            (10_000, |hour| 500 + hour * 7_919 % 1_000),
            (10_000, |hour| if hour % 24 < 8 { 10 } else { 100_000 }),
            (2_000, |hour| 1_000_000 - hour * 400),
        ] {
            let most = 100_000_000;
            let (mut parts, mut written, mut total) = (Vec::<Part>::new(), 0, 0);
            for hour in 0..hours {
                let bytes = bytes_of(hour);
                let merged = parts.split_off(parts.len() - absorbed(&parts, bytes, most));
                let bytes = bytes + merged.iter().map(|part| part.bytes).sum::<u64>();
                parts.push(Part { bytes, ..Part::default() });
                (written, total) = (written + bytes, total + bytes_of(hour));
                assert!(bytes <= most);
            }
            let full = usize::try_from(total / (most / 4)).unwrap();
            assert!(parts.len() <= full + 24, "{} parts of {total} bytes", parts.len());
            assert!(written / total <= 24, "each byte was written {} times", written / total);
        }
    }
}
