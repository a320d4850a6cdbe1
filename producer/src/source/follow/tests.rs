use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};

use super::followed::Done;
use super::growing::{Growing, Left, Unfinished, Until};
use super::*;
use crate::source::{NoPast, Place, Rows, Verdict, listing};

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

#[test]
fn what_is_written_into_a_file_that_was_done_with_is_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("A"))).unwrap();
    let follow = |named: &Path| open(&[named.to_owned()], &Choices::default(), Box::new(NoPast)).unwrap();
    let (mut by_folder, mut alone) = (follow(folder.path()), follow(&path("a.csv")));
    for rows in [&mut by_folder, &mut alone] {
        assert_eq!(next(rows, 2)[1], "A");
    }
    // By its folder it is read on under its new name, and alone as what the name was before.
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("B"))).unwrap();
    for rows in [&mut by_folder, &mut alone] {
        let told = next(rows, 3);
        assert!(told[0].ends_with("another file has its name now"), "{told:?}");
        assert_eq!(told[2], "B");
    }
    append(&path("a.csv.1"), &bar("C"));
    for rows in [&mut by_folder, &mut alone] {
        let told = next(rows, 2);
        assert!(told[0].ends_with("a.csv.1: written again, after it was done with, and read on"), "{told:?}");
        assert_eq!(told[1], "C");
    }
}

#[test]
fn what_overwrites_a_file_that_was_done_with_is_read_from_its_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("A"))).unwrap();
    let follow = |named: &Path| open(&[named.to_owned()], &Choices::default(), Box::new(NoPast)).unwrap();
    let (mut by_folder, mut alone) = (follow(folder.path()), follow(&path("a.csv")));
    for rows in [&mut by_folder, &mut alone] {
        assert_eq!(next(rows, 2)[1], "A");
    }
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("B"))).unwrap();
    for rows in [&mut by_folder, &mut alone] {
        assert_eq!(next(rows, 3)[2], "B");
    }
    for symbols in [["C", "D"], ["E", "F"]] {
        // Longer than before, and as long.
        fs::write(path("a.csv.1"), format!("{HEADER}{}{}", bar(symbols[0]), bar(symbols[1]))).unwrap();
        for rows in [&mut by_folder, &mut alone] {
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

/// Something of these files was sent, all of it with this symbol, if there was only one.
struct Sent {
    files: Vec<String>,
    symbol: Option<String>,
}

impl Sent {
    fn of(paths: &[&Path], symbol: Option<&str>) -> Sent {
        let file = |path: &&Path| Incarnation::of(path, &fs::metadata(path).unwrap()).unwrap().file().to_owned();
        Sent { files: paths.iter().map(file).collect(), symbol: symbol.map(ToOwned::to_owned) }
    }
}

impl Past for Sent {
    fn generation(&self, name: &str) -> Option<u32> {
        self.files.iter().any(|file| file == name).then_some(0)
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn is_to_begin_anew(&self) -> bool {
        false
    }

    /// What was sent as a file that is gone.
    fn holds(&self, rows: &dyn Fn() -> Result<Rows>) -> Result<Option<String>> {
        let gone = self.files.iter().find(|file| file.starts_with('#')).cloned();
        Ok(gone.filter(|_| rows().is_ok_and(|rows| rows.flatten().next().map(|first| first.key) == self.symbol)))
    }

    fn verdict(&self, _name: &str, rows: &dyn Fn() -> Result<Rows>) -> Result<Verdict> {
        let is_same = |key: String| self.symbol.as_ref().is_none_or(|symbol| *symbol == key);
        let first = rows()?.find_map(Result::ok);
        Ok(if first.is_some_and(|first| is_same(first.key)) { Verdict::Same } else { Verdict::Other(Place::default()) })
    }
}

/// The source of each record, with its symbol.
fn sources(rows: &mut Follow, count: usize) -> Vec<(String, String)> {
    let source = |record: crate::source::Record| (record.key, record.place.source.unwrap_or_default().to_string());
    rows.by_ref().filter_map(Result::ok).take(count).map(source).collect()
}

#[test]
fn formers_are_taken_in_the_order_that_their_names_say_whoever_touched_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (number, name) in ["a.csv", "a.csv.1", "a.csv.2"].into_iter().enumerate() {
        fs::write(path(name), format!("{HEADER}{}", bar(["C", "B", "A"][number]))).unwrap();
        let modified = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + number as u64);
        File::options().append(true).open(path(name)).unwrap().set_modified(modified).unwrap();
    }
    let past = Sent::of(&[&path("a.csv.2")], None);
    let mut rows = open(&[path("a.csv")], &Choices::default(), Box::new(past)).unwrap();
    assert_eq!(symbols(&mut rows, 3), ["A", "B", "C"]);
    let age = |name: &str| names::age(&path(name), &path("a.csv"));
    assert!(age("a.csv.10") < age("a.csv.9") && age("a-20240219.csv") < age("a-20240220.csv"));
    assert!(age("a.csv-2024-02-19") < age("a.csv-2024-03-01") && age("a.csv-19-02-2024").is_none());
}

#[test]
fn what_a_former_file_has_of_one_that_is_gone_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let sent = || Box::new(Sent { files: vec!["#AAAAAAAA".to_owned()], symbol: Some("A".to_owned()) });
    fs::write(path("a.csv.1"), format!("{HEADER}{}", bar("A"))).unwrap();
    // Nothing has the name now.
    let mut rows = open(&[folder.path().to_owned()], &Choices::default(), sent()).unwrap();
    assert_eq!(sources(&mut rows, 1), [("A".to_owned(), "#AAAAAAAA".to_owned())]);
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("B"))).unwrap();
    let mut rows = open(&[path("a.csv")], &Choices::default(), sent()).unwrap();
    let sources = sources(&mut rows, 2);
    assert_eq!((&*sources[0].1, &*sources[1].0), ("#AAAAAAAA", "B"));
}

