//! Makes the parts of a batch: each sorted, compared row by row with what it is made of, and written.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use shared::key::Hour;
use shared::landing::Kind;
use shared::manifest::{Manifest, Part, Table, part_id};
use store::{Listed, PartStore, StoreError};

use crate::audit::{self, Audit};
use crate::error::CompactError;
use crate::merge::{self, Keep, MergeError, Sorter, Tally};
use crate::plan::{Batch, Limits, absorbed, groups};
use crate::progress::Bookmark;

/// Landed objects that are read at the same time.
const SIDE_BY_SIDE: usize = 16;
/// Names to try for a part: one is taken where an answer to its upload was lost.
const NAMES: usize = 3;

/// What a switch puts in the place of what.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Made {
    pub(crate) new: Vec<(Table, Part)>,
    pub(crate) merged: Vec<(Table, String)>,
    /// Rows that had landed.
    pub(crate) rows: u64,
    /// Whether the audits tell of all of them.
    pub(crate) is_audited: bool,
}

/// Makes parts, in a folder of its own.
pub(crate) struct Making<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) manifest: &'a Manifest,
    pub(crate) limits: &'a Limits,
    pub(crate) scratch: &'a Path,
    /// Tells what this invocation makes from what another makes.
    pub(crate) attempt: &'a str,
    pub(crate) made: Made,
    files: usize,
}

/// Files to merge, and the parts that are in them.
pub(crate) struct Sources {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) parts: Vec<Part>,
}

impl<'a, S: PartStore> Making<'a, S> {
    pub(crate) fn new(
        store: &'a S,
        manifest: &'a Manifest,
        limits: &'a Limits,
        scratch: &'a Path,
        attempt: &'a str,
    ) -> Self {
        Self { store, manifest, limits, scratch, attempt, made: Made::default(), files: 0 }
    }

