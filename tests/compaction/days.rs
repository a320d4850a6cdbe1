//! Some days of a feed on the deployed stack: all reports, before it is compacted, while it is, after, and when what has landed is hollow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use local::{Integrity, Row, Stack};
use report::catalog::{self, Report};
use serde_json::{Value, json};
use shared::key::{Hour, LandingTime};
use shared::manifest::{Manifest, Table};
use tests::integrity;

use crate::lake::{DAY_MS, HOUR_MS, Lake};
use crate::rows::{self, Rows, check_same};
use crate::sent::{self, Event};

const PARTITIONS: i32 = 3;
/// Records of each partition in an event.
const RECORDS: i64 = 14;
/// Days that are compacted while the feed goes on.
const CLOSED_DAYS: i64 = 4;
const HOURS: [i64; 3] = [2, 9, 17];
/// Offsets that are missing in one partition, and never come.
const HOLE: std::ops::Range<i64> = 30..33;

/// The report's name, and all its cells: as JSON, and as CSV.
type Made = BTreeMap<String, (Value, Vec<u8>)>;

struct Feed<'a> {
    stack: &'a Stack,
    lake: Lake,
    now: LandingTime,
    reports: Vec<Report>,
    started: Instant,
}

#[expect(clippy::print_stdout, reason = "cargo shows it of a test that fails, or is asked to")]
pub(crate) async fn reports_say_the_same_before_and_after_and_meanwhile(stack: &Stack) -> Result<()> {
    let feed = Feed::new(stack)?;
    let tell = |what: &str| println!("{:6.1} s  {what}", feed.started.elapsed().as_secs_f64());
    let mut landed = feed.closed_days();
    // Between the events of a partition some do not come, and of those some later.
    let filled = feed.take_hole(&mut landed);
    let process = feed.lake.lander();
    for event in &landed {
        ensure!(event.land(&process).await? == event.records(), "{event:?} does not land");
    }
    ensure!(filled.land(&process).await? == filled.records(), "what fills a hole does not land");
    landed.push(filled);
    tell("four days have landed");
    let of_closed_days = feed.make_all(0).await?;
    tell("all reports are made");

    let later = feed.later_days();
    let done = AtomicBool::new(false);
    let (reports, events, ()) =
        tokio::try_join!(feed.read_until(&done, &of_closed_days), feed.land_and_redrive(&landed, &later), async {
            let compacted = feed.compact_closed_days().await;
            done.store(true, Ordering::SeqCst);
            compacted
        },)?;
    tell(&format!("compacted, while {reports} reports were made and {events} events landed"));
    landed.extend(later);
    let slow = feed.of_a_slow_clock();
    ensure!(slow.land(&feed.lake.lander()).await? == slow.records(), "the slow clock's event does not land");
    landed.push(slow);
    feed.check_unchanged(&of_closed_days, 1).await.context("after the compaction of the days")?;

    let read = rows::read(&feed.lake).await?;
    sent::check_once("a reader", &landed, &read)?;
    let uncompacted = rows::of_folders(&feed.lake, Hour::default()).await?;
    check_same("read as it has landed, and in parts", &uncompacted, &read)?;
    let as_landed = feed.query_all(&Manifest::default()).await?;
    let [bars, daily] = feed.query_views(&Manifest::default()).await?;
    ensure!(bars.len() == uncompacted.len(), "{} rows by query, {} in the files", bars.len(), uncompacted.len());
    let clean = integrity(stack).await?;
    check_integrity(&clean, &landed)?;
    tell("all that has landed is read as it lies there");
    feed.check_queries("partly compacted", &as_landed, &bars, &daily).await?;
    feed.compact_before(next_hour()).await?;
    feed.check_queries("compacted to the last object", &as_landed, &bars, &daily).await?;
    tell("the same is read of parts");

    feed.hollow().await?;
    check_same("hollow", &uncompacted, &rows::read(&feed.lake).await?)?;
    feed.check_queries("hollow", &as_landed, &bars, &daily).await?;
    feed.check_unchanged(&of_closed_days, 2).await.context("hollow")?;
    tell("and when what has landed is hollow");

    let before = stack.aws().list(&feed.lake.bucket, "bars/").await?;
    let process = feed.lake.lander();
    for event in &landed {
        let now = LandingTime(Utc::now().timestamp_millis());
        for again in [Event { time: now, ..event.clone() }, event.redriven(now)] {
            let new = again.land(&process).await?;
            ensure!(new == 0, "{new} records of {again:?} landed once more");
        }
    }
    ensure!(stack.aws().list(&feed.lake.bucket, "bars/").await? == before, "a redrive has written bars");
    check_same("redriven", &uncompacted, &rows::read(&feed.lake).await?)?;
    ensure!(integrity(stack).await?.partitions == clean.partitions, "integrity differs after a redrive");
    feed.check_unchanged(&of_closed_days, 3).await.context("redriven")?;
    tell("and when all of it is delivered again");
    Ok(())
}