#[test]
fn what_is_passed_over_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["a.csv", "a.csv.1", "a.csv.2"] {
        fs::write(path(name), format!("{HEADER}{}", bar("A"))).unwrap();
    }
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("C"))).unwrap();
    let past = Sent { files: vec!["of another".to_owned()], symbol: None };
    let mut rows = open(&[path("a.csv")], &Choices::default(), Box::new(past)).unwrap();
    let told = &next(&mut rows, 1)[0];
    let passed_over = format!("passed over: {}, {}: nothing", path("a.csv.2").display(), path("a.csv.1").display());
    assert!(told.contains(&passed_over), "{told}");
}

#[test]
fn what_a_name_was_before_is_nothing_of_its_own_where_no_file_has_the_name_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("a.csv.1"), format!("{HEADER}{}", bar("X"))).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("A"))).unwrap();
    let mut rows = open(&[folder.path().to_owned()], &Choices::default(), Box::new(NoPast)).unwrap();
    assert_eq!(symbols(&mut rows, 1), ["A"]);
    fs::rename(path("a.csv.1"), path("a.csv.2")).unwrap();
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    // It comes after what a.csv.2 would be taken for.
    fs::write(path("z.csv"), format!("{HEADER}{}", bar("Z"))).unwrap();
    assert_eq!(symbols(&mut rows, 1), ["Z"]);
}

#[test]
fn a_link_is_the_file_that_it_leads_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("sub")).unwrap();
    fs::write(path("sub/a.csv"), "").unwrap();
    std::os::unix::fs::symlink(path("sub/a.csv"), path("link.csv")).unwrap();
    let [file, link] = ["sub/a.csv", "link.csv"]
        .map(|name| Incarnation::of(&path(name), &fs::metadata(path(name)).unwrap()).unwrap().file().to_owned());
    assert_eq!(file, link);
}

