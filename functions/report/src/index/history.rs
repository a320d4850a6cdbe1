//! What is there of each report: the days whose page was written, and the headline of the newest.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use chrono::NaiveDate;
use futures::future::try_join_all;

use super::Entry;
use crate::catalog::Report;
use crate::publish::{self, Keys, StorageError};

/// One listing of the folder, a request for each thousand objects, and one small object per report.
pub(super) async fn read(client: &Client, bucket: &str, reports: &[Report]) -> Result<Vec<Entry>, StorageError> {
    let mut days: BTreeMap<String, Vec<NaiveDate>> = BTreeMap::new();
    let mut pages = client.list_objects_v2().bucket(bucket).prefix("reports/").into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| publish::failed(bucket, "reports/", "listed", &error))?;
        for (name, day) in page.contents().iter().filter_map(|object| published(object.key()?)) {
            days.entry(name.to_owned()).or_default().push(day);
        }
    }
    let entries = days.into_iter().map(|(name, mut days)| async move {
        days.sort_unstable_by(|left, right| right.cmp(left));
        let headline = headline(client, bucket, &Keys::of(&name, days[0]).headline).await?;
        let known = reports.iter().find(|report| report.name == name);
        let (title, description) = match known {
            Some(report) => (report.declaration.title.clone(), report.declaration.description.clone()),
            None => (name.clone(), "This report is no longer made.".to_owned()),
        };
        Ok(Entry { name, title, description, days, headline })
    });
    let mut entries = try_join_all(entries).await?;
    // In the order of the mail, then by name.
    let place = |name: &str| {
        reports.iter().find(|report| report.name == name).map(|report| report.declaration.mail.unwrap_or(u8::MAX - 1))
    };
    entries.sort_by_key(|entry| (place(&entry.name).unwrap_or(u8::MAX), entry.name.clone()));
    Ok(entries)
}

/// Report and day of a page, by its key.
fn published(key: &str) -> Option<(&str, NaiveDate)> {
    let (name, rest) = key.strip_prefix("reports/")?.split_once("/dt=")?;
    Some((name, rest.strip_suffix("/report.html")?.parse().ok()?))
}

/// None for a report that was made before there were headlines.
async fn headline(client: &Client, bucket: &str, key: &str) -> Result<Option<String>, StorageError> {
    let object = match client.get_object().bucket(bucket).key(key).send().await {
        Ok(object) => object,
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
        Err(error) => return Err(publish::failed(bucket, key, "read", &error)),
    };
    match object.body.collect().await {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes.into_bytes()).into_owned())),
        Err(error) => Err(StorageError::cut(bucket, key, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_of_a_day_counts() {
        let day = "2026-11-22".parse().unwrap();
        assert_eq!(published("reports/trend/dt=2026-11-22/report.html"), Some(("trend", day)));
        for key in [
            "reports/trend/dt=2026-11-22/report.csv",
            "reports/trend/dt=today/report.html",
            "reports/index.html",
            "bars/dt=2026-11-22/report.html",
        ] {
            assert_eq!(published(key), None, "{key}");
        }
    }
}
