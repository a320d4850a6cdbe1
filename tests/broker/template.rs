//! What broker.yaml gives its instances, with the names that `CloudFormation` would put in.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use local::project_root;

/// What instances have and this machine has not, or must not do: `instance.sh` stands in for it.
pub(crate) const COMMANDS: [&str; 18] = [
    "aws",
    "blkid",
    "chown",
    "cloud-init",
    "curl",
    "dnf",
    "id",
    "mkfs.xfs",
    "mount",
    "mountpoint",
    "runuser",
    "sleep",
    "systemctl",
    "tar",
    "umount",
    "user-data",
    "useradd",
    "xfs_growfs",
];

/// The user data of a broker, as cloud-init runs it.
pub(crate) fn user_data(broker: u8) -> Result<String> {
    let template = template()?;
    let (_, rest) = template.split_once(&format!("\n  Broker{broker}:\n")).context("no such broker")?;
    let (_, rest) = rest.split_once("UserData: !Base64\n        Fn::Sub: |\n").context("no UserData")?;
    let (text, _) = rest.split_once("\n\n  DataVolume").context("no end of the UserData")?;
    let named = [
        ("AWS::StackName", "tickerlake-broker"),
        ("AWS::Region", "eu-central-1"),
        ("ArtifactsBucket", "my-artifacts"),
        ("Settings", "settings"),
    ];
    filled_in(text, 10, &named)
}

/// The parameter of Systems Manager with what all brokers are set to; `@HOSTS@` and `@COMPLETE@` change with the stack.
pub(crate) fn settings() -> Result<String> {
    let template = template()?;
    let (_, rest) = template.split_once("      Value: !Sub\n        - |\n").context("no settings")?;
    let (text, _) = rest.split_once("\n        - Hosts:").context("no end of the settings")?;
    let named = [
        ("Hosts", "@HOSTS@"),
        ("ReaderSecret", "reader"),
        ("WriterSecret", "writer"),
        ("RootCaSecret", "ca"),
        ("KeyringSecret", "keyring"),
        ("ProducerUrl", "s3://my-artifacts/tickerlake/producer"),
        ("KafkaTopic", "stock-bars"),
        ("KafkaPartitions", "3"),
        ("KafkaConsumerGroup", "tickerlake"),
        ("RetentionHours", "168"),
        ("StackIsComplete", "@COMPLETE@"),
    ];
    filled_in(text, 10, &named)
}

fn template() -> Result<String> {
    Ok(fs::read_to_string(project_root().join("broker.yaml"))?)
}

fn filled_in(text: &str, indented: usize, named: &[(&str, &str)]) -> Result<String> {
    let lines = text.lines().map(|line| line.get(indented..).unwrap_or_default().to_owned() + "\n");
    let text = named
        .iter()
        .fold(lines.collect::<String>(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
    ensure!(!text.contains("${"), "something has no value here: {text}");
    Ok(text)
}
