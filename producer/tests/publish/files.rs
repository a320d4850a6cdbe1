//! What becomes of files: sent, skipped, kept, or refused before a topic is made.

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::time::Duration;

use rdkafka::consumer::Consumer;

use crate::kafka::{HEADER, Kafka, bars, csv_file, stderr, sums};

#[test]
fn a_bad_row_is_named_and_skipped_and_fatal_when_strict() {
    let kafka = Kafka::start();
    let (_directory, csv) = csv_file(&format!("{}HSI,yesterday,1,1,1,1,1,0,1\n", bars(2)));
    let output = kafka.run(&["--csv", &csv], "");
    assert_eq!(sums(&output), "read 3, skipped 1, sent 2, acknowledged 2, failed 0");
    assert!(output.status.success());
    assert!(stderr(&output).contains("line 4 skipped: Date is not a day"), "{}", stderr(&output));

    let output = kafka.run(&["--csv", &csv, "--strict"], "");
    assert_eq!(sums(&output), "read 3, skipped 1, sent 2, acknowledged 2, failed 0");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error: line 4: Date is not a day"), "{}", stderr(&output));
}

#[test]
fn a_run_that_sends_nothing_or_skips_more_than_it_sends_fails() {
    let kafka = Kafka::start();
    let bad = "HSI,yesterday,1,1,1,1,1,0,1\n";
    let (_directory, csv) = csv_file(&format!("{}{bad}{bad}{bad}", bars(2)));
    let output = kafka.run(&["--csv", &csv], "");
    assert_eq!(sums(&output), "read 5, skipped 3, sent 2, acknowledged 2, failed 0");
    assert_eq!(output.status.code(), Some(2));
    let told = "error: more rows were skipped (3) than sent (2); `producer inspect FILE` shows";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));

    let output = kafka.run(&["--stdin"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("error: nothing to send: there was no row"), "{}", stderr(&output));
}

#[test]
fn a_topic_is_not_made_for_a_file_of_which_nothing_can_be_sent() {
    let kafka = Kafka::start();
    let bad = format!("{HEADER}HSI,yesterday,1,1,1,1,1,0,1\n");
    for (text, order, told) in [
        ("Date,Open\n", "replay", "producer inspect"),
        (&bad, "replay", "producer inspect"),
        (&bad, "sample", "nothing to draw from"),
    ] {
        let (_directory, csv) = csv_file(text);
        let output = kafka.run(&["--csv", &csv, "--order", order, "--topic", "new", "--create-topic"], "");
        assert!(!output.status.success());
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
        let metadata = kafka.consumer.fetch_metadata(None, Duration::from_secs(5)).unwrap();
        assert!(metadata.topics().iter().all(|topic| topic.name() != "new"));
    }
}

#[test]
fn rows_that_are_skipped_are_kept_below_their_header_and_can_be_sent_once_mended() {
    let kafka = Kafka::start();
    let (directory, csv) = csv_file(&bars(3).replace("NYA,2021-06-01", "NYA,\"yester,day\""));
    let kept = directory.path().join("kept.csv").to_str().unwrap().to_owned();
    let output = kafka.run(&["--csv", &csv, "--skipped", &kept], "");
    assert_eq!(sums(&output), "read 3, skipped 1, sent 2, acknowledged 2, failed 0");
    let text = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(text, format!("{HEADER}NYA,\"yester,day\",1.5,1.5,1.5,1.5,1.5,0,1.5\n"));

    std::fs::write(&kept, text.replace("\"yester,day\"", "2021-06-01")).unwrap();
    let output = kafka.run(&["--csv", &kept], "");
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 1, failed 0");

    let output = kafka.run(&["--csv", &csv, "--skipped", &csv], "");
    assert!(stderr(&output).contains("is a file that is read"), "{}", stderr(&output));
    let nowhere = directory.path().join("no/such/folder/kept.csv");
    let output = kafka.run(&["--csv", &csv, "--skipped", nowhere.to_str().unwrap()], "");
    assert!(stderr(&output).contains("error: cannot write --skipped"), "{}", stderr(&output));
    assert_eq!(kafka.records(), 3);
}

