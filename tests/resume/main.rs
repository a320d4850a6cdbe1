//! `producer --resume` and `--follow` on a real broker: killed at any moment, started again, and each row is on the topic once.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod followed;
#[expect(dead_code, reason = "the test of the broker asks more of it")]
#[path = "../broker/secured.rs"]
mod secured;
mod topic;

use std::fmt::Write as _;
use std::fs;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use secured::SecuredBroker;

use topic::{Topic, stderr, sums};

const SYMBOLS: [&str; 7] = ["HSI", "NYA", "IXIC", "N225", "N100", "GDAXI", "KS11"];
const HEADER: &str = "Index,Date,Open,High,Low,Close,Volume\n";

/// One broker for all: starting takes seconds.
#[tokio::test]
async fn each_row_is_on_the_topic_once_whatever_ends_the_producer() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = SecuredBroker::start(&folder.path().join("broker"), "stock-bars")?;
    let files = folder.path();

    // Alone: the broker stands still meanwhile.
    who_has_lost_the_topic_sends_nothing_more(&broker, &Topic::make(&broker, "lost", 1).await?, files)?;
    who_stood_still_misleads_nobody(&Topic::make(&broker, "still", 2).await?, files)?;
    // Most of the time is waiting: those that follow files do so beside the others.
    let [grown, folder_of_feeds] =
        [Topic::make(&broker, "followed", 3).await?, Topic::make(&broker, "folder", 3).await?];
    let turning = [Topic::make(&broker, "turning-true", 2).await?, Topic::make(&broker, "turning-false", 2).await?];
    let beside = files.to_owned();
    let following = thread::spawn(move || -> Result<()> {
        followed::files_that_grow_and_turn_are_sent_once(&grown, &beside)?;
        followed::a_folder_is_followed_with_files_that_come_later(&folder_of_feeds, &beside)?;
        for (topic, is_pattern) in turning.iter().zip([true, false]) {
            followed::names_that_turn_over_and_over_are_sent_once(topic, &beside, is_pattern)?;
        }
        Ok(())
    });

    killed_at_any_moment_it_goes_on_where_it_stopped(&Topic::of_the_service(&broker)?, files)?;
    two_do_not_send_at_once(&Topic::make(&broker, "two", 2).await?, files)?;
    several_files_are_gone_on_with_in_any_order(&Topic::make(&broker, "several", 2).await?, files)?;
    another_file_of_the_same_name_is_refused(&Topic::make(&broker, "another", 1).await?, files)?;
    what_is_begun_anew_is_sent_once_more(&Topic::make(&broker, "anew", 3).await?, files)?;
    a_pattern_is_the_files_that_it_fits(&Topic::make(&broker, "pattern", 2).await?, files)?;
    nothing_is_sent_behind_what_did_not_arrive(&Topic::make(&broker, "large", 1).await?, files)?;
    headers_of_others_do_no_harm(&Topic::make(&broker, "hostile", 2).await?, files)?;
    more_partitions_change_nothing_for_what_is_being_sent(&Topic::make(&broker, "more", 2).await?, files).await?;
    a_simulation_goes_on(&Topic::make(&broker, "simulation", 3).await?)?;
    a_topic_without_its_records_is_refused(&Topic::make(&broker, "emptied", 2).await?, files).await?;
    a_topic_that_is_made_anew_ends_the_run(&Topic::make(&broker, "remade", 2).await?, files).await?;
    following.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// Rows that differ all.
fn rows(from: usize, count: usize) -> String {
    let mut text = String::new();
    for row in from..from + count {
        writeln!(text, "{},2024-02-19,{row}.5,{row}.5,{row}.5,{row}.5,{row}", SYMBOLS[row % SYMBOLS.len()]).unwrap();
    }
    text
}

fn file(files: &Path, name: &str, text: &str) -> Result<String> {
    let path = files.join(name);
    fs::write(&path, text)?;
    Ok(path.to_str().unwrap().to_owned())
}

