//! The index: one page that links the newest of each report, and those before.

mod history;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use maud::{Markup, html};

use crate::catalog::Report;
use crate::format;
use crate::page;
use crate::publish::{self, Keys, StorageError};

/// Where it lies below the bucket.
pub(crate) const KEY: &str = "reports/index.html";

/// More days than these of one report are found in the lake only.
const MOST_DAYS: usize = 400;

pub(crate) const DESCRIPTION: &str = "The newest of each report, with its data, and those of other days.";

/// How often the index is made anew because somebody else wrote it at the same time.
const MOST_TRIES: usize = 5;

/// What the index says of one report.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The name of its folder.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// The last day that has come, if one has.
    pub(crate) newest: NaiveDate,
    /// The others, from the latest back.
    pub(crate) others: Vec<NaiveDate>,
    /// Of the newest.
    pub(crate) headline: Option<String>,
}

impl Entry {
    /// A report that was made just now.
    pub(crate) fn of(report: &Report, date: NaiveDate, headline: &str) -> Self {
        Self {
            name: report.name.clone(),
            title: report.declaration.title.clone(),
            description: report.declaration.description.clone(),
            newest: date,
            others: Vec::new(),
            headline: Some(headline.to_owned()),
        }
    }
}

/// Reads what there is of each report and writes the index over the old one.
///
/// Two invocations may do so at once. The one that is second to write finds that the index is not the one it saw before it looked,
/// and looks again: no report that is there is missing for longer than that.
pub(crate) async fn update(
    client: &Client,
    bucket: &str,
    reports: &[Report],
    now: DateTime<Utc>,
) -> Result<(), StorageError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let seen = etag(client, bucket).await?;
        let entries = history::read(client, bucket, reports, now.date_naive()).await?;
        let html = render(&entries, now, DESCRIPTION, |key| key.strip_prefix("reports/").unwrap_or(key).to_owned());
        let request = client.put_object().bucket(bucket).key(KEY).content_type(publish::HTML);
        let request = match &seen {
            Some(etag) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        match request.body(ByteStream::from(html.into_bytes())).send().await {
            Ok(_) => return Ok(()),
            Err(error) if is_lost(&error) && tries < MOST_TRIES => {
                tracing::info!(tries, "somebody else has written the index, making it again");
            }
            Err(error) => return Err(publish::failed(bucket, KEY, "written", &error)),
        }
    }
}

fn is_lost<E: aws_sdk_s3::error::ProvideErrorMetadata>(error: &E) -> bool {
    matches!(error.code(), Some("PreconditionFailed" | "ConditionalRequestConflict"))
}

/// By GET: the answer to a HEAD does not say why it is refused.
async fn etag(client: &Client, bucket: &str) -> Result<Option<String>, StorageError> {
    match client.get_object().bucket(bucket).key(KEY).send().await {
        Ok(index) => Ok(index.e_tag),
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => Ok(None),
        Err(error) => Err(publish::failed(bucket, KEY, "read", &error)),
    }
}

/// `link` makes the address of a key.
pub(crate) fn render(
    entries: &[Entry],
    now: DateTime<Utc>,
    description: &str,
    link: impl Fn(&str) -> String,
) -> String {
    let newest = entries.iter().map(|entry| entry.newest).max();
    let body = html! {
        header {
            nav { span class="brand" { "tickerlake" } }
            h1 { "Reports " @if let Some(day) = newest { time datetime=(day) { (day.format("%-d %B %Y")) } } }
            p class="description" { (description) }
        }
        main {
            @if entries.is_empty() {
                section class="empty" { h2 { "Nothing to show" } p { "No report has been made yet." } }
            }
            div class="reports" { @for entry in entries { (card(entry, &link)) } }
        }
        footer { dl { div { dt { "Generated" } dd { (now.format("%Y-%m-%d %H:%M UTC")) } } } }
    };
    page::frame("Reports · tickerlake", &body, None, &[&page::script::SORTING])
}

fn card(entry: &Entry, link: &impl Fn(&str) -> String) -> Markup {
    let newest = entry.newest;
    let keys = Keys::of(&entry.name, newest);
    let shown = &entry.others[..entry.others.len().min(MOST_DAYS)];
    html! {
        section class="report" {
            h2 { a href=(link(&keys.html)) { (entry.title) } " " time datetime=(newest) { (newest) } }
            @if let Some(headline) = &entry.headline { p class="headline" { (headline) } }
            p class="muted" { (entry.description) }
            p class="files" {
                a href=(link(&keys.html)) { "Page" } " " a href=(link(&keys.csv)) { "CSV" } " " a href=(link(&keys.json)) { "JSON" }
            }
            @if !shown.is_empty() {
                details {
                    summary { (format::count(entry.others.len())) @if entry.others.len() == 1 { " other day" } @else { " other days" } }
                    @for month in shown.chunk_by(|left, right| (left.year(), left.month()) == (right.year(), right.month())) {
                        p class="month" {
                            span { (month[0].format("%B %Y")) }
                            @for day in month {
                                " " a href=(link(&Keys::of(&entry.name, *day).html)) title=(day) { (day.format("%-d")) }
                            }
                        }
                    }
                    @if shown.len() < entry.others.len() {
                        p class="muted" { "Those before are in the lake, below reports/" (entry.name) "/." }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
