//! `make deploy-broker` and the first boot of its instance: broker/deploy.sh, then the user data of broker.yaml as cloud-init runs it, with
//! a real Kafka and the real producer. What only an instance has, `instance.sh` stands in for.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use local::project_root;
use tests::{built, path_with_java};

use crate::secured::free_ports;
use crate::template::{COMMANDS, settings, user_data};

const PORTS: [&str; 3] = ["BROKER_PORT", "REPLICATION_PORT", "CONTROLLER_PORT"];
const PUBLISH_LIMIT: Duration = Duration::from_secs(90);

#[test]
fn a_first_boot_makes_a_broker_and_another_run_leaves_it_as_it_is() -> Result<()> {
    let instance = Instance::new()?;
    instance.deploy()?;
    instance.calls_in_order(&[
        "aws ssm get-parameter --name /aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
        "s3://my-artifacts/tickerlake/broker.tar.gz",
        "s3://my-artifacts/tickerlake/producer",
        "WithProducer=true ImageId=ami-00000000000000001 StackIsComplete=false Architecture=arm64",
    ])?;

    // The volume comes too late: told as soon as CloudFormation can be, and the same can be run again.
    fs::remove_file(instance.path("dev/sdk"))?;
    fs::write(instance.path("refused-signals"), "not yet\nnot yet\n")?;
    let failed = instance.boot()?;
    assert!(String::from_utf8_lossy(&failed.stderr).contains("there is no volume at"), "{failed:?}");
    let signal = "cfn-signal --exit-code 1";
    instance.calls_in_order(&["dnf install", "sleep 5", signal, "sleep 10", signal, "sleep 10", signal])?;
    fs::write(instance.path("dev/sdk"), "")?;
    instance.forget_calls()?;

    ensure_success(&instance.boot()?)?;
    instance.calls_in_order(&[
        "aws s3 cp --no-progress --region eu-central-1 s3://my-artifacts/tickerlake/broker.tar.gz .",
        "aws ssm get-parameter --name settings",
        "curl -fsS -X PUT",
        "dnf install --assumeyes --quiet java-17-amazon-corretto-headless openssl xfsprogs",
        "mkfs.xfs -q /dev/sdk",
        "mount /var/lib/kafka",
        "useradd --system",
        "chown --recursive kafka:kafka /var/lib/kafka",
        "systemctl enable --quiet kafka",
        "systemctl enable --quiet --now health.timer",
        "aws secretsmanager get-secret-value --secret-id keyring",
        "/make-keyring.sh",
        "aws secretsmanager put-secret-value --secret-id keyring",
        "/format-storage.sh",
        "systemctl restart kafka",
        "/join.sh",
        "/make-topic.sh",
        "aws secretsmanager put-secret-value --secret-id reader",
        "aws secretsmanager put-secret-value --secret-id writer",
        "aws secretsmanager put-secret-value --secret-id ca",
        "systemctl enable --quiet producer",
        "systemctl restart producer",
        "cfn-signal --exit-code 0 --stack tickerlake-broker --resource Ready --region eu-central-1",
    ])?;
    instance.the_producer_publishes()?;
    let kept = instance.kept()?;
    assert!(kept[0].starts_with(r#"{"username":"lake","password":""#), "the secret has another shape");
    assert!(kept[2].starts_with(r#"{"certificate":"-----BEGIN CERTIFICATE-----\n"#), "{}", kept[2]);
    let token = instance.put_secret_calls()?;
    assert!(
        !instance.calls()?.contains(kept[0].split('"').nth(7).context("no password")?),
        "a password is in an argument"
    );

    // A newer version: the running image stays, and so does all that was made.
    instance.forget_calls()?;
    instance.deploy()?;
    instance.calls_in_order(&["ImageId=ami-0000000000000000a StackIsComplete=true Architecture=arm64"])?;
    for (name, other) in [("VPC", "vpc-2"), ("SUBNET", "subnet-2")] {
        let elsewhere = instance.deployment().env(name, other).output()?;
        assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("nothing was changed"), "{elsewhere:?}");
    }
    ensure_success(&instance.boot()?)?;
    instance.calls_in_order(&[
        "xfs_growfs -d /var/lib/kafka",
        "/await-in-sync.sh",
        "systemctl restart kafka",
        "cfn-signal --exit-code 0",
    ])?;
    for once in ["mkfs.xfs", "mount /", "useradd"] {
        assert!(!instance.calls()?.lines().any(|call| call.starts_with(once)), "{}", instance.calls()?);
    }
    assert_eq!(instance.kept()?, kept);
    assert!(token.ends_with(&instance.put_secret_calls()?), "another token stores the same secret anew");

    // Brought up to date once more, in vain: what serves goes on.
    let archive = instance.path("s3/my-artifacts/tickerlake/broker.tar.gz");
    fs::rename(&archive, instance.path("away"))?;
    instance.forget_calls()?;
    assert!(!instance.boot()?.status.success());
    assert!(!instance.calls()?.contains("umount") && instance.path("run/kafka").exists(), "{}", instance.calls()?);
    fs::rename(instance.path("away"), archive)?;

    // As a first boot that fails late: CloudFormation takes the stack back, and could not detach a volume that is in use.
    fs::write(instance.path("secrets-are-refused"), "")?;
    instance.forget_boot()?;
    assert!(!instance.boot()?.status.success());
    instance.calls_in_order(&[
        "systemctl restart kafka",
        "put-secret-value",
        "systemctl stop producer kafka",
        "umount /var/lib/kafka",
        "cfn-signal --exit-code 1",
    ])?;
    assert!(!instance.path("run/mounted").exists(), "the volume is still mounted");

    // As a first boot that comes to its end, and CloudFormation is not to be reached: it gives the stack up for want of a signal.
    fs::remove_file(instance.path("secrets-are-refused"))?;
    fs::write(instance.path("refused-signals"), "not reached\n".repeat(1_000))?;
    instance.forget_boot()?;
    instance.boot()?;
    instance.calls_in_order(&[
        "cfn-signal --exit-code 0",
        "sleep 10",
        "systemctl stop producer kafka",
        "umount /var/lib/kafka",
    ])?;
    Ok(())
}

#[test]
fn a_broker_is_removed_in_an_order_that_works() -> Result<()> {
    let instance = Instance::new()?;
    let nothing = instance.undeploy(&[])?;
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("there is no stack tickerlake-broker"), "{nothing:?}");

    fs::write(instance.path("stack"), "")?;
    fs::write(instance.path("interfaces"), "eni-1\tAWS Lambda VPC ENI\n")?;
    let used = instance.undeploy(&[("YES", "1")])?;
    assert!(String::from_utf8_lossy(&used.stderr).contains("make undeploy"), "{used:?}");
    fs::write(instance.path("interfaces"), "")?;
    fs::write(instance.path("groups"), "sg-producers\tin whose rules it stands\n")?;
    let named = instance.undeploy(&[("YES", "1")])?;
    assert!(String::from_utf8_lossy(&named.stderr).contains("    sg-producers\t"), "{named:?}");
    fs::write(instance.path("groups"), "")?;
    let unconfirmed = instance.undeploy(&[])?;
    assert!(String::from_utf8_lossy(&unconfirmed.stderr).contains("nothing was removed"), "{unconfirmed:?}");
    let calls = instance.calls()?;
    assert!(!calls.contains("stop-instances") && !calls.contains("delete-stack"), "{calls}");

    let removed = instance.undeploy(&[("YES", "1")])?;
    ensure_success(&removed)?;
    instance.calls_in_order(&[
        "aws ec2 describe-network-interfaces --filters Name=group-id,Values=sg-clients",
        "aws ec2 stop-instances --instance-ids i-00000000000000001",
        "aws ec2 wait instance-stopped --instance-ids i-00000000000000001",
        "aws cloudformation delete-stack --stack-name tickerlake-broker",
        "aws cloudformation wait stack-delete-complete --stack-name tickerlake-broker",
    ])?;
    let printed = String::from_utf8_lossy(&removed.stdout);
    assert!(printed.contains("aws ec2 delete-volume --volume-id vol-00000000000000001"), "{printed}");

    // Nothing but the stack is left of one that could not be made.
    for left in ["stack", "taken-back"] {
        fs::write(instance.path(left), "")?;
    }
    instance.forget_calls()?;
    let removed = instance.undeploy(&[("YES", "1")])?;
    ensure_success(&removed)?;
    let (printed, calls) = (String::from_utf8_lossy(&removed.stdout), instance.calls()?);
    assert!(!printed.contains("volume") && !calls.contains("stop-instances"), "{printed}{calls}");
    instance.calls_in_order(&["aws cloudformation delete-stack --stack-name tickerlake-broker"])
}

#[test]
fn a_boot_that_fails_is_signalled_and_nothing_is_made() -> Result<()> {
    let instance = Instance::new()?;
    fs::remove_file(instance.path("opt/aws/bin/cfn-signal"))?;
    // Nothing was uploaded.
    assert!(!instance.boot()?.status.success());
    let calls = instance.calls()?;
    assert!(calls.lines().last().is_some_and(|last| last.starts_with("cfn-signal --exit-code 1 ")), "{calls}");
    assert!(!calls.contains("java") && !calls.contains("mkfs"), "{calls}");
    Ok(())
}

/// shellcheck comes with the tools of `make`; `make check` does the same for the files of broker/.
#[test]
fn the_user_data_is_clean_for_shellcheck() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("user-data");
    fs::write(&file, user_data(1)?)?;
    let shellcheck = project_root().join("target/tools/venv/bin/shellcheck");
    ensure_success(&Command::new(shellcheck).arg(file).output()?)
}

/// A folder that is the instance. Dropping it ends what runs there.
struct Instance {
    folder: tempfile::TempDir,
    ports: [u16; 3],
}

impl Instance {
    fn new() -> Result<Self> {
        let instance = Self { folder: tempfile::tempdir()?, ports: free_ports()? };
        for folder in [
            "bin",
            "dev",
            "etc/systemd/system",
            "opt/aws/bin",
            "run",
            "s3/my-artifacts/tickerlake",
            "secrets",
            "usr/local/bin",
            "var/lib",
        ] {
            fs::create_dir_all(instance.path(folder))?;
        }
        let stand_in = project_root().join("tests/broker/instance.sh");
        for command in COMMANDS {
            symlink(&stand_in, instance.path("bin").join(command))?;
        }
        symlink(&stand_in, instance.path("opt/aws/bin/cfn-signal"))?;
        fs::write(instance.path("settings"), settings()?)?;
        for empty in ["calls", "dev/sdk", "etc/fstab", "groups", "interfaces"] {
            fs::write(instance.path(empty), "")?;
        }
        Ok(instance)
    }

    fn path(&self, of: &str) -> PathBuf {
        self.folder.path().join(of)
    }

    fn command(&self, program: &Path) -> Command {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(path_with_java());
        let mut command = Command::new(program);
        command.env("PATH", path).env("INSTANCE", self.folder.path()).current_dir(project_root());
        for (name, port) in PORTS.iter().zip(self.ports) {
            command.env(name, port.to_string());
        }
        command
    }

    fn deploy(&self) -> Result<()> {
        ensure_success(&self.deployment().output()?)
    }

    fn deployment(&self) -> Command {
        let mut deploy = self.command(&project_root().join("broker/deploy.sh"));
        deploy.arg("Architecture=arm64").env("PRODUCER", built("producer"));
        deploy.env("BUCKET", "my-artifacts").env("VPC", "vpc-1").env("SUBNET", "subnet-1");
        deploy
    }

    fn undeploy(&self, variables: &[(&str, &str)]) -> Result<Output> {
        let mut undeploy = self.command(&project_root().join("broker/undeploy.sh"));
        Ok(undeploy.env_remove("YES").envs(variables.iter().copied()).stdin(Stdio::null()).output()?)
    }

    fn boot(&self) -> Result<Output> {
        let file = self.path("user-data");
        fs::write(&file, user_data(1)?)?;
        Ok(self.command(&self.path("bin/user-data")).arg(file).output()?)
    }

    fn calls(&self) -> Result<String> {
        Ok(fs::read_to_string(self.path("calls"))?)
    }

    fn forget_calls(&self) -> Result<()> {
        Ok(fs::write(self.path("calls"), "")?)
    }

    /// As if it had never been booted, and comes with its stack.
    fn forget_boot(&self) -> Result<()> {
        fs::write(self.path("StackIsComplete"), "false\n")?;
        fs::remove_file(self.path("etc/tickerlake/broker.env"))?;
        self.forget_calls()
    }

    /// Each in a line of its own, below the one before.
    fn calls_in_order(&self, wanted: &[&str]) -> Result<()> {
        let calls = self.calls()?;
        let mut lines = calls.lines();
        for call in wanted {
            ensure!(lines.any(|line| line.contains(call)), "no {call:?} where it should be in\n{calls}");
        }
        Ok(())
    }

    fn put_secret_calls(&self) -> Result<Vec<String>> {
        let calls = self.calls()?;
        Ok(calls.lines().filter(|call| call.contains("put-secret-value")).map(str::to_owned).collect())
    }

    /// What another run must leave as it is: the secrets, keys and passwords, where the volume is mounted.
    fn kept(&self) -> Result<Vec<String>> {
        let files = ["secrets/reader", "secrets/writer", "secrets/ca", "secrets/keyring"];
        let more = [
            "var/lib/kafka/security/ca.key",
            "var/lib/kafka/security/broker.crt",
            "var/lib/kafka/data/meta.properties",
            "etc/fstab",
        ];
        files.iter().chain(&more).map(|file| Ok(fs::read_to_string(self.path(file))?)).collect()
    }

    fn the_producer_publishes(&self) -> Result<()> {
        let installed = self.path("usr/local/bin/producer");
        assert_eq!(fs::metadata(installed)?.permissions().mode() & 0o777, 0o755);
        let deadline = Instant::now() + PUBLISH_LIMIT;
        loop {
            let asked = self
                .command(&self.path("opt/tickerlake/broker/as-kafka.sh"))
                .args(["administrate.sh", "get-offsets", "--topic", "stock-bars"])
                .output()?;
            ensure_success(&asked)?;
            let offsets = String::from_utf8(asked.stdout)?;
            assert_eq!(offsets.lines().count(), 3, "{offsets}");
            if offsets.lines().any(|line| !line.ends_with(":0")) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "nothing is published: {}",
                fs::read_to_string(self.path("producer.log"))?
            );
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        for service in ["producer", "kafka"] {
            if let Ok(pid) = fs::read_to_string(self.path("run").join(service)) {
                // It may have ended by itself.
                let _ = Command::new("kill").args(["-KILL", pid.trim_end()]).output();
            }
        }
    }
}

fn ensure_success(output: &Output) -> Result<()> {
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{printed}{errors}");
    Ok(())
}