impl<'a> Feed<'a> {
    fn new(stack: &'a Stack) -> Result<Self> {
        let outputs = stack.outputs();
        Ok(Self {
            stack,
            lake: Lake::of(stack.aws(), stack.endpoint(), &outputs.lake_bucket, &outputs.database)?,
            now: LandingTime(Utc::now().timestamp_millis()),
            reports: catalog::load()?,
            started: Instant::now(),
        })
    }

    /// An hour of a day; the first day is 0, the last that is closed is 3, yesterday 4.
    fn at(&self, day: i64, hour: i64) -> LandingTime {
        LandingTime((self.now.0.div_euclid(DAY_MS) - CLOSED_DAYS - 1 + day) * DAY_MS + hour * HOUR_MS)
    }

    fn date(&self, day: i64) -> NaiveDate {
        DateTime::from_timestamp_millis(self.at(day, 0).0).unwrap_or_default().date_naive()
    }

    /// The last moment of the closed days, but for some seconds.
    fn end_of_closed_days(&self, seconds: i64) -> DateTime<Utc> {
        let end = DateTime::from_timestamp_millis(self.at(CLOSED_DAYS, 0).0).unwrap_or_default();
        end - TimeDelta::seconds(60 - seconds)
    }

    fn closed_days(&self) -> Vec<Event> {
        let hours = (0..CLOSED_DAYS).flat_map(|day| HOURS.map(|hour| (day, hour)));
        let events = (0..).zip(hours).map(|(number, (day, hour))| {
            let offsets = number * RECORDS..(number + 1) * RECORDS;
            Event::new(0..PARTITIONS, &offsets, self.date(day), self.at(day, hour))
        });
        events.collect()
    }

    /// Takes some offsets out, and returns those that come later after all.
    fn take_hole(&self, events: &mut [Event]) -> Event {
        let event = &mut events[2];
        let (_, offsets) = &mut event.partitions[1];
        let end = offsets.end;
        *offsets = offsets.start..HOLE.start;
        let rest = Event { partitions: vec![(1, HOLE.end..end)], ..event.clone() };
        rest.redriven(self.at(CLOSED_DAYS - 1, 20))
    }

    /// Of yesterday and today, with trade days after the closed ones.
    fn later_days(&self) -> Vec<Event> {
        let first = i64::try_from(HOURS.len()).unwrap_or_default() * CLOSED_DAYS;
        let times = [3, 9, 15, 21].map(|hour| self.at(CLOSED_DAYS, hour)).into_iter().chain([self.now]);
        let last_day = self.date(CLOSED_DAYS).checked_add_days(Days::new(61)).unwrap_or_default();
        let events = (first..).zip(times).map(|(number, time)| {
            let offsets = number * RECORDS..(number + 1) * RECORDS;
            Event::new(0..PARTITIONS, &offsets, last_day, time)
        });
        events.collect()
    }

    /// Of a process that believes that it is the second day, in a partition that is new to the lake.
    fn of_a_slow_clock(&self) -> Event {
        let last_day = self.date(CLOSED_DAYS).checked_add_days(Days::new(61)).unwrap_or_default();
        Event::new(PARTITIONS..PARTITIONS + 1, &(0..RECORDS), last_day, self.at(1, 5))
    }

    /// All reports of the closed days, as they are published. A number of seconds tells the makings apart: what is asked once more Athena
    /// may answer as before.
    async fn make_all(&self, seconds: i64) -> Result<Made> {
        let mut made = Made::new();
        for report in &self.reports {
            made.insert(report.name().to_owned(), self.make(report.name(), seconds).await?);
        }
        Ok(made)
    }

