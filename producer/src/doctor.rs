//! `producer doctor`: looks at the way from here to the topic before anything is deployed, and says in one line each what
//! is well and what is not. Changes nothing, and prints no value that could be a secret.

mod address;
mod certificate;
mod cluster;
mod finding;
mod login;
mod replication;
mod topic;

use std::time::Duration;

use anyhow::Result;
use rdkafka::ClientConfig;

use crate::args::DoctorArgs;
use crate::client;
use crate::doctor::address::Address;
use crate::doctor::cluster::Cluster;
use crate::doctor::finding::{Finding, Findings};
use crate::doctor::login::Login;

/// How long a machine may take to be reached, and to show its certificate.
const PATIENCE: Duration = Duration::from_secs(8);
/// How long Kafka may take for an answer: one of the brokers may be gone, and the others busy.
const ANSWER: Duration = Duration::from_secs(30);

/// Prints the findings as they come. Says whether none of them is bad.
pub(crate) fn examine(args: &DoctorArgs) -> Result<bool> {
    let kafka = client::settings(&args.broker)?;
    let mut findings = Findings::default();
    examine_all(&kafka, &args.broker.topic, &mut findings)?;
    findings.sum_up()
}

fn examine_all(kafka: &ClientConfig, topic: &str, findings: &mut Findings) -> Result<()> {
    let login = Login::of(kafka);
    let bootstrap = client::bootstrap_servers(kafka).split(',').map(Address::parse).collect::<Vec<_>>();
    let mut is_reachable = false;
    for address in &bootstrap {
        is_reachable |= reach(address, "", &login, findings)?;
    }
    findings.say(login.judge())?;
    let left_out =
        format!("what brokers advertise, and topic {topic}, were not looked at: there is no way to a broker yet");
    if !is_reachable {
        return findings.say(Finding::note(left_out));
    }

    let cluster = match Cluster::connect(kafka, &login, PATIENCE, ANSWER) {
        Ok(cluster) => cluster,
        Err(refusal) => {
            findings.say(refusal)?;
            return findings.say(Finding::note(left_out));
        }
    };
    findings.say(cluster.answers(&login))?;
    let bootstrap_is_local = bootstrap.iter().all(Address::is_this_machine);
    for (broker, address) in cluster.advertised() {
        findings.say(address.judge_advertised(broker, bootstrap_is_local))?;
        if !bootstrap.contains(&address) {
            reach(&address, &format!(", advertised by broker {broker},"), &login, findings)?;
        }
    }
    findings.say(topic::examine(topic, &cluster, ANSWER))
}

/// The network first, then TLS, where there is TLS. Says whether somebody answers at all.
fn reach(address: &Address, whose: &str, login: &Login, findings: &mut Findings) -> Result<bool> {
    match address.reach(PATIENCE) {
        Ok(stream) => {
            findings.say(Finding::ok(format!("{address}{whose} answers")))?;
            if let Some(authorities) = login.authorities() {
                findings.say(certificate::examine(address, stream, &authorities, PATIENCE))?;
            }
            Ok(true)
        }
        Err(reason) => {
            findings.say(Finding::bad(format!("{address}{whose} {reason}")))?;
            Ok(false)
        }
    }
}
