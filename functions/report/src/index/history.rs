//! What is there of each report: the days whose page was written, and the headline of the newest.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use chrono::NaiveDate;
use futures::future::try_join_all;

use super::Entry;
use crate::catalog::Report;
use crate::publish::{self, Keys, StorageError};
use crate::visible::shown;

/// Of a headline, which an earlier version may have written with more.
const MOST_LETTERS: usize = 500;

/// Of each report a listing, a request for each thousand objects, and one small object; all side by side.
pub(super) async fn read(
    client: &Client,
    bucket: &str,
    reports: &[Report],
    today: NaiveDate,
) -> Result<Vec<Entry>, StorageError> {
    let entries = try_join_all(reports.iter().map(|report| entry(client, bucket, report, today))).await?;
    let mut entries: Vec<(u8, Entry)> = reports
        .iter()
        .zip(entries)
        .filter_map(|(report, entry)| Some((report.declaration.mail.unwrap_or(u8::MAX), entry?)))
        .collect();
    // In the order of the mail; the sort keeps that of the names.
    entries.sort_by_key(|(place, _)| *place);
    Ok(entries.into_iter().map(|(_, entry)| entry).collect())
}

/// None if no page of it was ever written.
async fn entry(
    client: &Client,
    bucket: &str,
    report: &Report,
    today: NaiveDate,
) -> Result<Option<Entry>, StorageError> {
    let folder = format!("reports/{}/", report.name);
    let mut days = Vec::new();
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(&folder).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| publish::failed(bucket, &folder, "listed", &error))?;
        days.extend(page.contents().iter().filter_map(|object| day(object.key()?.strip_prefix(&folder)?)));
    }
    days.sort_unstable_by(|left, right| right.cmp(left));
    if days.is_empty() {
        return Ok(None);
    }
    // A page may be asked for of a day to come; it is not what one looks for today.
    let newest = days.remove(days.iter().position(|day| *day <= today).unwrap_or_default());
    let headline = headline(client, bucket, &Keys::of(&report.name, newest).headline).await?;
    Ok(Some(Entry {
        name: report.name.clone(),
        title: report.declaration.title.clone(),
        description: report.declaration.description.clone(),
        newest,
        others: days,
        headline,
    }))
}

/// The day of a page, by its key in the folder of its report.
fn day(key: &str) -> Option<NaiveDate> {
    key.strip_prefix("dt=")?.strip_suffix("/report.html")?.parse().ok()
}

/// None for a report that was made before there were headlines.
async fn headline(client: &Client, bucket: &str, key: &str) -> Result<Option<String>, StorageError> {
    let object = match client.get_object().bucket(bucket).key(key).send().await {
        Ok(object) => object,
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
        Err(error) => return Err(publish::failed(bucket, key, "read", &error)),
    };
    match object.body.collect().await {
        Ok(bytes) => Ok(Some(shown(&String::from_utf8_lossy(&bytes.into_bytes()), MOST_LETTERS))),
        Err(error) => Err(StorageError::cut(bucket, key, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_a_day_counts() {
        assert_eq!(day("dt=2026-11-22/report.html"), "2026-11-22".parse().ok());
        for key in ["dt=2026-11-22/report.csv", "dt=today/report.html", "report.html", "2026-11-22/report.html"] {
            assert_eq!(day(key), None, "{key}");
        }
    }
}
