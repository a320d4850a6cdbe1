//! Files that are followed, over restarts.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Child;

use anyhow::Result;

use crate::topic::{Topic, terminate};
use crate::{HEADER, file, rows};

fn append(path: &str, text: &str) -> Result<()> {
    Ok(OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes())?)
}

fn end(mut child: Child) -> Result<()> {
    terminate(&child)?;
    assert!(child.wait()?.success());
    Ok(())
}

/// Every way in which a file turns, while it is read and while nobody reads it.
pub(crate) fn files_that_grow_and_turn_are_sent_once(topic: &Topic, files: &Path) -> Result<()> {
    let feed = file(files, "feed.csv", HEADER)?;
    let turned = |number: u32| format!("{feed}.{number}");
    let follow = || topic.producer(&["--follow", &feed, "--resume"]).spawn();

    // Half a row is no row.
    let mut child = follow()?;
    append(&feed, &rows(0, 10))?;
    topic.wait_for(10, &mut child)?;
    append(&feed, rows(10, 1).split_at(6).0)?;
    append(&feed, &format!("{}{}", rows(10, 1).split_at(6).1, rows(11, 9)))?;
    topic.wait_for(20, &mut child)?;

    // It turns while it is read.
    fs::rename(&feed, turned(1))?;
    append(&turned(1), &rows(20, 5))?;
    file(files, "feed.csv", &format!("{HEADER}{}", rows(25, 5)))?;
    topic.wait_for(30, &mut child)?;
    child.kill()?;
    child.wait()?;

    // It turns twice while nobody reads it, each time with rows that were not sent.
    append(&feed, &rows(30, 5))?;
    fs::rename(turned(1), turned(3))?;
    fs::rename(&feed, turned(2))?;
    file(files, "feed.csv", &format!("{HEADER}{}", rows(35, 5)))?;
    fs::rename(&feed, turned(1))?;
    file(files, "feed.csv", &format!("{HEADER}{}", rows(40, 5)))?;
    let mut child = follow()?;
    topic.wait_for(45, &mut child)?;
    end(child)?;

    // A copy of it beside it is nothing of its own.
    fs::copy(&feed, format!("{feed}.bak"))?;

    // A copy of it is kept, and it is cut short.
    append(&feed, &rows(45, 5))?;
    fs::copy(&feed, turned(0))?;
    fs::write(&feed, format!("{HEADER}{}", rows(50, 2)))?;
    let mut child = follow()?;
    topic.wait_for(52, &mut child)?;
    fs::write(&feed, HEADER)?;
    append(&feed, &rows(52, 1))?;
    topic.wait_for(53, &mut child)?;
    append(&feed, &rows(53, 7))?;
    topic.wait_for(60, &mut child)?;
    end(child)?;

    let mut child = follow()?;
    append(&feed, &rows(60, 1))?;
    topic.wait_for(61, &mut child)?;
    end(child)?;
    topic.has_each_once(61)
}