/// With the login that the service has, and what it may do; a killed one is waited for.
fn killed_at_any_moment_it_goes_on_where_it_stopped(topic: &Topic, files: &Path) -> Result<()> {
    const ROWS: usize = 30_000;
    let csv = file(files, "bars.csv", &format!("{HEADER}{}", rows(0, ROWS)))?;
    let send = ["--csv", &csv, "--resume"];
    let mut random = ChaCha8Rng::seed_from_u64(15);
    let mut landed = 0;
    for kill in 0..5 {
        // Many small requests are under way at a time.
        let mut child = topic
            .producer(&send)
            .args(["--rate", "6000", "-X", "batch.num.messages=20", "-X", "linger.ms=1"])
            .spawn()?;
        let after = landed + random.random_range(500..4500);
        topic.wait_for(after, &mut child)?;
        child.kill()?;
        let output = child.wait_with_output()?;
        landed = topic.records()?;
        assert!(landed < i64::try_from(ROWS)?, "kill {kill} came too late: {}", stderr(&output));
    }
    let output = topic.producer(&send).output()?;
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(sums(&output).starts_with(&format!("read {ROWS}, skipped 0, on the topic before ")), "{}", sums(&output));
    topic.has_each_once(ROWS)?;

    let output = topic.producer(&send).output()?;
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        sums(&output),
        format!("read {ROWS}, skipped 0, on the topic before {ROWS}, sent 0, acknowledged 0, failed 0")
    );
    Ok(())
}

fn two_do_not_send_at_once(topic: &Topic, files: &Path) -> Result<()> {
    let csv = file(files, "two.csv", &format!("{HEADER}{}", rows(0, 2000)))?;
    // A busy machine may keep the first from its broker for a while.
    let send = ["--csv", &csv, "--resume", "-X", "session.timeout.ms=15000"];
    let mut first = topic.producer(&send).args(["--rate", "20"]).spawn()?;
    topic.wait_for(1, &mut first)?;
    let second = topic.producer(&send).output()?;
    assert_eq!(second.status.code(), Some(1));
    let told = format!("another producer with --resume sends to topic {}: producer-{}-", topic.name, first.id());
    assert!(stderr(&second).contains(&told), "{}", stderr(&second));
    topic::terminate(&first)?;
    assert!(first.wait()?.success());
    // The first took leave.
    let third = topic.producer(&send).output()?;
    assert!(third.status.success(), "{}", stderr(&third));
    assert!(!stderr(&third).contains("waiting up to"), "{}", stderr(&third));
    topic.has_each_once(2000)
}

/// All rows are read and wait for a broker that is silent: by the time that it answers, another may have sent them.
fn who_has_lost_the_topic_sends_nothing_more(broker: &SecuredBroker, topic: &Topic, files: &Path) -> Result<()> {
    let csv = file(files, "lost.csv", &format!("{HEADER}{}", rows(0, 100)))?;
    let send = ["--csv", &csv, "--resume", "-X", "session.timeout.ms=6000"];
    let mut first = topic.producer(&send).args(["--rate", "25", "-X", "linger.ms=1"]).spawn()?;
    topic.wait_for(1, &mut first)?;
    let server = broker.server.as_ref().unwrap();
    topic::signal(server, "STOP")?;
    let ended = topic::wait_for_end(&mut first);
    topic::signal(server, "CONT")?;
    assert_eq!(ended?, Some(1));
    let told = "the broker has not heard of this producer for a while";
    let said = stderr(&first.wait_with_output()?);
    assert!(said.contains(told), "{said}");
    let output = topic.producer(&send).output()?;
    assert!(output.status.success(), "{}", stderr(&output));
    topic.has_each_once(100)
}