    async fn make(&self, name: &str, seconds: i64) -> Result<(Value, Vec<u8>)> {
        let time = self.end_of_closed_days(seconds).to_rfc3339();
        let input = json!({ "report": name, "time": time }).to_string().into_bytes();
        let answer = self.stack.aws().invoke(&self.stack.outputs().report_function, input).await?;
        let answer: Value = serde_json::from_str(&answer)?;
        let read = async |file: &str| {
            let uri = answer["reports"][0][file].as_str().with_context(|| format!("no {file} in {answer}"))?;
            let (_, key) = uri.trim_start_matches("s3://").split_once('/').context("an URI has a key")?;
            self.lake.get(key).await
        };
        let mut json: Value = serde_json::from_slice(&read("json").await?)?;
        let rows = json["rows"].take();
        ensure!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{name} has no rows");
        Ok((rows, read("csv").await?))
    }

    async fn check_unchanged(&self, before: &Made, seconds: i64) -> Result<()> {
        for (name, cells) in before {
            ensure!(self.make(name, seconds).await? == *cells, "report {name} differs");
        }
        Ok(())
    }

    /// Until it is done, and each has been made at least once; how many.
    async fn read_until(&self, done: &AtomicBool, before: &Made) -> Result<usize> {
        let rows = self.closed_rows().await?;
        let mut number = 0;
        for seconds in 10..50 {
            for (name, cells) in before {
                if done.load(Ordering::SeqCst) && number >= before.len() {
                    return Ok(number);
                }
                ensure!(self.make(name, seconds).await? == *cells, "report {name} differs while compaction goes on");
                let found = self.closed_rows().await?;
                ensure!(found == rows, "the views have {found:?} while compaction goes on, and not {rows:?}");
                number += 1;
            }
        }
        Ok(number)
    }

    /// What the views have of the closed days: the rows, and the symbols and days.
    async fn closed_rows(&self) -> Result<[Vec<Row>; 2]> {
        let until = self.date(CLOSED_DAYS);
        let rows = format!("SELECT count(*), sum(kafka_offset), sum(close) FROM bars WHERE dt < '{until}'");
        let days = format!(
            "SELECT DISTINCT symbol, CAST(trade_date AS varchar) FROM daily WHERE dt < '{until}' ORDER BY 1, 2"
        );
        Ok([self.stack.athena_query(&rows).await?, self.stack.athena_query(&days).await?])
    }

    /// How many events were delivered.
    async fn land_and_redrive(&self, landed: &[Event], later: &[Event]) -> Result<usize> {
        let (process, redrive) = (self.lake.lander(), self.lake.lander());
        let mut number = 0;
        for (old, new) in landed.iter().zip(later) {
            ensure!(new.land(&process).await? == new.records(), "{new:?} does not land");
            let again = old.redriven(new.time).land(&redrive).await?;
            ensure!(again == 0, "{again} records of {old:?} landed once more");
            number += 2;
        }
        Ok(number)
    }

    async fn compact_closed_days(&self) -> Result<()> {
        for (day, hour) in [(0, 10), (1, 0), (1, 3), (2, 18), (3, 9), (CLOSED_DAYS, 0)] {
            self.compact_before(Hour::of(self.at(day, hour))).await?;
        }
        Ok(())
    }

    async fn compact_before(&self, hour: Hour) -> Result<()> {
        let input = json!({ "before": hour.to_string() }).to_string().into_bytes();
        let answer = self.stack.aws().invoke(&self.stack.outputs().compact_function, input).await?;
        let answer: Value = serde_json::from_str(&answer)?;
        ensure!(answer["more"] == false && answer["objects"].as_u64() > Some(0), "{answer}");
        Ok(())
    }

    /// What each report of today comes to, of the lake as this manifest tells it.
    async fn query_all(&self, manifest: &Manifest) -> Result<BTreeMap<String, Vec<Row>>> {
        let as_of = DateTime::from_timestamp_millis(self.now.0).unwrap_or_default();
        let date = as_of.date_naive().checked_add_days(Days::new(61)).unwrap_or_default();
        let mut answers = BTreeMap::new();
        for report in &self.reports {
            let rows = self.stack.athena_query(&report.sql(date, as_of, manifest)).await;
            answers.insert(report.name().to_owned(), rows.with_context(|| report.name().to_owned())?);
        }
        Ok(answers)
    }

