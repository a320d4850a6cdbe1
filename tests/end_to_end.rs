//! The main job on the deployed stack: the producer publishes to real Kafka, the event source invokes `ingest`, `crawl` and
//! `report` do their work, all under the roles of template.yaml. What is asserted is read back from the lake, not from what the
//! functions say of themselves.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use local::{Stack, project_root};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord};
use tests::{error_type, land, number, produce, start_stack};

/// Three days of two symbols, and two rows that are no bars.
const CSV: &str = "\u{feff}Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD\r
HSI,2021-05-27,29139.5,29267.0,28975.9,29113.2,29113.2,100,3784.716\r
HSI,2021-05-28,29109.4,29183.1,28955.3,29124.4,29124.4,200,3786.172\r
HSI,2021-05-28,29109.4\r
HSI,2021-05-31,28909.5,29225.5,28909.5,29151.8,29151.8,300,3789.734\r
NYA,2021-05-27,16600.0,16620.0,16500.0,16531.95,16531.95,10,16531.95\r
NYA,2021-05-28,nan,16620.0,16500.0,16531.95,16531.95,10,16531.95\r
NYA,2021-05-28,16531.9,16588.7,16531.9,16555.66,16555.66,20,16555.66\r
";

/// What the tutorial's and other people's producers put on the same topic: a value, and the reason for which it is rejected.
const FOREIGN: [(Option<&str>, Option<&str>); 9] = [
    (
        Some(
            r#"[{"Index":"GDAXI","Date":"2021-05-31","Open":1,"High":2,"Low":1,"Close":2,"Volume":0,"CloseUSD":2.4}]"#,
        ),
        None,
    ),
    (
        Some(r#"{"Index":"<b>X</b>","Date":"2021-05-31","Open":1,"High":1,"Low":1,"Close":1,"Volume":0,"venue":"X"}"#),
        None,
    ),
    (None, Some("tombstone")),
    (Some("HSI,2021-05-31"), Some("not_json")),
    (Some(r#"{"Index":"HSI","Date":"2021-05-31","Open":NaN,"High":1,"Low":1,"Close":1,"Volume":0}"#), Some("not_json")),
    (Some("[]"), Some("not_a_bar")),
    (Some(r#"{"Index":"HSI","Date":"2021-05-31"}"#), Some("missing_field")),
    (
        Some(r#"{"Index":"HSI","Date":"2021-05-31","Open":"1","High":1,"Low":1,"Close":1,"Volume":0}"#),
        Some("invalid_field"),
    ),
    (
        Some(r#"{"Index":"HSI","Date":"31.05.2021","Open":1,"High":1,"Low":1,"Close":1,"Volume":0}"#),
        Some("invalid_date"),
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn bars_go_from_the_producer_to_the_reports() -> Result<()> {
    let stack = start_stack("end_to_end").await?;

    publish_csv(&stack)?;
    publish_foreign(&stack).await?;
    let progress = land(&stack).await?;
    assert_eq!(progress.on_topic(), 14);
    assert_eq!(progress.counts.retries, 0, "{:?}", progress.counts.last_error);

    every_record_is_there_once(&stack).await?;
    a_bar_is_what_was_sent(&stack).await?;
    rejects_say_why(&stack).await?;
    the_crawler_is_started(&stack).await?;
    the_reports_are_published(&stack).await?;
    bad_input_is_refused_in_words(&stack).await?;
    a_topic_is_made_on_request(&stack).await?;

    stack.stop().await
}

fn publish_csv(stack: &Stack) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bars.csv");
    fs::write(&file, CSV)?;
    let last_line = produce(stack, stack.topic(), &["--csv", &file.to_string_lossy()])?;
    assert!(last_line.starts_with("read 7, skipped 2, sent 5, acknowledged 5, failed 0, "), "{last_line}");
    Ok(())
}

async fn publish_foreign(stack: &Stack) -> Result<()> {
    let producer: FutureProducer = ClientConfig::new().set("bootstrap.servers", stack.bootstrap_servers()).create()?;
    for (value, _) in FOREIGN {
        let mut record = FutureRecord::<str, str>::to(stack.topic()).key("foreign");
        record.payload = value;
        producer.send(record, None).await.map_err(|(error, _)| error)?;
    }
    Ok(())
}

async fn every_record_is_there_once(stack: &Stack) -> Result<()> {
    let landed = "SELECT count(*) FROM (SELECT DISTINCT kafka_partition, kafka_offset FROM bars) AS record";
    assert_eq!(number(stack, landed).await?, 7);
    assert_eq!(number(stack, "SELECT count(*) FROM bars").await?, 7);
    let rejected = "SELECT count(*) FROM (SELECT DISTINCT kafka_partition, kafka_offset FROM rejects) AS record";
    assert_eq!(number(stack, rejected).await?, 7);
    assert_eq!(number(stack, "SELECT count(*) FROM rejects").await?, 7);
    Ok(())
}

async fn a_bar_is_what_was_sent(stack: &Stack) -> Result<()> {
    let rows = stack
        .athena_query(
            "SELECT symbol, CAST(trade_date AS varchar), open, high, low, close, adj_close, volume, close_usd, extra
             FROM bars WHERE symbol = 'HSI' OR extra IS NOT NULL ORDER BY trade_date, symbol DESC",
        )
        .await?;
    let rows: Vec<String> = rows
        .iter()
        .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        rows,
        [
            "HSI 2021-05-27 29139.5 29267.0 28975.9 29113.2 29113.2 100.0 3784.716 -",
            "HSI 2021-05-28 29109.4 29183.1 28955.3 29124.4 29124.4 200.0 3786.172 -",
            "HSI 2021-05-31 28909.5 29225.5 28909.5 29151.8 29151.8 300.0 3789.734 -",
            "<b>X</b> 2021-05-31 1.0 1.0 1.0 1.0 - 0.0 - {\"venue\":\"X\"}",
        ]
    );
    Ok(())
}

async fn rejects_say_why(stack: &Stack) -> Result<()> {
    let rows = stack.athena_query("SELECT reason FROM rejects ORDER BY reason").await?;
    let found: Vec<_> = rows.iter().map(|row| row[0].as_deref().unwrap_or_default()).collect();
    let mut expected: Vec<_> = FOREIGN.iter().filter_map(|(_, reason)| *reason).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    // The bytes are kept: this is the text that is no JSON.
    let kept = "SELECT count(*) FROM rejects WHERE kafka_value = 'SFNJLDIwMjEtMDUtMzE='";
    assert_eq!(number(stack, kept).await?, 1);
    Ok(())
}

async fn the_crawler_is_started(stack: &Stack) -> Result<()> {
    let crawl = &stack.outputs().crawl_function;
    // The emulator's crawler runs for some seconds.
    for status in ["started", "already_running"] {
        let answer = stack.aws().invoke(crawl, event("crawl-schedule")?).await?;
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        assert_eq!(answer["status"], status, "{answer}");
    }
    Ok(())
}

async fn the_reports_are_published(stack: &Stack) -> Result<()> {
    let answer = stack.aws().invoke(&stack.outputs().report_function, b"{}".to_vec()).await?;
    assert!(answer.contains("market-summary") && answer.contains("ingest-health"), "{answer}");

    let (bucket, folder) = (&stack.outputs().lake_bucket, stack.folder().lake());
    let listed = stack.aws().list(bucket, "reports/").await?;
    let keys: Vec<_> = listed.into_iter().map(|(key, _)| key).collect();
    let found = |name: &str, file: &str| {
        let key = keys.iter().find(|key| key.starts_with(&format!("reports/{name}/dt=")) && key.ends_with(file));
        folder.join(key.unwrap_or_else(|| panic!("no {file} of {name} among {keys:?}")))
    };
    stack.aws().download(bucket, &keys, &folder).await?;

    // By hand: 29151.8 - 29124.4 = 27.4, which is 0.0941 % of 29124.4.
    let csv = fs::read_to_string(found("market-summary", "report.csv"))?;
    let hsi = csv.lines().find(|line| line.starts_with("HSI,")).unwrap_or_default();
    assert!(hsi.starts_with("HSI,2021-05-31,29151.8,27.39") && hsi.contains(",0.0940"), "{csv}");
    let page = fs::read_to_string(found("market-summary", "report.html"))?;
    for text in ["HSI", "NYA", "GDAXI", "<svg", "29,151.80", "&lt;b&gt;X&lt;/b&gt;"] {
        assert!(page.contains(text), "{text} is not on the page");
    }
    assert!(!page.contains("<b>X</b>"), "a symbol is markup on the page");

    let health = fs::read_to_string(found("ingest-health", "report.csv"))?;
    let sums = |name: &str| -> u64 {
        let mut lines = health.lines();
        let column = lines.next().unwrap_or_default().split(',').position(|header| header == name);
        let column = column.unwrap_or_else(|| panic!("no column {name} in {health}"));
        lines.map(|line| line.split(',').nth(column).and_then(|cell| cell.parse::<u64>().ok()).unwrap_or(0)).sum()
    };
    assert_eq!((sums("bar_rows"), sums("rejects"), sums("not_json"), sums("tombstone")), (7, 7, 2, 1), "{health}");
    Ok(())
}

async fn bad_input_is_refused_in_words(stack: &Stack) -> Result<()> {
    let outputs = stack.outputs();
    for (function, event, message) in [
        (&outputs.report_function, r#"{"report":"weather"}"#, "market-summary"),
        (&outputs.report_function, r#"{"date":"22.11.2026"}"#, "date"),
        (&outputs.ingest_function, r#"{"Records":[]}"#, "not a Kafka event"),
        (&outputs.compact_function, r#"{"befor":"2026-11-22T19"}"#, "befor"),
    ] {
        let answer = stack.aws().invoke(function, event.as_bytes().to_vec()).await;
        let refused = answer.as_ref().is_err_and(|error| error.to_string().contains(message));
        assert!(refused, "{event}: {answer:?}");
        assert_eq!(error_type(stack, function, event).await?, "InvalidInput");
    }
    Ok(())
}

async fn a_topic_is_made_on_request(stack: &Stack) -> Result<()> {
    let topic = format!("{}-made", stack.topic());
    let made = ["--create-topic", "--partitions", "2", "--simulate", "--seed", "1", "--count", "28"];
    let last_line = produce(stack, &topic, &made)?;
    assert!(last_line.starts_with("read 28, skipped 0, sent 28, acknowledged 28, failed 0, "), "{last_line}");
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", stack.bootstrap_servers()).create()?;
    let metadata = admin.inner().fetch_metadata(Some(&topic), Duration::from_secs(10))?;
    assert_eq!(metadata.topics()[0].partitions().len(), 2);
    admin.delete_topics(&[&topic], &AdminOptions::new()).await?;
    Ok(())
}

fn event(name: &str) -> Result<Vec<u8>> {
    Ok(fs::read(project_root().join("events").join(name).with_extension("json"))?)
}
