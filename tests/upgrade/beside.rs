//! Two stacks in one account and region, on two topics of one broker.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use local::{Integrity, Neighbour, Outputs, Stack, project_root};
use serde_json::{Value, json};
use tests::produce;

use crate::{PARTITIONS, every_record_is_there_once, printed};

const LAND_LIMIT: Duration = Duration::from_mins(3);

pub(crate) async fn another_stack_has_all_to_itself(stack: &Stack) -> Result<Neighbour> {
    let topic = format!("{}-second", stack.topic());
    let neighbour = Neighbour::move_in(stack, "tickerlake-second", &topic, PARTITIONS).await?;
    publish_and_land(stack, &neighbour, 200).await?;

    reports_what_landed(stack, &neighbour, 200).await?;
    every_record_is_there_once(stack, 2_200).await?;
    for outputs in [stack.outputs(), neighbour.outputs()] {
        let crawled = stack.aws().invoke(&outputs.crawl_function, b"{}".to_vec()).await?;
        let crawled: Value = serde_json::from_str(&crawled)?;
        assert_eq!((&crawled["crawler"], &crawled["status"]), (&json!(outputs.crawler), &json!("started")));
        let made = stack.aws().invoke(&outputs.report_function, br#"{"report":"market-summary"}"#.to_vec()).await?;
        assert!(made.contains(&format!("s3://{}/reports/market-summary/", outputs.lake_bucket)), "{made}");
    }
    let (first, second) = (names(stack.outputs()), names(neighbour.outputs()));
    assert!(first.is_disjoint(&second), "both have {:?}", first.intersection(&second).collect::<Vec<_>>());
    let schedules = schedules(stack)?;
    for name in ["CrawlFunctionHourly", "ReportFunctionDaily"] {
        for stack in ["tickerlake-", "tickerlake-second-"] {
            assert!(schedules.iter().any(|schedule| schedule.starts_with(&format!("{stack}{name}"))), "{schedules:?}");
        }
    }
    Ok(neighbour)
}

/// After the first has been removed.
pub(crate) async fn the_other_stack_goes_on(stack: &Stack, neighbour: Neighbour) -> Result<()> {
    publish_and_land(stack, &neighbour, 100).await?;
    reports_what_landed(stack, &neighbour, 300).await?;
    neighbour.move_out(stack).await
}

async fn publish_and_land(stack: &Stack, neighbour: &Neighbour, count: u32) -> Result<()> {
    produce(stack, neighbour.topic(), &["--simulate", "--seed", "3", "--count", &count.to_string()])?;
    neighbour.event_source().wait_until_drained(LAND_LIMIT, |_| ()).await.map(drop)
}

/// In its own lake, by its own report function: its own topic, and nothing else.
async fn reports_what_landed(stack: &Stack, neighbour: &Neighbour, records: u64) -> Result<()> {
    let found = Integrity::made_by(&neighbour.outputs().report_function, stack.aws()).await?;
    assert_eq!((found.landed(), found.rejected(), found.is_clean()), (records, 0, true), "{found:?}");
    let topics: BTreeSet<_> = found.partitions.iter().map(|row| row.topic.as_str()).collect();
    assert_eq!(topics, BTreeSet::from([neighbour.topic()]));
    Ok(())
}

fn names(outputs: &Outputs) -> BTreeSet<&str> {
    let Outputs { lake_bucket, database, workgroup, crawler, ingest_function, .. } = outputs;
    let Outputs { failed_events_bucket, crawl_function, report_function, .. } = outputs;
    [lake_bucket, database, workgroup, crawler, ingest_function, failed_events_bucket, crawl_function, report_function]
        .map(String::as_str)
        .into()
}

fn schedules(stack: &Stack) -> Result<Vec<String>> {
    let program =
        "import boto3; print(*[found['Name'] for found in boto3.client('scheduler').list_schedules()['Schedules']])";
    let output = Command::new(project_root().join("target/tools/venv/bin/python"))
        .args(["-B", "-c", program])
        .envs(stack.environment())
        .output()
        .context("cannot run python")?;
    ensure!(output.status.success(), "{}", printed(&output));
    Ok(String::from_utf8(output.stdout)?.split_whitespace().map(str::to_owned).collect())
}