#[test]
fn several_files_and_patterns_go_to_one_topic() {
    let kafka = Kafka::start();
    let directory = tempfile::tempdir().unwrap();
    for symbol in ["acme", "bolt"] {
        let text = "Date,Close/Last,Volume,Open,High,Low\n02/20/2024,$2.25,7,$1.75,$4.00,$1.25\n";
        std::fs::write(directory.path().join(format!("{symbol}.csv")), text).unwrap();
    }
    let pattern = directory.path().join("*.csv").to_str().unwrap().to_owned();
    let output = kafka.run(&["--csv", &pattern, "--symbol-from-file"], "");
    assert_eq!(sums(&output), "read 2, skipped 0, sent 2, acknowledged 2, failed 0", "{}", stderr(&output));
    // What is no file can be opened once.
    let (_directory, csv) = csv_file(&bars(1));
    let output = kafka.run(&["--csv", &csv, "/dev/stdin"], &bars(1));
    assert_eq!(sums(&output), "read 2, skipped 0, sent 2, acknowledged 2, failed 0", "{}", stderr(&output));
    let keys: BTreeSet<String> = kafka.read_all().into_iter().map(|(_, key, _)| key).collect();
    assert_eq!(keys, BTreeSet::from(["HSI".to_owned(), "acme".to_owned(), "bolt".to_owned()]));
}

#[test]
fn csv_and_json_in_json_strings_come_from_standard_input_too() {
    let kafka = Kafka::start();
    let output = kafka.run(&["--stdin", "--symbol", "ACME"], "date;open;high;low;close\n20.02.2024;1,5;2;1;1,5\n");
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 1, failed 0", "{}", stderr(&output));
    let output = kafka.run(&["--csv", "-"], &bars(1));
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 1, failed 0", "{}", stderr(&output));
    let output = kafka.run(&["--stdin"], "\"{\\\"Index\\\":\\\"ACME\\\",\\\"Close\\\":1.50}\"\n");
    assert!(stderr(&output).contains("line 1 is JSON in a JSON string"), "{}", stderr(&output));
    let values: Vec<String> = kafka.read_all().into_iter().map(|(_, _, value)| value).collect();
    assert!(values.contains(&"{\"Index\":\"ACME\",\"Close\":1.50}".to_owned()), "{values:?}");
    let bar = "{\"Index\":\"ACME\",\"Date\":\"2024-02-20\",\"Open\":1.5,\"High\":2.0,\"Low\":1.0,\"Close\":1.5}";
    assert!(values.contains(&bar.to_owned()), "{values:?}");
}

/// No broker is named, and none is needed.
fn inspect(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
    command.env_clear().arg("inspect").args(arguments).output().unwrap()
}

#[test]
fn inspecting_a_file_shows_what_it_is_taken_for_and_what_would_be_skipped() {
    let text = "ACME, daily\nDate,Close/Last,Volume,Open,High,Low,Note\n02/20/2024,$2.25,7,$1.75,$4.00,$1.25,\n\
                02/19/2024,$2.25,N/A,$1.75,$4.00,$1.25,split\n02/18/2024,$2.25,7,,$4.00,$1.25,\n\
                02/17/2024,$2.25,7,x,$4.00,$1.25,\n02/16/2024,$2.25,7,y,$4.00,$1.25,\nSource: the exchange\n";
    let (directory, csv) = csv_file(text);
    let output = inspect(&[&csv, "--symbol", "ACME"]);
    let folder = format!("{}/", directory.path().display());
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout).replace(&folder, ""));
    assert_eq!(stderr(&output), "error: more rows were skipped (3) than sent (2)\n");
    assert_eq!(output.status.code(), Some(2));

    let output = inspect(&[&csv]);
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout).replace(&folder, ""));
    assert!(stderr(&output).contains("/bars.csv: no column has the symbol"), "{}", stderr(&output));

    let (_directory, csv) = csv_file(&bars(2));
    assert!(inspect(&[&csv]).status.success());
}

/// No broker is named, and none is needed.
fn dry_run(csv: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
    command.env_clear().args(["--csv", csv, "--dry-run"]).args(more).output().unwrap()
}

#[test]
fn a_dry_run_says_what_would_be_sent_and_fails_if_nothing_would_be() {
    let bad = "HSI,1986-31-12,1,1,1,1,1,0,1\n";
    let (_directory, csv) = csv_file(&[HEADER, bad, &bars(5)[HEADER.len()..]].concat());
    let some = dry_run(&csv, &[]);
    assert_eq!(String::from_utf8_lossy(&some.stdout), "read 6, skipped 1, would send 5\n");
    assert!(some.status.success());
    let first = dry_run(&csv, &["--count", "1"]);
    assert_eq!(String::from_utf8_lossy(&first.stdout), "read 2, skipped 1, would send 1\n");

    let (_directory, csv) = csv_file(&[HEADER, bad].concat());
    let none = dry_run(&csv, &["--count", "1"]);
    assert_eq!(String::from_utf8_lossy(&none.stdout), "read 1, skipped 1, would send 0\n");
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(
        stderr(&none),
        format!(
            "{csv}: UTF-8; commas; header in line 1\nline 2 skipped: Date is not a day: \"1986-31-12\"\n\
             error: nothing to send: all rows were skipped (1); `producer inspect FILE` shows what a file is taken for, and \
             why rows are skipped\n"
        )
    );
}
