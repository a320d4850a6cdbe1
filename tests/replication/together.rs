//! Three brokers that are deployed as three: the first waits for nobody but to make the topic, the others join.

use anyhow::Result;
use local::project_root;

use crate::machines::{BROKERS, Machines};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_brokers_that_are_deployed_together_have_three_copies_at_once() -> Result<()> {
    let machines = Machines::new("replication-together", &project_root().join("target/kafka")).await?;
    machines.deploy("subnet-1 subnet-2 subnet-3")?;
    machines.doctor("ok", "topic stock-bars exists, with 3 partitions of 3 replicas")?;
    machines.doctor("ok", "has its replicas in zones of their own")?;
    machines.doctor("ok", "takes a record for published that 2 of its 3 replicas have")?;
    for broker in BROKERS {
        assert!(machines.volume(broker).join("controller").exists(), "broker {broker} is no controller");
    }
    let refused = machines.deploy("subnet-1");
    assert!(refused.is_err_and(|error| error.to_string().contains("no way back to 1; nothing was changed")));
    Ok(())
}
