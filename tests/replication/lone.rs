//! One broker alone: what the same faults cost there, as docs/broker.md says it.

use anyhow::{Result, ensure};
use local::project_root;

use crate::machines::Machines;
use crate::publishing::Topic;

const RECORDS: i64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_broker_alone_loses_nothing_when_it_is_killed_and_all_with_its_volume() -> Result<()> {
    let machines = Machines::new("replication-alone", &project_root().join("target/kafka")).await?;
    machines.deploy("subnet-1")?;
    let mut producer = machines.producer()?;
    let output = producer.args(["--simulate", "--seed", "1", "--count", &RECORDS.to_string()]).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let topic = Topic::of(&machines.admin_servers())?;
    assert_eq!(topic.records()?, RECORDS);

    // While it is away nobody can publish.
    machines.kill(1)?;
    let mut waiting = machines.producer()?;
    let refused =
        waiting.args(["--simulate", "--seed", "1", "--count", "1", "-X", "message.timeout.ms=3000"]).output()?;
    ensure!(!refused.status.success(), "published to nobody: {}", String::from_utf8_lossy(&refused.stdout));
    machines.on(1, "/opt/tickerlake/broker/restart.sh")?;
    assert_eq!(topic.records()?, RECORDS, "what was acknowledged is there after a kill -9");

    machines.run("replace.sh", &[], &[("BROKER", "1")])?;
    assert_eq!(topic.records()?, RECORDS, "another machine has the volume, and the records are gone");

    let empty = [("BROKER", "1"), ("EMPTY", "1")];
    let refused = machines.run("replace.sh", &[], &empty);
    let said = "what has not landed is on its volume, and nowhere else";
    ensure!(refused.is_err_and(|error| error.to_string().contains(said)), "all records were given away unasked");
    assert_eq!(topic.records()?, RECORDS);
    machines.run("replace.sh", &[], &[empty[0], empty[1], ("LOSE", "1")])?;
    assert_eq!(topic.records()?, 0, "another volume, and the records are there");
    Ok(())
}