/// It is stopped with rows on their way and in its queue, and wakes when another has sent them all.
fn who_stood_still_misleads_nobody(topic: &Topic, files: &Path) -> Result<()> {
    const ROWS: usize = 20_000;
    /// Of what a queue holds at most.
    const QUEUED: i64 = 5_000;
    let csv = file(files, "still.csv", &format!("{HEADER}{}", rows(0, ROWS)))?;
    let send = ["--csv", &csv, "--resume", "-X", "session.timeout.ms=6000"];
    let mut first = topic.producer(&send).args(["--rate", "500"]).spawn()?;
    topic.wait_for(500, &mut first)?;
    topic::signal(&first, "STOP")?;
    let second = topic.producer(&send).output();
    topic::signal(&first, "CONT")?;
    let second = second?;
    assert!(second.status.success(), "{}", stderr(&second));
    let first = first.wait_with_output()?;
    assert_eq!(first.status.code(), Some(1), "{}", stderr(&first));
    assert!(stderr(&first).contains("the broker has not heard of this producer for a while"), "{}", stderr(&first));
    let records = topic.records()?;
    let twice = records - i64::try_from(ROWS)?;
    assert!((0..=QUEUED).contains(&twice), "{twice} rows are there twice");
    let third = topic.producer(&send).output()?;
    let told = format!("read {ROWS}, skipped 0, on the topic before {ROWS}, sent 0,");
    assert!(sums(&third).starts_with(&told), "{}, {twice} of them twice: {}", sums(&third), stderr(&third));
    Ok(())
}

fn several_files_are_gone_on_with_in_any_order(topic: &Topic, files: &Path) -> Result<()> {
    let one = file(files, "one.csv", &format!("{HEADER}{}", rows(0, 3000)))?;
    let two = file(files, "two-of-them.csv", &format!("{HEADER}{}", rows(3000, 3000)))?;
    let run = |arguments: &[&str]| -> Result<String> {
        let output = topic.producer(arguments).output()?;
        assert!(output.status.success(), "{}", stderr(&output));
        Ok(sums(&output))
    };
    assert!(run(&["--csv", &one, "--resume", "--count", "1000"])?.starts_with("read 1000, skipped 0, sent 1000"));
    run(&["--csv", &two, "--resume", "--count", "2500"])?;
    // Somebody else's records between ours change nothing.
    topic.add_foreign(50)?;
    assert!(
        run(&["--csv", &one, "--resume"])?.starts_with("read 3000, skipped 0, on the topic before 1000, sent 2000")
    );
    let twice = topic.producer(&["--csv", &two, &one, &two, "--resume"]).output()?;
    assert!(stderr(&twice).contains("are the same: leave one of them out"), "{}", stderr(&twice));
    let both = run(&["--csv", &two, &one, "--resume"])?;
    assert!(both.starts_with("read 6000, skipped 0, on the topic before 5500, sent 500"), "{both}");
    topic.has_each_once(6000)
}

fn another_file_of_the_same_name_is_refused(topic: &Topic, files: &Path) -> Result<()> {
    let csv = file(files, "same-name.csv", &format!("{HEADER}{}", rows(0, 100)))?;
    assert!(topic.producer(&["--csv", &csv, "--resume"]).output()?.status.success());
    for other in [rows(1000, 200), rows(0, 50)] {
        file(files, "same-name.csv", &format!("{HEADER}{other}"))?;
        let refused = topic.producer(&["--csv", &csv, "--resume"]).output()?;
        assert_eq!(refused.status.code(), Some(1));
        let told = "is not what was sent as this line before: --resume goes on with the same rows only";
        assert!(stderr(&refused).contains(told), "{}", stderr(&refused));
    }
    assert_eq!(topic.records()?, 100);
    // It may grow.
    file(files, "same-name.csv", &format!("{HEADER}{}", rows(0, 150)))?;
    let grown = topic.producer(&["--csv", &csv, "--resume"]).output()?;
    assert!(sums(&grown).starts_with("read 150, skipped 0, on the topic before 100, sent 50"), "{}", stderr(&grown));
    topic.has_each_once(150)?;
    Ok(())
}

