use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};

use super::*;
use crate::source::{all_new, listing};

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

const HEADER: &str = "Index,Date,Open,High,Low,Close\n";

fn bar(symbol: &str) -> String {
    format!("{symbol},2024-02-19,1,1,1,1\n")
}

/// The symbols of the next rows, and what is told between them.
fn next(rows: &mut Follow, count: usize) -> Vec<String> {
    let text = listing(rows.by_ref().take(count));
    text.lines().map(|line| line.split_once(" {").map_or(line, |(symbol, _)| symbol).to_owned()).collect()
}

#[test]
fn a_file_is_read_to_its_end_and_on_as_it_grows_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    let mut rows = open(std::slice::from_ref(&path), &Choices::default(), all_new()).unwrap();
    fs::write(&path, format!("{HEADER}{}", bar("A"))).unwrap();
    assert_eq!(next(&mut rows, 2)[1], "A");
    append(&path, &bar("B")[..5]);
    append(&path, &bar("B")[5..]);
    append(&path, &bar("C"));
    assert_eq!(next(&mut rows, 2), ["B", "C"]);
    // Another file takes its name.
    fs::rename(&path, folder.path().join("bars.csv.1")).unwrap();
    append(&folder.path().join("bars.csv.1"), &bar("D"));
    fs::write(&path, format!("{HEADER}{}", bar("E"))).unwrap();
    let told = next(&mut rows, 4);
    assert_eq!((told[0].as_str(), told[3].as_str()), ("D", "E"));
    assert!(told[1].ends_with("read from its first line"), "{told:?}");
}

#[test]
fn files_that_are_there_are_read_one_after_the_other_and_what_is_no_feed_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for (name, symbols) in [
        ("b.csv", ["C", "D"]),
        ("a.csv", ["A", "B"]),
        ("a.csv.1", ["X", "X"]),
        ("c.csv.gz", ["X", "X"]),
        (".d", ["X", "X"]),
    ] {
        fs::write(folder.path().join(name), format!("{HEADER}{}{}", bar(symbols[0]), bar(symbols[1]))).unwrap();
    }
    let mut rows = open(&[folder.path().to_owned()], &Choices::default(), all_new()).unwrap();
    let seen = next(&mut rows, 6);
    assert_eq!([&seen[1..3], &seen[4..]].concat(), ["A", "B", "C", "D"]);
    fs::write(folder.path().join("e.json"), "{\"Index\":\"E\"}\n").unwrap();
    assert_eq!(next(&mut rows, 1), ["E"]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_at_once() {
    let error = open(&["no/such/folder/bars.csv".into()], &Choices::default(), all_new()).err().unwrap();
    assert!(error.to_string().ends_with("there is no folder no/such/folder"), "{error}");
}

#[test]
fn a_file_that_has_grown_is_no_end_and_one_that_was_cut_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    fs::write(&path, "one").unwrap();
    let caught_up = CaughtUp::default();
    let mut growing = Growing::new(File::open(&path).unwrap(), path.clone(), caught_up.clone());
    let mut buffer = [0; 10];
    assert_eq!(growing.read(&mut buffer).unwrap(), 3);
    let reader = thread::spawn(move || (growing.read(&mut [0; 10]).unwrap(), growing));
    caught_up.wait();
    append(&path, "two");
    let (read, mut growing) = reader.join().unwrap();
    assert_eq!(read, 3);
    fs::write(&path, "3").unwrap();
    assert_eq!(growing.read(&mut buffer).unwrap(), 0);
}

#[test]
fn names_of_files_that_were_turned_are_told_from_others() {
    for (name, is_turned) in [
        ("bars.csv.1", true),
        ("bars.csv-20240219", true),
        ("bars.csv", false),
        ("bars.csvx", false),
        ("other.csv.1", false),
        ("sub/bars.csv.1", false),
    ] {
        assert_eq!(
            incarnation::is_turned_name(&Path::new("/feeds").join(name), Path::new("/feeds/bars.csv")),
            is_turned,
            "{name}"
        );
    }
}
