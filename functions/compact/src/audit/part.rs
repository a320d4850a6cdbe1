//! The part of an audit: its rows, and those of the small parts before it.

use std::fmt::Write as _;
use std::fs;

use shared::key::Hour;
use shared::manifest::{Part, Table};
use store::PartStore;

use super::{Row, Sums, file};
use crate::error::CompactError;
use crate::merge::digest;
use crate::parts::Making;

/// More rows than this are not merged: they are in memory all together.
const MOST_ROWS: u64 = 1_000_000;

/// Writes a part of these rows, merged with small ones of those before, and notes it. Nothing, if there is no row.
pub(crate) async fn write<S: PartStore>(
    making: &mut Making<'_, S>,
    (from, through): (Hour, Hour),
    rows: Vec<Row>,
    before: &[Part],
) -> Result<(), CompactError> {
    if rows.is_empty() {
        return Ok(());
    }
    let new = making.file();
    file::write(&new, &rows)?;
    let mut most = MOST_ROWS.saturating_sub(rows.len() as u64);
    let few = before.iter().rev().take_while(|part| {
        let fits = part.rows <= most;
        most = most.saturating_sub(part.rows);
        fits
    });
    let few = &before[before.len() - few.count()..];
    let sources = making.with_small_parts(Table::Audits, vec![new], few).await?;
    let mut all = rows;
    for (part, path) in sources.parts.iter().zip(&sources.files[1..]) {
        // What is no file of an audit is not what was written either.
        let rows = file::read(path).unwrap_or_default();
        if (rows.len() as u64, hash(&rows)) != (part.rows, part.hash.clone()) {
            return Err(CompactError::Differs(Table::Audits.key(&part.id)));
        }
        all.extend(rows);
    }
    let expected = totals(&all);
    let all = joined(all);
    let merged = making.file();
    file::write(&merged, &all)?;
    if totals(&file::read(&merged)?) != expected {
        return Err(CompactError::Lost);
    }
    let part = Part {
        id: String::new(),
        from: sources.parts.iter().map(|part| part.from).chain([from]).min().unwrap_or(from),
        through,
        rows: all.len() as u64,
        bytes: fs::metadata(&merged)?.len(),
        hash: hash(&all),
    };
    let id = making.upload(Table::Audits, &part, &merged).await?;
    for path in sources.files.iter().chain([&merged]) {
        fs::remove_file(path)?;
    }
    making.made.new.push((Table::Audits, Part { id, ..part }));
    making.made.merged.extend(sources.parts.into_iter().map(|part| (Table::Audits, part.id)));
    Ok(())
}

/// The same in as few rows as can tell it.
fn joined(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_unstable();
    let mut joined = Vec::<Row>::new();
    for row in rows {
        match joined.last_mut() {
            Some(last) if last.goes_on_with(&row) => {
                last.last = row.last;
                last.sums.add(&row.sums);
            }
            _ => joined.push(row),
        }
    }
    joined
}

impl Row {
    fn goes_on_with(&self, next: &Self) -> bool {
        self.last.checked_add(1) == Some(next.first)
            && (&self.dt, &self.topic, self.partition, self.life, self.undecided)
                == (&next.dt, &next.topic, next.partition, next.life, next.undecided)
    }
}

/// What joining rows does not change: the sums, and how many offsets they span.
fn totals(rows: &[Row]) -> (Sums, i128) {
    let mut sums = Sums::default();
    let mut offsets = 0;
    for row in rows {
        sums.add(&row.sums);
        offsets += i128::from(row.last) - i128::from(row.first) + 1;
    }
    (sums, offsets)
}

/// A number that another row, or another value in one, would change. In hexadecimal.
fn hash(rows: &[Row]) -> String {
    let mut text = String::new();
    let sum = rows.iter().fold(0_u128, |sum, row| {
        let Row { dt, topic, partition, life, undecided, first, last, sums } = row;
        let Sums { landed, rejected, bar_rows, duplicates } = sums;
        text.clear();
        // Writing to a String cannot fail. The topic, which may be anything, comes last.
        let _ = write!(
            text,
            "{dt} {partition} {life} {undecided} {first} {last} {landed} {rejected} {bar_rows} {duplicates} {topic}"
        );
        sum.wrapping_add(digest::bytes(text.as_bytes()))
    });
    format!("{sum:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(dt: &str, undecided: bool, first: i64, last: i64) -> Row {
        let sums = Sums { landed: last - first + 1, bar_rows: 2, ..Sums::default() };
        Row { dt: dt.to_owned(), topic: "stock-bars".to_owned(), partition: 0, life: 1, undecided, first, last, sums }
    }

    #[test]
    fn rows_that_meet_become_one_and_others_stay() {
        let rows = vec![
            row("2026-11-22", false, 10, 19),
            row("2026-11-22", false, 0, 9),
            row("2026-11-22", false, 21, 30),
            row("2026-11-22", true, 31, 40),
            row("2026-11-23", false, 31, 40),
            row("2026-11-23", false, 31, 40),
        ];
        let found = joined(rows.clone());
        let spans: Vec<_> = found.iter().map(|row| (row.dt.as_str(), row.undecided, row.first, row.last)).collect();
        assert_eq!(
            spans,
            [
                ("2026-11-22", false, 0, 19),
                ("2026-11-22", false, 21, 30),
                ("2026-11-22", true, 31, 40),
                ("2026-11-23", false, 31, 40),
                ("2026-11-23", false, 31, 40),
            ]
        );
        assert_eq!(totals(&found), totals(&rows));
    }

    #[test]
    fn a_file_has_the_rows_that_were_written_and_any_other_has_another_hash() {
        let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        let rows = vec![row("2026-11-22", false, 0, 9), row("2026-11-22", true, 31, i64::MAX - 1)];
        file::write(&path, &rows).unwrap();
        assert_eq!(file::read(&path).unwrap(), rows);
        for change in [
            |row: &mut Row| row.last += 1,
            |row: &mut Row| row.undecided ^= true,
            |row: &mut Row| row.topic.push('s'),
            |row: &mut Row| row.sums.duplicates += 1,
        ] {
            let mut changed = rows.clone();
            change(&mut changed[0]);
            assert_ne!(hash(&changed), hash(&rows));
        }
    }
}
