//! The page in HTML: it looks like the reports, and works without its script, which only makes it steadier.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::moment::Moment;
use super::reports::State;

/// That of the reports.
const STYLE: &str = include_str!("../../../functions/report/src/page.css");
const OWN_STYLE: &str = "form { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 12px; margin-top: 16px; }
button { padding: 6px 14px; border: 1px solid var(--line); border-radius: 8px; background: var(--card); color: var(--accent); font: inherit; cursor: pointer; }
button:hover { border-color: var(--accent); } button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button[aria-disabled=true] { border-color: var(--line); color: var(--muted); cursor: default; } .notice:empty { display: none; } h1 span { color: var(--muted); font-weight: 400; }
.chart svg { width: 100%; height: 72px; } .chart rect { fill: var(--accent); }
code { font-size: 13px; overflow-wrap: anywhere; } .reasons { padding-left: 18px; overflow-wrap: anywhere; }";
const SCRIPT: &str = include_str!("page.js");

/// What the page may do.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let script = STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
});

/// The whole page. `publish` is a command that sends something.
pub(super) fn whole(moment: &Moment, state: &State, topic: &str, publish: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Else every browser asks for one.
                link rel="icon" href="data:,";
                noscript { meta http-equiv="refresh" content="3"; }
                title { "tickerlake: what lands" }
                style { (PreEscaped(STYLE)) (PreEscaped(OWN_STYLE)) }
            }
            body {
                nav { span.brand { "tickerlake" } a href="/reports/index.html" { "Reports" } }
                h1 { "What lands " span { "of " (topic) } }
                p.description { "The local stack as it is now. A record has landed once it is a row in the lake; one that cannot be a row is kept as a reject." }
                p.notice #gone role="alert" data-text="The stack does not answer: it has ended, or is ending." {}
                (now(moment, state))
                p.more { "To send something: " code { (publish) } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// What changes of it. Its parts are always the same ones, so that a change replaces no more than one of them.
pub(super) fn now(moment: &Moment, state: &State) -> Markup {
    let Moment { partitions, counts, rate, seconds, reasons } = moment;
    let lag: i64 = partitions.iter().map(|partition| partition.lag).sum();
    let most = seconds.iter().copied().max().unwrap_or_default();
    let mut facts = vec![
        ("Records a second", per_second(*rate)),
        ("Waiting on the topic", lag.to_string()),
        ("Landed", counts.landed.to_string()),
        ("Rejected", counts.rejected.to_string()),
        ("Events", counts.events.to_string()),
    ];
    let rare =
        [("Had landed before", counts.skipped), ("Failed invocations", counts.retries), ("Given up", counts.given_up)];
    facts.extend(rare.iter().filter(|(_, count)| *count > 0).map(|(name, count)| (*name, count.to_string())));
    html! { main #now {
        dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
        div { @if let Some(error) = &counts.last_error { p.notice { "The last invocation that failed: " (error) } } }
        div role="status" { (reports(state)) }
        figure.chart {
            figcaption { "Records acknowledged" span.unit { "in each of the last " (seconds.len()) " seconds; at most " (most) } }
            (bars(seconds, most))
        }
        div.scroll tabindex="0" role="region" aria-label="Partitions, by offset" {
            table {
                caption.muted { "Partitions, by offset" }
                thead { tr { th scope="col" { "Partition" } @for name in ["First", "Next to land", "End", "Waiting", "Records a second"] { th.number scope="col" { (name) } } } }
                tbody {
                    @for partition in partitions {
                        tr {
                            th scope="row" { (partition.number) }
                            td.number { (partition.offsets.0) } td.number { (partition.next) } td.number { (partition.offsets.1) }
                            td.number { (partition.lag) } td.number { (per_second(partition.rate)) }
                        }
                    }
                }
            }
        }
        div { @if !reasons.is_empty() {
            h2.part { "Why records were rejected" }
            ul.reasons { @for reason in reasons.iter().rev() { li { (reason) } } }
        } }
        form method="post" action="/reports" {
            button aria-disabled=(*state == State::Making) { "Make today's reports" }
            span.muted { "crawls, queries, and writes all of them, as the schedules do on AWS" }
        }
    } }
}

fn reports(state: &State) -> Markup {
    html! {
        @match state {
            State::Unmade => {}
            State::Making => p.notice { "Making the reports: it takes some seconds." },
            State::Made(at) => p.notice { "The reports were made at " (at) " UTC: " a href="/reports/index.html" { "all reports" } },
            State::Failed(reason) => p.notice { "The reports could not be made: " (reason) },
        }
    }
}

fn bars(seconds: &[u64], most: u64) -> Markup {
    const WIDTH: usize = 5;
    let height = |count: u64| (count * 60).div_ceil(most.max(1));
    let empty = 120_usize.saturating_sub(seconds.len());
    let told = format!("records acknowledged in each of the last {} seconds, at most {most}", seconds.len());
    html! {
        svg viewBox="0 0 600 60" preserveAspectRatio="none" role="img" aria-label=(told) {
            @for (place, count) in seconds.iter().enumerate() {
                @if *count > 0 {
                    rect x=((empty + place) * WIDTH) y=(60 - height(*count)) width=(WIDTH - 1) height=(height(*count)) {}
                }
            }
        }
    }
}

fn per_second(rate: f64) -> String {
    if rate > 0.0 && rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Counts;

    #[test]
    fn what_a_record_says_is_text() {
        let counts = Counts { last_error: Some("<script>alert(1)</script>".to_owned()), ..Counts::default() };
        let moment = Moment { counts, reasons: vec!["<b>".to_owned()], seconds: vec![0, 7], ..Moment::default() };
        let page = whole(&moment, &State::Failed("<i>".to_owned()), "bars", "producer");
        assert!(
            page.contains("&lt;script&gt;alert") && page.contains("&lt;b&gt;") && page.contains("&lt;i&gt;"),
            "{page}"
        );
        assert_eq!(page.matches("<script>").count(), 1);
        assert_eq!(page.matches("<rect").count(), 1);
    }
}
