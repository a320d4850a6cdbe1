//! One run through everything that may happen to three brokers.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use local::{Stack, StackOptions, project_root};
use tests::{integrity, land, number};

use crate::machines::{BROKERS, Machines};
use crate::publishing::{Publishing, TOPIC, Topic};
use crate::stalls::{Happened, now, told};
use crate::wire::Cut;

/// The broker with a small disk, and the one that loses its volume.
const SMALL: u8 = 3;
const REPLACED: u8 = 2;

/// What the steps share.
struct Run {
    machines: Machines,
    topic: Topic,
    happened: Vec<Happened>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_three_may_die_and_nothing_is_lost() -> Result<()> {
    let machines = Machines::new("replication-machines", &kafka_before()?).await?;
    let disk_is_small = machines.small_disk(SMALL, 48)?;
    machines.deploy("subnet-1")?;
    machines.learn()?;
    let stack = start_stack(&machines).await?;
    let publishing = Publishing::start(&machines)?;
    let topic = Topic::of(&machines.admin_servers())?;
    topic.goes_on("with one broker")?;
    let mut run = Run { machines, topic, happened: Vec::new() };

    run.step("from one broker to three", Run::grown)?;
    run.step("kill -9 of one", Run::killed)?;
    run.step("kill -9 of another, the first being back", Run::killed)?;
    run.step("one is cut off, its ports closed", |run| run.cut_off(false))?;
    run.step("one is gone without a word", |run| run.cut_off(true))?;
    if disk_is_small {
        run.step("the disk of one is full", Run::disk_full)?;
    } else {
        println!("not tried, for nobody may mount a small disk here: the disk of one is full");
    }
    run.step("new certificates, one after the other", |run| run.rolled("certificates"))?;
    run.step("one comes back with an empty volume", Run::replaced)?;
    run.step("another version of Kafka, one after the other", Run::upgraded)?;
    run.health_is_told()?;

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

    /// The first boot of one that comes fails, and so does another try: the same command goes to the end.
    fn grown(&self) -> Result<()> {
        fs::write(self.machines.path("no-packages.i-2"), "not\n".repeat(2))?;
        ensure!(self.machines.deploy("subnet-1 subnet-2 subnet-3").is_err(), "broker 2 has come without its packages");
        self.machines.deploy("subnet-1 subnet-2 subnet-3")?;
        self.machines.doctor("ok", "takes a record for published that 2 of its 3 replicas have")?;
        self.machines.doctor("ok", "has its replicas in zones of their own")
    }

    /// One that leads: publishing goes on before it is back, and no other may be taken away for good meanwhile.
    fn killed(&self) -> Result<()> {
        let broker = self.topic.leader(0)?;
        self.machines.kill(broker)?;
        self.topic.goes_on("without a broker that was killed")?;
        let other = (broker % 3 + 1).to_string();
        let refused = self.machines.run("replace.sh", &[], &[("BROKER", &other), ("EMPTY", "1")]);
        ensure!(
            refused.is_err_and(|error| error.to_string().contains("of the other brokers only")),
            "{other} was taken away"
        );
        self.back(broker)
    }

    /// Nothing comes to it, and nothing that it sends arrives; it does not know that, and runs on.
    fn cut_off(&self, silently: bool) -> Result<()> {
        let broker = self.topic.leader(0)?;
        self.machines.meet();
        self.machines.wire.cut_off(Cut { broker, silently });
        // Before, nobody knows that it is cut off, and what was on its way may still arrive.
        self.topic.is_led_by_another(0, broker)?;
        self.topic.goes_on("without a broker that was cut off")?;
        ensure!(!self.machines.ended(broker), "broker {broker} ended");
        self.machines.doctor("note", "has 2 of 3 replicas in sync")?;
        self.machines.wire.heal();
        self.machines.on(broker, &as_kafka("await-in-sync.sh")).map(drop)
    }

    /// It ends by itself, and comes back when there is room.
    fn disk_full(&self) -> Result<()> {
        self.machines
            .on(1, &as_kafka("administrate.sh leader-election --election-type preferred --all-topic-partitions"))?;
        let filler = self.machines.volume(SMALL).join("filler");
        let mut file = fs::File::create(&filler)?;
        let piece = vec![0; 65_536];
        while file.write_all(&piece).is_ok() {}
        // A file that is open keeps its room, though it is removed.
        drop(file);
        self.machines.wait_for_end_of(SMALL)?;
        self.topic.goes_on("without a broker whose disk is full")?;
        fs::remove_file(filler)?;
        self.back(SMALL)
    }

    fn rolled(&self, how: &str) -> Result<()> {
        let certificate = |broker: u8| fs::read_to_string(self.machines.volume(broker).join("security/broker.crt"));
        let before = BROKERS.map(certificate);
        let lock = self.machines.path("parameter.tickerlake-broker-lock");
        fs::write(&lock, "make replace-broker BROKER=2")?;
        let refused = self.machines.run("roll.sh", &[how], &[]);
        ensure!(
            refused.is_err_and(|error| error.to_string().contains("is under way: make replace-broker BROKER=2")),
            "two commands at a time"
        );
        fs::remove_file(&lock)?;
        self.machines.run("roll.sh", &[how], &[])?;
        ensure!(!lock.exists(), "the next command would be refused");
        for (broker, before) in BROKERS.into_iter().zip(before) {
            assert_ne!(certificate(broker)?, before?, "broker {broker} has its old certificate");
        }
        Ok(())
    }

    fn replaced(&self) -> Result<()> {
        self.machines.run("replace.sh", &[], &[("BROKER", &REPLACED.to_string()), ("EMPTY", "1")])?;
        ensure!(self.machines.path(&format!("kept.{REPLACED}/data")).exists(), "the volume before is gone");
        Ok(())
    }

    fn upgraded(&self) -> Result<()> {
        let version =
            |features: &str| features.lines().find(|line| line.contains("metadata.version")).map(str::to_owned);
        let ask = || self.machines.on(1, &as_kafka("administrate.sh features describe"));
        let before = version(&ask()?);
        self.machines.upload(&project_root().join("target/kafka"))?;
        self.machines.deploy("subnet-1 subnet-2 subnet-3")?;
        self.machines.run("roll.sh", &["upgrade"], &[])?;
        self.machines.run("finish.sh", &[], &[])?;
        assert_ne!(version(&ask()?), before, "nothing is new");
        Ok(())
    }

    fn health_is_told(&self) -> Result<()> {
        self.machines.on(1, "/opt/tickerlake/broker/report-health.sh")?;
        let told: Vec<serde_json::Value> = serde_json::from_str(&fs::read_to_string(self.machines.path("metrics"))?)?;
        let value =
            |name: &str| told.iter().find(|metric| metric["MetricName"] == name).map(|metric| metric["Value"].as_u64());
        assert_eq!((value("Answers"), value("UnderReplicated")), (Some(Some(1)), Some(Some(0))), "{told:?}");
        assert!(value("DiskUsed").flatten().is_some_and(|percent| percent <= 100), "{told:?}");
        Ok(())
    }

    /// As systemd starts a broker that has ended.
    fn back(&self, broker: u8) -> Result<()> {
        self.machines.on(broker, "/opt/tickerlake/broker/restart.sh").map(drop)
    }
}

fn as_kafka(command: &str) -> String {
    format!("/opt/tickerlake/broker/as-kafka.sh {command}")
}

/// The Kafka before ours, with the libraries of ours where they are nobody's own.
fn kafka_before() -> Result<PathBuf> {
    let folder = project_root().join("target/tests/kafka-before");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("libs"))?;
    let root = project_root();
    let is_kafka = |name: &str| name.starts_with("kafka");
    for (from, kafka) in [("target/kafka/libs", false), ("target/kafka-before/libs", true)] {
        for jar in fs::read_dir(root.join(from)).with_context(|| format!("there is no {from}: make test fetches it"))? {
            let (path, name) = jar.map(|jar| (jar.path(), jar.file_name().to_string_lossy().into_owned()))?;
            if path.extension().is_some_and(|extension| extension == "jar") && is_kafka(&name) == kafka {
                fs::hard_link(&path, folder.join("libs").join(&name))
                    .or_else(|_| fs::copy(&path, folder.join("libs").join(&name)).map(drop))?;
            }
        }
    }
    Ok(folder)
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