#[test]
fn what_was_sent_as_a_file_that_is_read_once_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, format!("{HEADER}{}", bar("A"))).unwrap();
    let name = path.canonicalize().unwrap().to_str().unwrap().to_owned();
    for (symbol, is_same) in [("A", true), ("B", false)] {
        let past = Sent { files: vec![name.clone()], symbol: Some(symbol.to_owned()) };
        let mut rows = open(std::slice::from_ref(&path), &Choices::default(), Box::new(past)).unwrap();
        assert_eq!(sources(&mut rows, 1)[0].1 == name, is_same);
    }
}

#[test]
fn a_file_that_is_not_what_was_sent_of_it_is_begun_again_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, format!("{HEADER}{}", bar("A"))).unwrap();
    let mut rows =
        open(std::slice::from_ref(&path), &Choices::default(), Box::new(Sent::of(&[&path], Some("B")))).unwrap();
    let told = &next(&mut rows, 1)[0];
    assert!(told.ends_with("is not what was sent of this file before (the symbol counts, too): begun again"), "{told}");
}

/// A former file with more rows than are read ahead, and the one that has its name now.
fn much_is_left_of_a_former_one(folder: &Path) -> Follow {
    let [former, now] = ["a.csv.1", "a.csv"].map(|name| folder.join(name));
    let many: String = (0..5000).map(|number| bar(&format!("S{number}"))).collect();
    fs::write(&former, format!("{HEADER}{many}")).unwrap();
    fs::write(&now, format!("{HEADER}{}", bar("B"))).unwrap();
    open(std::slice::from_ref(&now), &Choices::default(), Box::new(Sent::of(&[&former], None))).unwrap()
}

/// The symbols of the rows that come, without what is told between them.
fn symbols(rows: &mut Follow, count: usize) -> Vec<String> {
    rows.by_ref().filter_map(Result::ok).take(count).map(|record| record.key).collect()
}

#[test]
fn a_file_that_turns_while_what_was_left_of_others_is_read_is_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut rows = much_is_left_of_a_former_one(folder.path());
    assert_eq!(symbols(&mut rows, 1), ["S0"]);
    fs::rename(path("a.csv.1"), path("a.csv.2")).unwrap();
    fs::rename(path("a.csv"), path("a.csv.1")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("C"))).unwrap();
    assert_eq!(symbols(&mut rows, 5001)[4999..], ["B", "C"]);
}

#[test]
fn a_file_that_is_cut_short_before_it_is_read_is_read_from_its_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut rows = much_is_left_of_a_former_one(folder.path());
    assert_eq!(symbols(&mut rows, 1), ["S0"]);
    fs::copy(path("a.csv"), path("a.csv.0")).unwrap();
    fs::write(path("a.csv"), format!("{HEADER}{}", bar("C"))).unwrap();
    assert_eq!(symbols(&mut rows, 5001)[4999..], ["B", "C"]);
}

#[test]
fn a_former_file_that_is_still_written_is_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let [former, now] = ["a.csv.1", "a.csv"].map(|name| folder.path().join(name));
    fs::write(&former, format!("{HEADER}{}", bar("A"))).unwrap();
    fs::write(&now, format!("{HEADER}{}", bar("C"))).unwrap();
    let mut rows = open(&[now], &Choices::default(), Box::new(Sent::of(&[&former], None))).unwrap();
    assert_eq!(symbols(&mut rows, 2), ["A", "C"]);
    append(&former, &bar("B"));
    assert_eq!(symbols(&mut rows, 1), ["B"]);
}

#[test]
fn a_symbol_from_a_name_is_that_of_the_name_before_it_was_turned() {
    let choices = Choices { symbol: Some(SymbolIs::FileName), ..Choices::default() };
    for name in ["ACME.csv.1", "ACME-20240219.csv"] {
        for has_next in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let turned = folder.path().join(name);
            fs::write(&turned, "Date,Open,High,Low,Close\n2024-02-19,1,1,1,1\n").unwrap();
            if has_next {
                fs::write(folder.path().join("ACME.csv"), "").unwrap();
            }
            let past = Sent::of(&[&turned], Some("ACME"));
            let source = past.files[0].clone();
            let mut rows = open(&[folder.path().to_owned()], &choices, Box::new(past)).unwrap();
            let record = rows.find_map(Result::ok).unwrap();
            assert_eq!((record.key.as_str(), record.place.source.as_deref()), ("ACME", Some(&*source)), "{name}");
        }
    }
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

