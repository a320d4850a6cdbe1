//! What a reader sees: the rows of the parts that the manifest names, and of the folders from its hour on.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use shared::key::Hour;
use shared::manifest::{Manifest, Table};

use crate::lake::Lake;

/// Each row, with the folder in which it landed, as text, in order.
pub(crate) type Rows = Vec<String>;

const SIDE_BY_SIDE: usize = 8;

/// Of a Parquet file; `hour` is its folder's, if it has landed.
pub(crate) fn of_file(body: Vec<u8>, hour: Option<Hour>) -> Result<Rows> {
    let reader = SerializedFileReader::new(Bytes::from(body))?;
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None)? {
        let row = row?;
        let mut text = String::new();
        for (name, field) in row.get_column_iter() {
            // Writing to a String cannot fail.
            let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{name}={field} "));
        }
        if let Some(hour) = hour {
            let _ =
                std::fmt::Write::write_fmt(&mut text, format_args!("dt=\"{}\" hour=\"{}\" ", hour.dt(), hour.hour()));
        }
        rows.push(text);
    }
    Ok(rows)
}

/// What one sees who reads the manifest and then what it names.
pub(crate) async fn read(lake: &Lake) -> Result<Rows> {
    let manifest = lake.manifest().await?;
    let mut rows = of_parts(lake, &manifest, Table::Bars).await?;
    rows.extend(of_folders(lake, manifest.through).await?);
    rows.sort_unstable();
    Ok(rows)
}

/// The rows of a table's parts; each must have as many as the manifest tells.
pub(crate) async fn of_parts(lake: &Lake, manifest: &Manifest, table: Table) -> Result<Rows> {
    let mut rows = Vec::new();
    for part in manifest.parts(table) {
        let key = table.key(&part.id);
        let its = of_file(lake.get(&key).await?, None).with_context(|| key.clone())?;
        ensure!(its.len() as u64 == part.rows, "{key} has {} rows, {} are told", its.len(), part.rows);
        rows.extend(its);
    }
    Ok(rows)
}

/// The rows of all landed folders from this hour on.
pub(crate) async fn of_folders(lake: &Lake, from: Hour) -> Result<Rows> {
    let keys = lake.keys("bars/").await?;
    let landed: Vec<(String, Hour)> = keys
        .into_iter()
        .filter_map(|key| Hour::of_key(&key).map(|hour| (key, hour)))
        .filter(|(_, hour)| *hour >= from)
        .collect();
    let files: Vec<Rows> = stream::iter(landed)
        .map(async |(key, hour)| of_file(lake.get(&key).await?, Some(hour)).with_context(|| key.clone()))
        .buffer_unordered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    let mut rows: Rows = files.into_iter().flatten().collect();
    rows.sort_unstable();
    Ok(rows)
}

/// Two readings are of the same rows.
pub(crate) fn check_same(what: &str, expected: &Rows, found: &Rows) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let missing: Vec<_> = expected.iter().filter(|row| !found.contains(row)).take(3).collect();
    let strange: Vec<_> = found.iter().filter(|row| !expected.contains(row)).take(3).collect();
    anyhow::bail!(
        "{what}: {} rows, {} expected; missing, first: {missing:#?}; strange, first: {strange:#?}; else some are there twice",
        found.len(),
        expected.len()
    )
}
