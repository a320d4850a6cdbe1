//! How many records a second does the producer publish, beside librdkafka's own `rdkafka_performance` with the same settings, on the same
//! broker, in the same run?
//!
//! That program sends one text over and over and reads nothing, so it is the bound that librdkafka sets; it is built here from the source
//! that the producer's librdkafka is made of. It has one key, so one partition, and its one text packs to nothing: so the two are compared
//! on rows of one symbol, without compression, where the same bytes go the same way. The figures of seven symbols, and with compression,
//! stand beside. Rounds alternate, and the medians are compared.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "what is measured")]

#[expect(dead_code, reason = "the test of the broker asks more of it")]
#[path = "../broker/secured.rs"]
mod secured;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use local::project_root;
use secured::SecuredBroker;

const ROUNDS: usize = 5;
const TOPIC: &str = "stock-bars";
/// What was asked for.
const LEAST_SHARE: f64 = 0.9;
const KEY: &str = "HSI";
const SYMBOLS: [&str; 7] = [KEY, "NYA", "IXIC", "N225", "N100", "GDAXI", "KS11"];
/// What the producer sets by itself.
const SETTINGS: [&str; 3] = ["enable.idempotence=true", "acks=all", "linger.ms=50"];

/// What one run has cost.
struct Run {
    records_per_second: f64,
    /// Seconds of CPU for a million records.
    cpu: f64,
}