/// What is read until nothing is there, and what is left then.
fn read_to_end(growing: &mut Growing, unfinished: &Unfinished) -> (String, String) {
    let mut text = String::new();
    growing.read_to_string(&mut text).unwrap();
    (text, String::from_utf8(unfinished.left().unfinished).unwrap())
}

#[test]
fn whole_lines_are_given_out_and_half_a_line_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    fs::write(&path, "one\r\ntwo\nthr").unwrap();
    let (caught_up, unfinished) = (CaughtUp::default(), Unfinished::default());
    let growing = |until: Until, file: &Path| {
        Growing::new(File::open(file).unwrap(), until, caught_up.clone(), unfinished.clone(), true)
    };
    assert_eq!(
        read_to_end(&mut growing(Until::Now, &path), &unfinished),
        ("one\r\ntwo\n".to_owned(), "thr".to_owned())
    );

    // It grows, and then it is cut short, even if it is longer soon after.
    for cut in ["3", "another\nand\nanother\nand\nanother\n"] {
        fs::write(&path, "one\ntwo\nthr").unwrap();
        let caught_up = CaughtUp::default();
        let mut reads = Growing::new(
            File::open(&path).unwrap(),
            Until::Turned(path.clone()),
            caught_up.clone(),
            unfinished.clone(),
            true,
        );
        let left = unfinished.clone();
        let reader = thread::spawn(move || read_to_end(&mut reads, &left));
        caught_up.wait();
        append(&path, "ee\n");
        thread::sleep(POLL * 3);
        fs::write(&path, cut).unwrap();
        assert_eq!(reader.join().unwrap(), ("one\ntwo\nthree\n".to_owned(), String::new()), "{cut}");
    }
}

#[test]
fn nothing_is_given_out_from_the_middle_of_what_a_file_was_filled_with_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bars.csv");
    let many = |line: &str| line.repeat(20_000);
    fs::write(&path, many("one\n")).unwrap();
    let unfinished = Unfinished::default();
    let mut reads = Growing::new(File::open(&path).unwrap(), Until::Now, CaughtUp::default(), unfinished.clone(), true);
    assert_eq!(reads.read(&mut [0; 100]).unwrap(), 4);
    fs::write(&path, many("another\n")).unwrap();
    let (text, _) = read_to_end(&mut reads, &unfinished);
    assert!(text.len() < 20_000 * 4 && text.replace("one\n", "").is_empty());
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

#[test]
fn the_name_before_it_was_turned() {
    for (name, before) in [
        ("ACME.csv.1", Some("ACME.csv")),
        ("ACME.csv-20240219", Some("ACME.csv")),
        ("ACME-2024-02-19.csv", Some("ACME.csv")),
        ("ACME.1.csv", Some("ACME.csv")),
        ("ACME-1", Some("ACME")),
        ("BRK-B.csv", None),
        ("7203.csv", None),
        ("ACME.csv", None),
        ("ACME", None),
    ] {
        let path = Path::new("/feeds").join(name);
        assert_eq!(name_before(&path), before.map(|before| Path::new("/feeds").join(before)), "{name}");
        assert!(before.is_none_or(|before| is_turned_name(&path, &Path::new("/feeds").join(before))), "{name}");
    }
}

#[test]
fn names_of_files_that_were_turned_are_told_from_others() {
    for (name, is_turned) in [
        ("bars.csv.1", true),
        ("bars.csv-20240219", true),
        ("bars.csv", false),
        ("bars-2024-02-19.csv", true),
        ("bars.csv.bak", false),
        ("bars.csv.A", false),
        ("barsx.csv", false),
        ("bars.csvx", false),
        ("other.csv.1", false),
        ("sub/bars.csv.1", false),
    ] {
        assert_eq!(is_turned_name(&Path::new("/feeds").join(name), Path::new("/feeds/bars.csv")), is_turned, "{name}");
    }
}
