mod sent;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::mpsc::RecvTimeoutError;

use super::followed::Done;
use super::growing::{Growing, Left, Unfinished, Until};
use super::*;
use crate::source::{NoPast, Place, Rows, Verdict, listing};

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Nothing here takes so long on any machine.
const LIMIT: Duration = Duration::from_mins(2);
const HEADER: &str = "Index,Date,Open,High,Low,Close\n";

fn bar(symbol: &str) -> String {
    format!("{symbol},2024-02-19,1,1,1,1\n")
}

/// The rows that come. What does not come is not waited for without end.
fn coming(rows: &mut Follow) -> impl Iterator<Item = Row> {
    std::iter::from_fn(|| match rows.rows.recv_timeout(LIMIT) {
        Err(RecvTimeoutError::Timeout) => panic!("a row that is waited for does not come"),
        row => row.ok(),
    })
}

/// The symbols of the next rows, and what is told between them.
fn next(rows: &mut Follow, count: usize) -> Vec<String> {
    let text = listing(coming(rows).take(count));
    text.lines().map(|line| line.split_once(" {").map_or(line, |(symbol, _)| symbol).to_owned()).collect()
}

/// The symbols of the rows that come, without what is told between them.
fn symbols(rows: &mut Follow, count: usize) -> Vec<String> {
    coming(rows).filter_map(Result::ok).take(count).map(|record| record.key).collect()
}

#[test]
fn a_file_is_read_to_its_end_and_on_as_it_grows_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    let mut rows = open(std::slice::from_ref(&path), &Choices::default(), Box::new(NoPast)).unwrap();
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
    assert!(told[1].ends_with("another file has its name now"), "{told:?}");
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
    let mut rows = open(&[folder.path().to_owned()], &Choices::default(), Box::new(NoPast)).unwrap();
    let seen = next(&mut rows, 7);
    assert_eq!([&seen[1..3], &seen[4..6]].concat(), ["A", "B", "C", "D"]);
    assert!(seen[6].contains("a.csv.1: left out, as what"), "{seen:?}");
    fs::write(folder.path().join("e.json"), "{\"Index\":\"E\"}\n").unwrap();
    assert_eq!(next(&mut rows, 1), ["E"]);
}

/// A file that was read to its end, has turned into `a.csv.1`, and the one that has its name now: followed by the folder, and alone.
fn turned_and_followed(folder: &Path) -> [Follow; 2] {
    let path = |name: &str| folder.join(name);
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("A"))).unwrap();
    let mut follows =
        [folder.to_owned(), path("a.csv")].map(|named| open(&[named], &Choices::default(), Box::new(NoPast)).unwrap());
    for rows in &mut follows {
        assert_eq!(next(rows, 2)[1], "A");
    }
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("B"))).unwrap();
    for rows in &mut follows {
        let told = next(rows, 3);
        assert!(told[0].ends_with("another file has its name now"), "{told:?}");
        assert_eq!(told[2], "B");
    }
    follows
}

#[test]
fn what_is_written_into_a_file_that_was_done_with_is_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let follows = turned_and_followed(folder.path());
    append(&folder.path().join("a.csv.1"), &bar("C"));
    // By its folder it is read on under its new name, and alone as what the name was before.
    for mut rows in follows {
        let told = next(&mut rows, 2);
        assert!(told[0].ends_with("a.csv.1: written again, after it was done with, and read on"), "{told:?}");
        assert_eq!(told[1], "C");
    }
}

#[test]
fn what_overwrites_a_file_that_was_done_with_is_read_from_its_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let mut follows = turned_and_followed(folder.path());
    for symbols in [["C", "D"], ["E", "F"]] {
        // Longer than before, and as long.
        let text = format!("{HEADER}{}{}", bar(symbols[0]), bar(symbols[1]));
        fs::write(folder.path().join("a.csv.1"), text).unwrap();
        for rows in &mut follows {
            let seen: Vec<String> = next(rows, 4).into_iter().filter(|row| row.len() == 1).collect();
            assert_eq!(seen, symbols);
        }
    }
}

#[test]
fn another_text_in_the_same_file_is_another_source_also_where_no_time_of_making_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let text = format!("{HEADER}{}", bar("A"));
    let done = |then: &str| {
        fs::write(&path, &text).unwrap();
        let file = File::open(&path).unwrap();
        let (left, incarnation) =
            (Left::of(&file).unwrap(), Incarnation::of(&path, &file.metadata().unwrap()).unwrap());
        let far = Far { bytes: left.position, line: 2, records: 1 };
        let done = Done::new(&path, &incarnation, far, left, &file);
        fs::write(&path, then).unwrap();
        let is_changed = done.is_changed(&path, &fs::metadata(&path).unwrap());
        let again = Begun::again(done, &path, file);
        (is_changed, again.far == far && again.incarnation.name() == incarnation.name())
    };
    assert_eq!(done(&format!("{text}{}", bar("B"))), (true, true));
    assert_eq!(done(&format!("{HEADER}{}{}", bar("B"), bar("C"))), (true, false));
    assert_eq!(done(&format!("{HEADER}{}", bar("B"))), (true, false));
}