fn main() -> Result<ExitCode> {
    let records: usize = env::var("RECORDS").map_or(Ok(500_000), |typed| typed.parse())?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, symbols: &[&str]| -> Result<PathBuf> {
        let path = folder.path().join(name);
        fs::write(&path, rows(records, symbols))?;
        Ok(path)
    };
    let (one, seven) = (file("one.csv", &[KEY])?, file("seven.csv", &SYMBOLS)?);
    let peer = peer(folder.path())?;
    let broker = SecuredBroker::start(&folder.path().join("broker"), TOPIC)?;
    let servers = broker.admin_servers();

    let producer = project_root().join("target/release/producer");
    let size = value_bytes(&producer, &one)?;
    println!("{records} records of {size} bytes, {ROUNDS} rounds, one broker on this machine");
    let programs = Programs { producer: &producer, peer: &peer, servers: &servers };
    for (name, csv, compression) in [("seven symbols, zstd", &seven, "zstd"), ("seven symbols", &seven, "none")] {
        compare(name, &programs, csv, compression, records, size)?;
    }
    let share = compare("one symbol", &programs, &one, "none", records, size)?;
    println!("asked for, with one symbol: {:.0} %", LEAST_SHARE * 100.0);
    Ok(if share >= LEAST_SHARE { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Programs<'a> {
    producer: &'a Path,
    peer: &'a Path,
    servers: &'a str,
}

/// Our share of their records a second.
fn compare(
    name: &str,
    programs: &Programs<'_>,
    csv: &Path,
    compression: &str,
    records: usize,
    size: usize,
) -> Result<f64> {
    let Programs { producer, peer, servers } = programs;
    let compression = format!("compression.type={compression}");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut own = Command::new("bash");
        own.args(timed(producer)).args(["--bootstrap-servers", servers, "--topic", TOPIC, "--csv"]).arg(csv);
        own.args(["-X", &compression]);
        ours.push(run(own, records, |printed| number_before(printed, " records/s"))?);
        let mut other = Command::new("bash");
        other.args(timed(peer)).args(["-P", "-t", TOPIC, "-b", servers, "-k", KEY, "-q", "-X", &compression]);
        other.args(["-s", &size.to_string(), "-c", &records.to_string()]);
        other.args(SETTINGS.iter().flat_map(|setting| ["-X", setting]));
        theirs.push(run(other, records, |printed| number_before(printed, " msgs/s"))?);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let share = ours.records_per_second / theirs.records_per_second;
    for (program, run) in [("producer --csv", &ours), ("rdkafka_performance", &theirs)] {
        println!("{program:<20} {:>9.0} records/s, {:>5.2} s of CPU for a million", run.records_per_second, run.cpu);
    }
    println!("{name}: {:.0} % of librdkafka's own", share * 100.0);
    Ok(share)
}

/// Rows as an exchange's file has them: no two alike, and prices that move a little.
fn rows(count: usize, symbols: &[&str]) -> String {
    let mut text = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD\n".to_owned();
    let mut seed = 15_u64;
    let mut price = 2_568.3_f64;
    for row in 0..count {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        price += f64::from(u16::try_from(seed >> 48).unwrap()) / 65_536.0 - 0.5;
        let symbol = symbols[row % symbols.len()];
        let day = row / symbols.len() % 28 + 1;
        let (high, low, volume) = (price + 1.25, price - 1.25, seed >> 40);
        writeln!(
            text,
            "{symbol},2021-06-{day:02},{price:.6},{high:.6},{low:.6},{price:.6},{price:.6},{volume},{:.8}",
            price * 0.13
        )
        .unwrap();
    }
    text
}

/// The mean of the values that the rows become.
fn value_bytes(producer: &Path, csv: &Path) -> Result<usize> {
    let head = csv.with_file_name("head.csv");
    let text = fs::read_to_string(csv)?;
    fs::write(&head, text.lines().take(4).collect::<Vec<_>>().join("\n"))?;
    let output = Command::new(producer).arg("inspect").arg(&head).output().context("cannot run the producer")?;
    let printed = String::from_utf8(output.stdout)?;
    let values: Vec<usize> = printed.lines().filter_map(|line| Some(line.trim_end().len() - line.find('{')?)).collect();
    ensure!(values.len() == 3, "no first bars in {printed}");
    Ok(values.iter().sum::<usize>() / 3)
}

/// librdkafka's program, of the librdkafka that the producer has.
fn peer(folder: &Path) -> Result<PathBuf> {
    let build = project_root().join("target/release/build");
    let newest = |name: &str| -> Result<PathBuf> {
        let entries = fs::read_dir(&build)?.flatten().map(|entry| entry.path().join("out"));
        let is_it = |path: &PathBuf| {
            path.is_dir()
                && path.parent().is_some_and(|folder| folder.file_name().unwrap().to_string_lossy().starts_with(name))
        };
        let made = |path: &PathBuf| fs::metadata(path).and_then(|out| out.modified()).ok();
        entries.filter(is_it).max_by_key(made).with_context(|| format!("{name} has not been built"))
    };
    let (kafka, zstd, openssl) = (newest("rdkafka-sys-")?, newest("zstd-sys-")?, newest("openssl-sys-")?);
    let openssl = openssl.join("openssl-build/install");
    let peer = folder.join("rdkafka_performance");
    let output = Command::new("cc")
        .args(["-O2", "-w", "-o"])
        .arg(&peer)
        .arg(format!("-I{}", kafka.join("src").display()))
        .arg(format!("-I{}", kafka.display()))
        .arg(kafka.join("examples/rdkafka_performance.c"))
        .arg(kafka.join("src/librdkafka.a"))
        .arg(format!("-L{}", zstd.display()))
        .args(["lib", "lib64"].map(|lib| format!("-L{}", openssl.join(lib).display())))
        .args(["-lzstd", "-lz", "-l:libssl.a", "-l:libcrypto.a", "-lm", "-lpthread", "-ldl", "-lrt"])
        .output()
        .context("cannot run cc")?;
    ensure!(
        output.status.success(),
        "rdkafka_performance cannot be built: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(peer)
}

/// `program` below a shell that says what it has cost.
fn timed(program: &Path) -> [String; 3] {
    let script = "TIMEFORMAT='cpu %U %S'; time \"$0\" \"$@\"".to_owned();
    ["-c".to_owned(), script, program.display().to_string()]
}

fn run(mut command: Command, records: usize, rate: impl Fn(&str) -> Option<f64>) -> Result<Run> {
    let output = command.output()?;
    let printed = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    ensure!(output.status.success(), "it failed: {printed}");
    let times = printed.lines().find_map(|line| line.strip_prefix("cpu ")).context("no times")?;
    let seconds: f64 = times.split(' ').filter_map(|time| time.parse::<f64>().ok()).sum();
    let records_per_second = rate(&printed).with_context(|| format!("no rate in {printed}"))?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    Ok(Run { records_per_second, cpu: seconds * 1e6 / records as f64 })
}

/// The last number that stands before these words.
fn number_before(text: &str, words: &str) -> Option<f64> {
    let (before, _) = text.rsplit_once(words)?;
    before.rsplit([' ', ',', '(']).next()?.parse().ok()
}

fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_by(|one, other| one.records_per_second.total_cmp(&other.records_per_second));
    runs.swap_remove(ROUNDS / 2)
}