/// All of it once more, also when it is interrupted; and nothing of others.
fn what_is_begun_anew_is_sent_once_more(topic: &Topic, files: &Path) -> Result<()> {
    let one = file(files, "anew.csv", &format!("{HEADER}{}", rows(0, 600)))?;
    let other = file(files, "beside.csv", &format!("{HEADER}{}", rows(600, 600)))?;
    let run = |arguments: &[&str]| -> Result<String> {
        let output = topic.producer(arguments).output()?;
        assert!(output.status.success(), "{}", stderr(&output));
        Ok(sums(&output))
    };
    run(&["--csv", &one, "--resume"])?;
    run(&["--csv", &other, "--resume"])?;
    assert!(run(&["--csv", &one, "--resume=anew", "--count", "3"])?.starts_with("read 3, skipped 0, sent 3"));
    let rest = run(&["--csv", &one, "--resume"])?;
    assert!(rest.starts_with("read 600, skipped 0, on the topic before 3, sent 597"), "{rest}");
    let beside = run(&["--csv", &other, "--resume"])?;
    assert!(beside.starts_with("read 600, skipped 0, on the topic before 600, sent 0"), "{beside}");
    assert_eq!(topic.records()?, 1800);
    Ok(())
}

fn a_pattern_is_the_files_that_it_fits(topic: &Topic, files: &Path) -> Result<()> {
    let folder = files.join("pattern");
    fs::create_dir(&folder)?;
    let pattern = format!("{}/*.csv", folder.display());
    let run = |sent: &str| -> Result<()> {
        let output = topic.producer(&["--csv", &pattern, "--resume"]).output()?;
        assert!(sums(&output).starts_with(sent), "{} {}", sums(&output), stderr(&output));
        Ok(())
    };
    let monday = file(&folder, "monday.csv", &format!("{HEADER}{}", rows(0, 20)))?;
    run("read 20, skipped 0, sent 20")?;
    file(&folder, "tuesday.csv", &format!("{HEADER}{}", rows(20, 15)))?;
    run("read 35, skipped 0, on the topic before 20, sent 15")?;
    fs::remove_file(monday)?;
    file(&folder, "wednesday.csv", &format!("{HEADER}{}", rows(35, 5)))?;
    run("read 20, skipped 0, on the topic before 15, sent 5")?;
    topic.has_each_once(40)
}

/// A record that cannot be sent ends the run before another hides it.
fn nothing_is_sent_behind_what_did_not_arrive(topic: &Topic, files: &Path) -> Result<()> {
    let bar = |number: usize, note: &str| format!("{{\"Index\":\"HSI\",\"Volume\":{number},\"note\":\"{note}\"}}\n");
    let feed = file(files, "large.json", &[bar(0, ""), bar(1, &"x".repeat(5000)), bar(2, "")].concat())?;
    // What is before it lingers still when it is refused, and arrives all the same.
    let send = ["--follow", &feed, "--resume", "-X", "message.max.bytes=2000", "-X", "linger.ms=500"];
    for _ in 0..2 {
        let refused = topic.producer(&send).output()?;
        assert_eq!(refused.status.code(), Some(1));
        let told = "line 2: a record of HSI with ";
        assert!(stderr(&refused).contains(told), "{}", stderr(&refused));
        assert_eq!(topic.records()?, 1);
    }
    let mut child = topic.producer(&["--follow", &feed, "--resume"]).spawn()?;
    topic.wait_for(3, &mut child)?;
    topic::terminate(&child)?;
    assert!(child.wait()?.success());
    topic.has_each_once(3)
}

/// Anybody may write headers of any kind.
fn headers_of_others_do_no_harm(topic: &Topic, files: &Path) -> Result<()> {
    let csv = file(files, "hostile.csv", &format!("{HEADER}{}", rows(0, 50)))?;
    topic.add_headers(&["AAAAAAAA:1~AAAA/1000", "AAAAAAAA:1~AAAA/0", "\u{0}", ""])?;
    for before in [0, 50] {
        let output = topic.producer(&["--csv", &csv, "--resume"]).output()?;
        assert!(output.status.success(), "{before}: {}", stderr(&output));
    }
    topic.has_each_once(50)
}