#[test]
fn copies_that_go_into_the_same_file_each_time_are_known_by_what_is_in_them() {
    for is_folder in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let named = if is_folder { folder.path().to_owned() } else { path("a.csv") };
        fs::write(path("a.csv"), HEADER).unwrap();
        let mut rows = open(&[named], &Choices::default(), Box::new(NoPast)).unwrap();
        let mut wanted = Vec::new();
        let mut seen = Vec::new();
        for round in 0..4 {
            let some = |letter: &str| (0..3).map(|number| format!("{letter}{round}{number}")).collect::<Vec<_>>();
            let (read, not_read) = (some("R"), some("N"));
            append(&path("a.csv"), &read.iter().map(|symbol| bar(symbol)).collect::<String>());
            wanted.extend(read);
            seen.extend(symbols(&mut rows, wanted.len() - seen.len()));
            append(&path("a.csv"), &not_read.iter().map(|symbol| bar(symbol)).collect::<String>());
            fs::write(path("a.csv.1"), fs::read(path("a.csv")).unwrap()).unwrap();
            fs::write(path("a.csv"), HEADER).unwrap();
            wanted.extend(not_read);
        }
        // A folder is gone through in the order of names: what a.csv.1 would be taken for comes before it.
        seen.extend(symbols(&mut rows, wanted.len() - seen.len()));
        if is_folder {
            fs::write(path("z.csv"), format!("{HEADER}{}", bar("Z"))).unwrap();
        } else {
            append(&path("a.csv"), &bar("Z"));
        }
        wanted.push("Z".to_owned());
        seen.extend(symbols(&mut rows, 1));
        assert_eq!(seen, wanted, "{is_folder}");
    }
}

#[test]
fn a_name_that_was_left_out_is_followed_when_it_is_another_file_or_cut_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let doubtful = format!("{HEADER}A,02/03/2024,1,1,1,1\n");
    fs::write(path("a.csv"), &doubtful).unwrap();
    let mut rows = open(&[folder.path().to_owned()], &Choices::default(), Box::new(NoPast)).unwrap();
    assert!(next(&mut rows, 1)[0].ends_with(": left out"));
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("B"))).unwrap();
    assert_eq!(next(&mut rows, 2)[1], "B");

    fs::write(path("c.csv"), format!("{doubtful}{doubtful}{doubtful}")).unwrap();
    assert!(next(&mut rows, 1)[0].ends_with(": left out"));
    fs::write(path("c.csv"), format!("{HEADER}{}", bar("C"))).unwrap();
    let told = next(&mut rows, 3);
    assert!(told[0].ends_with("c.csv: cut short, and begun again"), "{told:?}");
    assert_eq!(told[2], "C");
}

#[test]
fn what_was_not_read_of_a_file_that_is_cut_short_is_read_from_its_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // More than is read ahead.
    let many: String = (0..5000).map(|number| bar(&format!("S{number}"))).collect();
    fs::write(path("a.csv"), format!("{HEADER}{many}")).unwrap();
    let mut rows = open(&[path("a.csv")], &Choices::default(), Box::new(NoPast)).unwrap();
    assert_eq!(next(&mut rows, 2)[1], "S0");
    fs::copy(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("B"))).unwrap();
    let seen: Vec<String> = next(&mut rows, 5003).into_iter().filter(|row| !row.contains(' ')).collect();
    let wanted = (1..5000).map(|number| format!("S{number}")).chain(["B".to_owned()]);
    assert_eq!(seen, wanted.collect::<Vec<_>>());
}

#[test]
fn what_was_not_read_is_read_from_the_copy_also_where_the_file_is_longer_again_by_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let many = |letter: &str| (0..50_000).map(|number| bar(&format!("{letter}{number}"))).collect::<String>();
    fs::write(path("a.csv"), format!("{HEADER}{}", many("S"))).unwrap();
    let mut rows = open(&[path("a.csv")], &Choices::default(), Box::new(NoPast)).unwrap();
    assert_eq!(next(&mut rows, 2)[1], "S0");
    fs::copy(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}{}", bar("LONGER"), many("T"))).unwrap();
    let wanted = (1..50_000).map(|number| format!("S{number}")).chain(["LONGER".to_owned(), "T0".to_owned()]);
    assert_eq!(symbols(&mut rows, 50_001), wanted.collect::<Vec<_>>());
}

#[test]
fn of_files_that_turn_quickly_none_is_lost_though_the_first_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("A"))).unwrap();
    let mut rows = open(&[path("a.csv")], &Choices::default(), Box::new(NoPast)).unwrap();
    assert_eq!(next(&mut rows, 2)[1], "A");
    // One is kept.
    for symbol in ["B", "C"] {
        fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
        fs::write(path("a.csv"), format!("{HEADER}{}", bar(symbol))).unwrap();
    }
    let told = next(&mut rows, 6);
    assert!(told[1].ends_with("a.csv.1"), "{told:?}");
    assert_eq!([&told[3], &told[5]], ["B", "C"], "{told:?}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error_at_once() {
    let error = open(&["no/such/folder/bars.csv".into()], &Choices::default(), Box::new(NoPast)).err().unwrap();
    assert!(error.to_string().ends_with("there is no folder no/such/folder"), "{error}");
}

#[test]
fn a_header_without_rows_is_told_and_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    fs::write(&path, HEADER).unwrap();
    let reads = Growing::new(File::open(&path).unwrap(), Until::Now, CaughtUp::default(), Unfinished::default(), true);
    let rows = crate::source::feed::begin(reads, &Choices::default(), "bars.csv", None, true).unwrap();
    assert!(listing(rows).ends_with("told: bars.csv: a header and no rows\n"));
}

#[test]
fn the_sources_of_a_name_are_also_what_it_was_before() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.csv", "a.csv.1", "b.csv"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    assert_eq!(names(&[folder.path().join("a.csv")]).len(), 2);
}