    /// All rows, and the newest of each symbol and day from each folder on: of what the manifest tells, or, without one, of the views.
    async fn query_views(&self, manifest: impl Into<Option<&Manifest>>) -> Result<[Vec<Row>; 2]> {
        let manifest = manifest.into();
        let table = |table: Table| match manifest {
            Some(manifest) => format!("({}) AS rows_of_it", manifest.select(table, &shared::manifest::COLUMNS, None)),
            None => table.view().to_owned(),
        };
        let columns = shared::manifest::COLUMNS.map(|column| format!("CAST({column} AS varchar)")).join(", ");
        let order = "kafka_topic, kafka_partition, kafka_offset, kafka_index";
        let bars = format!("SELECT {columns} FROM {} ORDER BY {order}", table(Table::Bars));
        let newest = format!(
            "SELECT symbol, CAST(trade_date AS varchar), from_day, close, kafka_offset, kafka_index, kafka_partition FROM (\
                SELECT *, row_number() OVER (PARTITION BY symbol, trade_date, from_day ORDER BY kafka_timestamp DESC NULLS LAST, \
                    coalesce(kafka_life, 1) DESC, kafka_offset DESC, kafka_index DESC, kafka_partition, kafka_topic) AS place \
                FROM {} CROSS JOIN (VALUES ('0000'), ('{}'), ('{}')) AS days (from_day) WHERE dt >= from_day) AS ranked \
             WHERE place = 1 ORDER BY 1, 2, 3",
            table(Table::Daily),
            self.date(1),
            self.date(3),
        );
        Ok([
            self.stack.athena_query(&bars).await.context(bars)?,
            self.stack.athena_query(&newest).await.context(newest)?,
        ])
    }

    async fn check_queries(
        &self,
        what: &str,
        reports: &BTreeMap<String, Vec<Row>>,
        bars: &[Row],
        daily: &[Row],
    ) -> Result<()> {
        let manifest = self.lake.manifest().await?;
        ensure!(manifest.through > Hour::default(), "{what}: nothing is compacted");
        for (name, rows) in self.query_all(&manifest).await? {
            ensure!(reports[&name] == rows, "{what}: report {name} differs");
        }
        let [bars_now, daily_now] = self.query_views(None).await?;
        ensure!(bars_now == bars, "{what}: the view bars differs: {} rows, {} expected", bars_now.len(), bars.len());
        ensure!(daily_now == daily, "{what}: the view daily differs: {} rows, {}", daily_now.len(), daily.len());
        Ok(())
    }

    /// As the function does once the retention is over; all but today.
    async fn hollow(&self) -> Result<()> {
        let later = LandingTime(Utc::now().timestamp_millis() + 8 * DAY_MS);
        let summary = self.lake.compact(None, later, 7).await?;
        ensure!(summary.hollowed > 0 && summary.strange_days == 0 && summary.objects == 0, "{summary:?}");
        let manifest = self.lake.manifest().await?;
        let today = self.at(CLOSED_DAYS + 1, 0);
        let left: Rows = rows::of_folders(&self.lake, Hour::default()).await?;
        let today = format!("dt=\"{}\"", Hour::of(today).dt());
        ensure!(manifest.through > Hour::of(self.now), "{manifest:?}");
        ensure!(left.iter().all(|row| row.contains(&today)), "not all is hollow: {left:#?}");
        Ok(())
    }
}

fn next_hour() -> Hour {
    Hour(Hour::of(LandingTime(Utc::now().timestamp_millis())).0 + 1)
}

/// Only what is known to be missing is, and nothing is there twice.
fn check_integrity(integrity: &Integrity, events: &[Event]) -> Result<()> {
    let records: usize = events.iter().map(Event::records).sum();
    let bars = events.iter().flat_map(Event::bars).count();
    let hole = u64::try_from(HOLE.end - HOLE.start)?;
    ensure!(integrity.duplicates() == 0, "{integrity:?}");
    ensure!((integrity.holes(), integrity.hole_offsets()) == (1, hole), "{integrity:?}");
    ensure!(integrity.bar_rows() == bars as u64, "{bars} bars are expected: {integrity:?}");
    ensure!(integrity.landed() + integrity.rejected() == records as u64, "{records} are expected: {integrity:?}");
    Ok(())
}