async fn more_partitions_change_nothing_for_what_is_being_sent(topic: &Topic, files: &Path) -> Result<()> {
    let csv = file(files, "more.csv", &format!("{HEADER}{}", rows(0, 1000)))?;
    assert!(topic.producer(&["--csv", &csv, "--resume", "--count", "400"]).output()?.status.success());
    topic.widen(5).await?;
    let output = topic.producer(&["--csv", &csv, "--resume"]).output()?;
    assert!(
        sums(&output).starts_with("read 1000, skipped 0, on the topic before 400, sent 600"),
        "{}",
        stderr(&output)
    );
    // Another file is spread over all.
    let wide = file(files, "wide.csv", &format!("{HEADER}{}", rows(1000, 1000)))?;
    assert!(topic.producer(&["--csv", &wide, "--resume"]).output()?.status.success());
    let again = topic.producer(&["--csv", &csv, &wide, "--resume"]).output()?;
    assert!(sums(&again).starts_with("read 2000, skipped 0, on the topic before 2000, sent 0"), "{}", stderr(&again));
    topic.has_each_once(2000)
}

fn a_simulation_goes_on(topic: &Topic) -> Result<()> {
    let simulate = ["--simulate", "--seed", "7", "--resume", "--count"];
    let run = |count: &str| topic.producer(&simulate).arg(count).output();
    assert!(sums(&run("500")?).starts_with("read 500, skipped 0, sent 500"));
    let output = run("1200")?;
    assert!(
        sums(&output).starts_with("read 1200, skipped 0, on the topic before 500, sent 700"),
        "{}",
        stderr(&output)
    );
    assert_eq!(topic.records()?, 1200);
    let unseeded = topic.producer(&["--simulate", "--resume", "--count", "1"]).output()?;
    assert!(stderr(&unseeded).contains("--resume needs the --seed"), "{}", stderr(&unseeded));
    Ok(())
}

/// What is gone is not said to be there.
async fn a_topic_that_is_made_anew_ends_the_run(topic: &Topic, files: &Path) -> Result<()> {
    let csv = file(files, "remade.csv", &format!("{HEADER}{}", rows(0, 20_000)))?;
    let mut child = topic.producer(&["--csv", &csv, "--resume"]).args(["--rate", "400"]).spawn()?;
    topic.wait_for(400, &mut child)?;
    topic.remake().await?;
    assert_eq!(topic::wait_for_end(&mut child)?, Some(1));
    let said = stderr(&child.wait_with_output()?);
    assert!(said.contains("removed and made anew while this run sent to it"), "{said}");
    let anew = topic.producer(&["--csv", &csv, "--resume=anew"]).output()?;
    assert!(sums(&anew).starts_with("read 20000, skipped 0, sent 20000"), "{}", stderr(&anew));
    Ok(())
}

async fn a_topic_without_its_records_is_refused(topic: &Topic, files: &Path) -> Result<()> {
    let csv = file(files, "emptied.csv", &format!("{HEADER}{}", rows(0, 20)))?;
    assert!(topic.producer(&["--csv", &csv, "--resume"]).output()?.status.success());
    topic.delete_records().await?;
    let refused = topic.producer(&["--csv", &csv, "--resume"]).output()?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("does not say any more what --resume has sent there"), "{}", stderr(&refused));
    let anew = topic.producer(&["--csv", &csv, "--resume=anew"]).output()?;
    assert!(sums(&anew).starts_with("read 20, skipped 0, sent 20"), "{}", stderr(&anew));
    // A partition that had none since is known to have had none.
    topic.delete_records().await?;
    let hsi = file(files, "one-symbol.csv", &format!("{HEADER}HSI,2024-02-19,1,1,1,1,1\n"))?;
    assert!(topic.producer(&["--csv", &hsi, "--resume=anew"]).output()?.status.success());
    let again = topic.producer(&["--csv", &hsi, "--resume"]).output()?;
    assert!(sums(&again).starts_with("read 1, skipped 0, on the topic before 1, sent 0"), "{}", stderr(&again));
    Ok(())
}