    /// The parts that stand in for a batch; none if time is too short for all of them, and the next invocation goes on.
    pub(crate) async fn make(
        mut self,
        batch: &Batch,
        mut bookmark: Bookmark,
        late: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Made>, CompactError> {
        let span = (batch.from, batch.through);
        let mut done = 0;
        let mut rejected = Audit::default();
        let mut is_first = true;
        if let Some((made, before)) = bookmark.take(self.manifest, batch)
            && self.are_there(&made).await?
        {
            self.made = made;
            done = before;
            is_first = false;
        } else {
            self.made.is_audited = true;
            audit::read(self.store, self.manifest.through, batch.through, &mut rejected).await?;
        }
        let mut groups = groups(&batch.objects[done..], self.limits.bytes).into_iter().enumerate().peekable();
        let mut audited = rejected.into_rows();
        while let Some((place, group)) = groups.next() {
            // Later groups are of the same hours: they would go into the same part.
            let before = |table| if is_first { self.manifest.parts(table) } else { &[] };
            let [bars, daily, audits] = [Table::Bars, Table::Daily, Table::Audits].map(before);
            is_first = false;
            let runs = self.scratch.join(format!("runs-{place}"));
            let sorted = self.sorted(group, &runs).await?;
            audited = audited.zip(sorted.audit).map(|(mut all, some)| {
                all.extend(some);
                all
            });
            self.made.is_audited &= audited.is_some();
            audit::write(&mut self, span, audited.replace(Vec::new()).unwrap_or_default(), audits).await?;
            if sorted.tally.rows > 0 {
                self.made.rows += sorted.tally.rows;
                let sources = self.with_small_parts(Table::Bars, sorted.runs.clone(), bars).await?;
                self.part(Table::Bars, span, sources, Some(sorted.tally)).await?;
                let day = self.file();
                merge::merge(&sorted.runs, &day, Keep::Daily)?;
                merge::verify_daily(&sorted.runs, &day)?;
                fs::remove_dir_all(&runs)?;
                // Each group its own: all of an hour together may be more than there is disk.
                let sources = self.with_small_parts(Table::Daily, vec![day], daily).await?;
                self.part(Table::Daily, span, sources, None).await?;
            } else {
                fs::remove_dir_all(&runs)?;
            }
            done += group.len();
            if groups.peek().is_some() {
                bookmark.write(self.store, batch.through, &batch.objects[..done], &self.made).await?;
                if late() {
                    return Ok(None);
                }
            }
        }
        Ok(Some(self.made))
    }

    /// Whether what another invocation has made is still there.
    async fn are_there(&self, made: &Made) -> Result<bool, StoreError> {
        for (table, part) in &made.new {
            if self.store.find(&table.key(&part.id)).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn sorted(&self, group: &[(Hour, Listed)], runs: &Path) -> Result<merge::Sorted, CompactError> {
        fs::create_dir(runs)?;
        let mut sorter = Sorter::new(runs);
        let mut bodies = stream::iter(group.iter().filter(|(_, object)| object.bytes > 0))
            .map(async |(hour, object)| {
                let body = self.store.read(&object.key).await?;
                let (body, _) = body.ok_or_else(|| CompactError::Gone(object.key.clone()))?;
                Ok::<_, CompactError>((hour, &object.key, body))
            })
            .buffered(SIDE_BY_SIDE);
        while let Some((hour, key, body)) = bodies.try_next().await? {
            // The library may panic at bytes that nobody has written on purpose.
            let push = || sorter.push(Bytes::from(body), &hour.dt(), &hour.hour());
            let pushed = catch_unwind(AssertUnwindSafe(push)).unwrap_or_else(|_| Err(MergeError::damaged()));
            let has_rows = pushed.map_err(|source| CompactError::Unreadable { key: key.clone(), source })?;
            // Its rows were in a part, and the manifest does not say so: it is an older one. From here they would be gone for good.
            if !has_rows && self.store.find(key).await? == Some(Kind::Hollow) {
                return Err(CompactError::Hollow(key.clone()));
            }
        }
        Ok(sorter.finish()?)
    }

    pub(crate) async fn with_small_parts(
        &mut self,
        table: Table,
        mut files: Vec<PathBuf>,
        before: &[Part],
    ) -> Result<Sources, CompactError> {
        let mut bytes = 0;
        for file in &files {
            bytes += fs::metadata(file)?.len();
        }
        let small = &before[before.len() - absorbed(before, bytes, self.limits.part_bytes)..];
        for part in small {
            let (key, file) = (table.key(&part.id), self.file());
            if !self.store.download(&key, &file).await? {
                return Err(CompactError::Gone(key));
            }
            files.push(file);
        }
        Ok(Sources { files, parts: small.to_vec() })
    }

    /// Merges the sources into a part, and writes it. `landed` is what has landed of them; none where rows are left out.
    async fn part(
        &mut self,
        table: Table,
        (from, through): (Hour, Hour),
        sources: Sources,
        landed: Option<Tally>,
    ) -> Result<(), CompactError> {
        let Sources { files, parts } = sources;
        let (runs, small) = files.split_at(files.len() - parts.len());
        let mut expected = landed;
        for (part, file) in parts.iter().zip(small) {
            let tally = merge::tally(file)?;
            if (tally.rows, hash(&tally)) != (part.rows, part.hash.clone()) {
                return Err(CompactError::Differs(table.key(&part.id)));
            }
            if let Some(expected) = &mut expected {
                expected.add(&tally);
            }
        }
        let merged = self.file();
        let is_daily = table == Table::Daily;
        if is_daily && files.len() == 1 {
            fs::rename(&files[0], &merged)?;
        } else {
            merge::merge(&files, &merged, if is_daily { Keep::Daily } else { Keep::Every })?;
        }
        let tally = match expected {
            Some(expected) => {
                let tally = merge::tally(&merged)?;
                (tally == expected).then_some(tally).ok_or(CompactError::Lost)?
            }
            None if files.len() > 1 => merge::verify_daily(&files, &merged)?,
            None => merge::tally(&merged)?,
        };
        let part = Part {
            id: String::new(),
            from: parts.iter().map(|part| part.from).chain([from]).min().unwrap_or(from),
            through,
            rows: tally.rows,
            bytes: fs::metadata(&merged)?.len(),
            hash: hash(&tally),
        };
        let id = self.upload(table, &part, &merged).await?;
        for file in small.iter().chain([&merged]) {
            fs::remove_file(file)?;
        }
        if is_daily && files.len() > 1 {
            for file in runs {
                fs::remove_file(file)?;
            }
        }
        self.made.new.push((table, Part { id, ..part }));
        self.made.merged.extend(parts.into_iter().map(|part| (table, part.id)));
        Ok(())
    }

    pub(crate) async fn upload(&mut self, table: Table, part: &Part, file: &Path) -> Result<String, CompactError> {
        for _ in 0..NAMES {
            self.files += 1;
            let id = part_id(part.through, self.manifest.version, self.attempt, self.files);
            if self.store.upload(&table.key(&id), file).await? {
                return Ok(id);
            }
        }
        let message = "there is an object at each of its names".to_owned();
        Err(StoreError { action: "write", key: table.folder(&part.through.to_string()), message }.into())
    }

    pub(crate) fn file(&mut self) -> PathBuf {
        self.files += 1;
        self.scratch.join(format!("{}.parquet", self.files))
    }
}

fn hash(tally: &Tally) -> String {
    format!("{:x}", tally.hash)
}
