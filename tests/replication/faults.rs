//! One run through everything that may happen to three brokers.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use local::{Stack, StackOptions, project_root};
use tests::{integrity, land, number};

use crate::machines::{BROKERS, Machines};
use crate::publishing::{Publishing, TOPIC, Topic};
use crate::stalls::{Happened, now, told};

const LIMIT: Duration = Duration::from_mins(3);

/// What the steps share.
struct Run {
    machines: Machines,
    topic: Topic,
    happened: Vec<Happened>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_three_may_die_and_nothing_is_lost() -> Result<()> {
    let kafka = project_root().join("target/kafka");
    let machines = Machines::new(&kafka).await?;
    machines.deploy("subnet-1")?;
    let stack = start_stack(&machines).await?;
    let publishing = Publishing::start(&machines)?;
    let topic = Topic::of(&machines.admin_servers())?;
    topic.goes_on("with one broker")?;
    let mut run = Run { machines, topic, happened: Vec::new() };

    run.step("from one broker to three", |run| run.machines.deploy("subnet-1 subnet-2 subnet-3").map(drop))?;
    run.step("kill -9 of the first", |run| run.killed(1))?;
    run.step("kill -9 of the second, the first being back", |run| run.killed(2))?;

    let acknowledged = publishing.stop()?;
    land(&stack).await?;
    for line in told(&stack, &run.happened).await? {
        println!("{line}");
    }
    everything_is_there_once(&stack, &run.topic, acknowledged).await?;
    stack.stop().await
}

impl Run {
    /// Something happens, and publishing goes on afterwards.
    fn step(&mut self, what: &'static str, happens: impl FnOnce(&Self) -> Result<()>) -> Result<()> {
        let began = now();
        happens(self)?;
        self.machines.meet();
        self.topic.goes_on(what)?;
        self.happened.push(Happened::since(what, began));
        println!("done: {what}");
        Ok(())
    }

    /// Publishing goes on before the broker is back.
    fn killed(&self, broker: u8) -> Result<()> {
        self.machines.kill(broker)?;
        self.topic.goes_on("without a broker that was killed")?;
        self.back(broker)
    }

    /// As systemd starts a broker that has ended.
    fn back(&self, broker: u8) -> Result<()> {
        self.machines.on(broker, "/opt/tickerlake/broker/restart.sh").map(drop)
    }
}

async fn start_stack(machines: &Machines) -> Result<Stack> {
    Stack::start(StackOptions {
        folder: project_root().join("target/tests/replication"),
        topic: TOPIC.to_owned(),
        bootstrap_servers: Some(machines.admin_servers()),
        login: Some(machines.login()?),
        ..StackOptions::from_environment()
    })
    .await
}

async fn everything_is_there_once(stack: &Stack, topic: &Topic, acknowledged: u64) -> Result<()> {
    let landed = "SELECT count(*) FROM (SELECT DISTINCT kafka_partition, kafka_offset FROM bars) AS record";
    assert_eq!(number(stack, landed).await?, acknowledged);
    assert_eq!(number(stack, "SELECT count(*) FROM bars").await?, acknowledged);
    assert_eq!(u64::try_from(topic.records()?)?, acknowledged, "no try of the producer was written twice");
    let integrity = integrity(stack).await?;
    assert!(integrity.is_clean() && integrity.landed() == acknowledged, "{integrity:?}");
    Ok(())
}
