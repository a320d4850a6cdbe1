//! Every file in events/ against `cargo lambda watch`, as docs/getting-started.md says to try them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use local::project_root;
use serde_json::Value;
use tests::start_stack;

/// Enough to compile the functions where nothing is compiled yet.
const START_LIMIT: Duration = Duration::from_mins(5);

/// Of an `ingest` event: records, landed, rejected, objects.
const INGEST: [(&str, [u64; 4]); 14] = [
    ("ingest-two-partitions", [4, 4, 0, 2]),
    ("ingest-array-value", [2, 2, 0, 1]),
    ("ingest-unusual-records", [4, 4, 0, 1]),
    ("ingest-market-prices", [3, 3, 0, 1]),
    ("ingest-poison-tombstone", [2, 1, 1, 2]),
    ("ingest-poison-invalid-base64", [2, 1, 1, 2]),
    ("ingest-poison-not-json", [3, 1, 2, 2]),
    ("ingest-poison-not-a-bar", [3, 1, 2, 2]),
    ("ingest-poison-missing-field", [3, 1, 2, 2]),
    ("ingest-poison-invalid-field", [4, 1, 3, 2]),
    ("ingest-poison-invalid-date", [3, 1, 2, 2]),
    ("ingest-poison-too-large", [2, 1, 1, 2]),
    ("ingest-poison-malformed-record", [3, 1, 2, 2]),
    ("ingest-made-anew", [4, 4, 0, 2]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_sample_event_does_what_it_says() -> Result<()> {
    let stack = start_stack("sample_events").await?;
    let watch = Watch::start(stack.write_environment_file()?, stack.folder().log("cargo-lambda-watch"))?;

    let mut tried = BTreeSet::new();
    for (name, [records, landed, rejected, objects]) in INGEST {
        let answer = watch.invoke("ingest", name)?;
        let found =
            ["records", "landed", "rejected", "objects"].map(|field| answer[field].as_u64().unwrap_or(u64::MAX));
        assert_eq!(found, [records, landed, rejected, objects], "{name}: {answer}");
        tried.insert(name.to_owned());
    }
    for (name, [records, ..]) in [INGEST[0], INGEST[12], INGEST[13]] {
        let again = watch.invoke("ingest", name)?;
        assert_eq!(
            (&again["landed"], &again["rejected"], &again["skipped"]),
            (&0.into(), &0.into(), &records.into()),
            "{again}"
        );
    }
    for (function, name, field) in [
        ("ingest", "ingest-schedule", "partitions"),
        ("crawl", "crawl-schedule", "status"),
        ("compact", "compact-schedule", "through"),
        ("compact", "compact-before", "through"),
        ("report", "report-schedule", "reports"),
        ("report", "report-market-summary", "reports"),
        ("report", "report-ingest-health", "reports"),
        ("report", "report-integrity", "reports"),
    ] {
        let answer = watch.invoke(function, name)?;
        assert!(!answer[field].is_null(), "{name}: {answer}");
        tried.insert(name.to_owned());
    }
    assert_eq!(tried, every_file()?, "a file in events/ is not tried here");

    // What they wrote is in the lake: each poison event has a good bar beside the poison.
    let reasons = stack.athena_query("SELECT reason, count(*) FROM rejects GROUP BY reason ORDER BY reason").await?;
    let reasons: Vec<_> =
        reasons.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "invalid_base64 1",
        "invalid_date 2",
        "invalid_field 3",
        "malformed_record 2",
        "missing_field 2",
        "not_a_bar 2",
        "not_json 2",
        "tombstone 1",
        "too_large 1",
    ];
    assert_eq!(reasons, expected);
    assert_eq!(tests::number(&stack, "SELECT count(*) FROM bars").await?, 4 + 4 + 3 + 4 + 3 + 9);
    assert_eq!(tests::number(&stack, "SELECT count(*) FROM bars WHERE kafka_life = 2").await?, 4);

    drop(watch);
    stack.stop().await
}

fn every_file() -> Result<BTreeSet<String>> {
    fs::read_dir(project_root().join("events"))?
        .map(|entry| Ok(entry?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()))
        .collect()
}

/// A running `cargo lambda watch`.
struct Watch {
    child: Child,
    port: String,
    log: PathBuf,
}

impl Watch {
    fn start(environment: PathBuf, log: PathBuf) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let output = fs::File::create(&log)?;
        let child = cargo_lambda("watch", &port)
            .args(["--ignore-changes", "--env-file"])
            .arg(environment)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .context("cannot run cargo lambda: `make test` installs it")?;
        let mut watch = Self { child, port, log };
        watch.wait_until_listening()?;
        Ok(watch)
    }

    fn wait_until_listening(&mut self) -> Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(format!("127.0.0.1:{}", self.port)).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("cargo lambda watch ended with {status}: see {}", self.log.display());
            }
            ensure!(Instant::now() < deadline, "cargo lambda watch does not listen: see {}", self.log.display());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn invoke(&self, function: &str, event: &str) -> Result<Value> {
        let output = cargo_lambda("invoke", &self.port)
            .arg(function)
            .arg("--data-file")
            .arg(project_root().join("events").join(event).with_extension("json"))
            .output()?;
        let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{function} {event}: {errors}\nsee {}", self.log.display());
        serde_json::from_str(&printed).with_context(|| format!("{function} {event} answered {printed}"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.child.wait();
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    }
}

fn cargo_lambda(subcommand: &str, port: &str) -> Command {
    let tools = project_root().join("target/tools/venv/bin");
    let mut path = OsString::from(tools);
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new("cargo");
    command.current_dir(project_root()).env("PATH", path).args([
        "lambda",
        subcommand,
        "--invoke-address",
        "127.0.0.1",
        "--invoke-port",
        port,
    ]);
    command
}