pub(crate) fn a_folder_is_followed_with_files_that_come_later(topic: &Topic, files: &Path) -> Result<()> {
    let folder = files.join("feeds");
    fs::create_dir(&folder)?;
    let [one, two] = [("one.csv", 0), ("two.csv", 10)]
        .map(|(name, from)| file(&folder, name, &format!("{HEADER}{}", rows(from, 10))));
    let (one, two) = (one?, two?);
    // What is no feed is left out, and stops nothing.
    file(&folder, "README.txt", "These are feeds.\nOf bars.\n")?;
    file(&folder, ".hidden.csv", &format!("{HEADER}{}", rows(900, 5)))?;
    let follow = || topic.producer(&["--follow", folder.to_str().unwrap(), "--resume"]).spawn();
    let mut child = follow()?;
    topic.wait_for(20, &mut child)?;
    append(&two, &rows(20, 5))?;
    append(&one, &rows(25, 5))?;
    topic.wait_for(30, &mut child)?;
    let json = r#"{"Index":"HSI","Date":"2024-02-19","Open":1,"High":1,"Low":1,"Close":1,"Volume":30}"#;
    let three = file(&folder, "three.json", &format!("{json}\n"))?;
    topic.wait_for(31, &mut child)?;
    child.kill()?;
    child.wait()?;
    append(&one, &rows(31, 3))?;
    append(&two, &rows(34, 3))?;
    append(&three, &format!("{}\n", json.replace(":30}", ":37}")))?;
    file(&folder, "four.csv", &format!("{HEADER}{}", rows(38, 2)))?;
    // It is the same under another name, while nobody reads it and while somebody does.
    fs::rename(&one, folder.join("one-20240219.csv"))?;
    let mut child = follow()?;
    topic.wait_for(40, &mut child)?;
    fs::rename(&two, folder.join("two-20240219.csv"))?;
    append(folder.join("two-20240219.csv").to_str().unwrap(), &rows(40, 1))?;
    file(&folder, "two.csv", &format!("{HEADER}{}", rows(41, 1)))?;
    topic.wait_for(42, &mut child)?;
    end(child)?;

    // Two files at once, several records in a line.
    let bars = |from: usize| {
        let bar = |number: usize| json.replace(":30}", &format!(":{number}}}"));
        let lines = [bar(from), bar(from + 1), bar(from + 2)].join("\n");
        serde_json::Value::String(lines).to_string() + "\n"
    };
    let four = file(&folder, "five.json", "")?;
    let mut child = follow()?;
    for round in 0..20 {
        append(&three, &bars(42 + round * 6))?;
        append(&four, &bars(45 + round * 6))?;
    }
    topic.wait_for(162, &mut child)?;
    child.kill()?;
    child.wait()?;
    let mut child = follow()?;
    append(&four, &format!("{}\n", json.replace(":30}", ":162}")))?;
    topic.wait_for(163, &mut child)?;
    end(child)?;
    topic.has_each_once(163)
}

/// By a pattern, which the turned names do not fit, and by the folder, which has them.
pub(crate) fn names_that_turn_over_and_over_are_sent_once(topic: &Topic, files: &Path, is_pattern: bool) -> Result<()> {
    let folder = files.join(format!("turning-{is_pattern}"));
    fs::create_dir(&folder)?;
    let named = if is_pattern { folder.join("*.csv") } else { folder.clone() };
    let follow = || topic.producer(&["--follow", named.to_str().unwrap(), "--resume"]).spawn();
    let path = |name: &str| folder.join(name);
    let feed = file(&folder, "a.csv", &format!("{HEADER}{}", rows(0, 5)))?;
    let mut child = follow()?;
    topic.wait_for(5, &mut child)?;
    end(child)?;

    // While nobody reads it.
    append(&feed, &rows(5, 5))?;
    fs::rename(&feed, path("a.csv.1"))?;
    file(&folder, "a.csv", &format!("{HEADER}{}", rows(10, 5)))?;
    let mut child = follow()?;
    topic.wait_for(15, &mut child)?;

    // While somebody does, all in a row.
    append(&feed, &rows(15, 2))?;
    topic.wait_for(17, &mut child)?;
    fs::rename(path("a.csv.1"), path("a.csv.2"))?;
    fs::rename(&feed, path("a.csv.1"))?;
    file(&folder, "a.csv", &format!("{HEADER}{}", rows(17, 2)))?;
    topic.wait_for(19, &mut child)?;

    // The number of a file that is gone is used again.
    fs::remove_file(path("a.csv.2"))?;
    file(&folder, "b.csv", &format!("{HEADER}{}", rows(19, 2)))?;
    topic.wait_for(21, &mut child)?;
    end(child)?;
    let mut child = follow()?;
    append(&feed, &rows(21, 1))?;
    topic.wait_for(22, &mut child)?;
    end(child)?;
    topic.has_each_once(22)
}
